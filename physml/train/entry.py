"""What a catalogue keeps of one problem, the same in every room, and what solving it gives."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from physml.errors import ConfigurationError, UnknownNameError

DEFAULT = "default"
"""The name of the recipe that is taken where none is named."""


@runtime_checkable
class Result(Protocol):
    """What solving an entry gives, measured, shown and kept in the same words in every room."""

    def numbers(self) -> dict[str, Any]:
        """What was found, plain data, with ``compile_seconds``: what ``result.json`` holds."""
        ...

    def words(self) -> dict[str, str]:
        """The same for a reader: a line each, with units, errors and doubts."""
        ...

    def plot(self, path: str | Path) -> Path:
        """Save a figure."""
        ...

    def save(self, directory: str | Path) -> Path:
        """Keep it in a directory; its class's ``load(directory, ...)`` reads it back."""
        ...


@dataclass(frozen=True)
class NoNumbers:
    """The subject of what has no numbers that a command line could change."""


class Record(NamedTuple):
    """A figure that was measured, with all that makes it again.

    Attributes:
        found: the figure, with its error or unit.
        seconds: compilation included, on two CPU cores.
        where: the page, or the file of results, that holds it.
        recipe: the name of the recipe.
        numbers: of the subject, where they are not the entry's own.
        precision: bits of a floating-point number.
    """

    found: str
    seconds: float
    where: str
    recipe: str = DEFAULT
    numbers: Mapping[str, Any] = {}
    precision: int = 64


def anything(subject: Any, recipe: Any) -> None:
    """Refuse nothing."""


class Entry(NamedTuple):
    """A problem of a catalogue.

    Attributes:
        name: as on the command line.
        equation: in a line.
        reference: what its solution is compared with.
        subject: a frozen dataclass of numbers, which the command line may change.
        recipes: plain data by name, ``default`` among them: how it is solved; where that follows
            the numbers, a function of the subject.
        solve: ``(subject, recipe, *, key, run, callbacks) -> Result``; one that takes ``devices``,
            too, can be solved on several, see ``over_devices``.
        extendable: fields of the recipe that a resumed run may raise.
        load: ``(subject, recipe, directory) -> Result``, reads what such a result's ``save`` wrote.
        check: ``(subject, recipe) -> None``; refuses what cannot be together, before a run is made.
        records: figures that recipes came to.

    >>> import physml as pm
    >>> pm.pinn.catalogue.ENTRIES["heat"].equation
    'u_t = u_xx, u(0, x) = sin πx'
    """

    name: str
    equation: str
    reference: str
    subject: Any
    recipes: Mapping[str, Any]
    solve: Callable[..., Result]
    extendable: tuple[str, ...] = ("steps",)
    load: Callable[[Any, Any, Path], Result] | None = None
    check: Callable[[Any, Any], None] = anything
    records: tuple[Record, ...] = ()

    @property
    def recipe(self) -> Any:
        """The recipe for the entry's own numbers."""
        return self.recipe_for(self.subject)

    def recipe_for(self, subject: Any, name: str = DEFAULT) -> Any:
        """A recipe for a subject.

        Raises:
            UnknownNameError: for a name that no recipe of this entry has.
        """
        if name not in self.recipes:
            raise UnknownNameError(f"recipe of {self.name}", name, self.recipes)
        chosen = self.recipes[name]
        return chosen(subject) if callable(chosen) else chosen


def gathered(package: str, path: Iterable[str]) -> dict[str, Entry]:
    """The entries of a catalogue by name: what the files of its folder call ``ENTRY``.

    Args:
        package: the catalogue's dotted name.
        path: its folder, ``__path__``.

    Raises:
        ConfigurationError: for two entries of one name.
    """
    found: dict[str, Entry] = {}
    for file in sorted(module.name for module in pkgutil.iter_modules(list(path))):
        entry = getattr(import_module(f"{package}.{file}"), "ENTRY", None)
        if entry is None:  # a file of what several entries share
            continue
        if entry.name in found:
            raise ConfigurationError(f"{package}.{file}: a second entry named {entry.name!r}")
        found[entry.name] = entry
    return found
