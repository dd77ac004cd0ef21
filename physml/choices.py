"""What is chosen by name: front functions of plain options, and a frozen dataclass made of each.

A kind of thing is a class; a front function adds one of it by name::

    class OptimizerSettings(Choice, kind="optimizer"):
        def build(self) -> Optimizer:
            return self.construct()

    @OptimizerSettings.offer("adam")
    def _adam(*, learning_rate: float = 1e-3) -> Optimizer:
        ...  # its docstring tells each option under Args

Then ``OptimizerSettings(name="adam", learning_rate=1e-2)`` is plain data, with the types, defaults
and words of that function: a command line shows it, a file stores it, ``build()`` calls it. What
``build`` is given comes first in the front function; its options are keyword-only.

A file that was written before there was an option lacks it: its default is what was done then.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import Field, asdict, field, make_dataclass
from difflib import get_close_matches
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar, get_type_hints

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, UnknownNameError
from physml.plain_types import PLAIN, fits, parts

Front = TypeVar("Front", bound=Callable[..., Any])


class Choice:
    """One of a kind of things: its name, and options of its own. A kind derives from it.

    Attributes:
        name: which.

    Raises:
        UnknownNameError: for a name, or a word of an option, that is not offered.
        ConfigurationError: for an option that what is named does not have, or of another type.
    """

    name: str
    _kind: ClassVar[str]
    _usual: ClassVar[str | None]
    _kept: ClassVar[tuple[str, ...]]
    _formerly: ClassVar[Mapping[str, tuple[str, ...]]]
    _offered: ClassVar[dict[str, Any]]
    # Of the dataclass of one name alone: that name, its options with their types, what it calls.
    _own: ClassVar[str | None] = None
    _types: ClassVar[dict[str, Any]] = {}
    _front: ClassVar[Callable[..., Any]]
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    if TYPE_CHECKING:

        def __getattr__(self, option: str) -> Any: ...

    def __init_subclass__(
        cls,
        *,
        kind: str | None = None,
        usual: str | None = None,
        kept: tuple[str, ...] = (),
        formerly: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """A kind, unless it is the dataclass of one name.

        Args:
            kind: its word, in errors and on the command line.
            usual: the name where none is given; None if one must be.
            kept: options that stay where another name is chosen.
            formerly: options that once stood beside the choice, and those that they are now, of
                which a name has one at most.
        """
        if kind is not None:
            cls._kind, cls._usual, cls._kept, cls._offered = kind, usual, kept, {}
            cls._formerly = formerly or {}

    def __new__(cls, *, name: str | None = None, **options: Any) -> Self:
        """The dataclass of this name, which its own ``__init__`` fills."""
        if cls._own is not None:
            return object.__new__(cls)
        name = cls._usual if name is None else name
        if name is None:
            raise ConfigurationError(f"{cls._kind}.name: expected {', '.join(cls._offered)}")
        made = cls.named(name)
        for option in options:
            made.check_option(option)
        return object.__new__(made)

    def __post_init__(self) -> None:
        """Check types, so that what is stored is read back as it was."""
        if self.name != self._own:
            raise ConfigurationError(
                f"{self._kind}.name: expected {self._own}, whose options these are, got "
                f"{self.name}; see renamed()"
            )
        for option, kind in self._types.items():
            value, where = getattr(self, option), f"{self._kind}.{option}"
            words = [word for word in parts(kind) if isinstance(word, str)]
            if isinstance(value, str) and words and value not in words:
                raise UnknownNameError(where, value, words)
            number = isinstance(value, Real) and not isinstance(value, bool)
            if number and int in parts(kind) and float not in parts(kind):
                value = as_whole(where, value)
                object.__setattr__(self, option, value)
            if not fits(value, kind):
                expected = " or ".join(words) or getattr(kind, "__name__", str(kind))
                raise ConfigurationError(f"{where}: expected {expected}, got {value!r}")
            if type(value) is int and float in parts(kind):
                try:
                    object.__setattr__(self, option, float(value))
                except OverflowError:
                    raise ConfigurationError(
                        f"{where}: expected a number of at most 308 digits, got a longer one"
                    ) from None

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle: its kind, name and options, since many dataclasses have the kind's name."""
        options = {option: getattr(self, option) for option in ("name", *self._types)}
        return _again, (type(self).__mro__[1], options)

    @classmethod
    def offer(cls, name: str) -> Callable[[Front], Front]:
        """Offer what a front function builds, under a name; once more, it replaces itself.

        Args:
            name: as on the command line.

        Returns:
            A decorator, which returns the function as it is.

        Raises:
            ConfigurationError: for a name that another function has.
            TypeError: for an option that is not plain, or has no default or no words.
        """

        def decorate(front: Front) -> Front:
            if name in cls._offered and _place(cls._offered[name]._front) != _place(front):
                raise ConfigurationError(f"{cls._kind}: {name} is offered already")
            cls._offered[name] = _made(cls, name, front)
            for made in cls._offered.values():
                made.__annotations__["name"] = Literal[tuple(sorted(cls._offered))]
            return front

        return decorate

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Every name on offer."""
        return tuple(cls._offered)

    @classmethod
    def named(cls, name: str) -> type[Self]:
        """The dataclass of a name.

        Raises:
            UnknownNameError: for another name.
        """
        if name not in cls._offered:
            raise UnknownNameError(cls._kind, name, cls._offered)
        made: type[Self] = cls._offered[name]
        return made

    @classmethod
    def chosen(cls, thing: Any) -> Any:
        """A name with the usual options that belong to it; anything else as it is.

        Raises:
            UnknownNameError: for a name that is not offered.

        >>> from physml.optim import OptimizerSettings
        >>> OptimizerSettings.chosen("adam").learning_rate
        0.001
        """
        return cls(name=thing) if isinstance(thing, str) else thing

    @classmethod
    def check_option(cls, option: str) -> None:
        """Refuse an option that what is named does not have, saying which names have it.

        Raises:
            ConfigurationError: for such an option.
        """
        if option in cls._types:
            return
        hint = ""
        for close in get_close_matches(option, cls._options(), n=1, cutoff=0.5):
            owners = [name for name, made in cls._offered.items() if close in made._types]
            meant = "it" if close == option else f"{cls._kind}.{close}"
            hint = f"; {meant} belongs to {', '.join(owners)} (choose with {cls._kind}.name)"
        raise ConfigurationError(
            f"{cls._kind}.{option}: no option of {cls._own}, which takes "
            f"{', '.join(cls._types) or 'none'}{hint}"
        )

    @classmethod
    def _options(cls) -> set[str]:
        """The options of every name."""
        return {option for made in cls._offered.values() for option in made._types}

    def construct(self, *given: Any) -> Any:
        """What the front function builds of the options.

        Args:
            given: its arguments before them.

        Raises:
            ConfigurationError: for a number outside its range.
        """
        options = {option: getattr(self, option) for option in self._types}
        try:
            return type(self)._front(*given, **options)
        except ConfigurationError as error:
            between = "." if str(error).partition(":")[0] in options else ": "
            raise ConfigurationError(f"{self._kind}{between}{error}") from error

    def renamed(self, name: str) -> Self:
        """Another of its kind by name, with its own options but those that the kind keeps."""
        if name == self.name:
            return self
        made: Any = self.named(name)
        kept = [option for option in self._kept if option in self._types and option in made._types]
        return made(**{option: getattr(self, option) for option in kept})

    @classmethod
    def moved(cls) -> dict[str, str | None]:
        """The options of this name that once stood beside the choice; None of what has no effect.

        >>> from physml.vmc.wavefunctions import WavefunctionSettings
        >>> WavefunctionSettings.named("rbm").moved()["network.width"]
        'density'
        """
        return {
            before: next((now for now in options if now.partition(".")[0] in cls._types), None)
            for before, options in cls._formerly.items()
        }

    @classmethod
    def gathered(cls, document: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Plain data in which a choice has its options, which once stood beside its name.

        Args:
            document: of the dataclass that has the choice.
            key: of the choice.
        """
        found = dict(document)
        if isinstance(found.get(key, ""), Mapping) or key not in found:
            return found
        name = cls._usual if found[key] is None else str(found[key])
        own: dict[str, Any] = {"name": name}
        for before, now in cls.named(str(name)).moved().items():
            outer, _, inner = before.partition(".")
            value = document.get(outer)
            found.pop(outer, None)
            value = value.get(inner) if inner and isinstance(value, Mapping) else value
            if now is not None and value is not None:
                place, _, part = now.rpartition(".")
                (own.setdefault(place, {}) if place else own)[part] = value
        return found | {key: own}

    @classmethod
    def stored(cls, document: Mapping[str, Any]) -> tuple[type[Self], dict[str, Any]]:
        """The dataclass that plain data names, and the data as it would be written today.

        When every name had one table of options, those that were not given were null.

        Raises:
            UnknownNameError: for a name that is not offered.
            ConfigurationError: for an option that what is named does not have.
        """
        if "name" not in document:
            raise ConfigurationError(f"{cls._kind}: missing key 'name'")
        made: Any = cls.named(str(document["name"]))
        full = asdict(made())
        for option, value in document.items():
            null = value is None and not fits(None, made._types.get(option))
            if option != "name" and not (null and option in cls._options()):
                made.check_option(option)
                full[option] = value
        return made, full


def _again(kind: Any, options: dict[str, Any]) -> Any:
    return kind(**options)


def _place(function: Any) -> tuple[str, str]:
    """Where a function is written, which stays when its module or a notebook's cell runs again."""
    return function.__module__, function.__qualname__


def check_choices(settings: Any) -> None:
    """Make choices of bare names where a frozen dataclass has them, and refuse what is none.

    Raises:
        UnknownNameError: for a name that is not offered.
        ConfigurationError: with the field and what is expected there.
    """
    for name, kind in get_type_hints(type(settings)).items():
        if not (isinstance(kind, type) and issubclass(kind, Choice)):
            continue
        value = kind.chosen(getattr(settings, name))
        if not isinstance(value, kind):
            expected = f"a name or {kind.__qualname__}(name=...)"
            raise ConfigurationError(f"{name}: expected {expected}, got {value!r}")
        object.__setattr__(settings, name, value)


def _made(kind: type[Choice], name: str, front: Callable[..., Any]) -> type[Choice]:
    """The frozen dataclass of a front function."""
    hints, words = get_type_hints(front), inspect.getdoc(front) or ""
    options = {
        parameter.name: parameter.default
        for parameter in inspect.signature(front).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    for option, default in options.items():
        plain = option in hints and all(
            isinstance(part, str) or part in PLAIN or issubclass(part, Choice)
            for part in parts(hints[option])
        )
        if not plain or option == "name" or not fits(default, hints[option]):
            raise TypeError(f"{kind._kind} {name}: {option}: expected a plain type and a default")
        if f"    {option}: " not in words:
            raise TypeError(f"{kind._kind} {name}: {option}: expected a line under Args")
    section = f"Attributes:\n    name: {words.partition(chr(10))[0]}"
    words = words.replace("Args:", section) if "Args:" in words else f"{words}\n\n{section}"
    made = make_dataclass(
        kind.__qualname__,
        [("name", str, name)]
        + [(o, hints[o], field(default=default)) for o, default in options.items()],
        bases=(kind,),
        namespace={
            "__doc__": words,
            "_own": name,
            "_types": {option: hints[option] for option in options},
            "_front": staticmethod(front),
        },
        frozen=True,
        kw_only=True,
    )
    made.__module__ = kind.__module__
    return made
