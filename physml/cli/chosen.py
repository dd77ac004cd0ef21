"""What a command line chooses by name, read before the options that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from physml.choices import Choice

Settings = TypeVar("Settings")


def with_chosen(
    settings: Settings, argv: Sequence[str], *, prefix: str = ""
) -> tuple[Settings, list[str]]:
    """Settings in which every choice is the one that the words name.

    Args:
        settings: a frozen dataclass, with choices among its fields.
        argv: the words, such as ``--optimizer.name adam`` or, in short, ``--optimizer adam``.
        prefix: of the names of its options.

    Returns:
        Where options that are not given come from; and the words, written out.

    Raises:
        UnknownNameError: for a name that is not offered.
        ConfigurationError: for an option that what is chosen does not have.

    >>> from physml.pinn.recipe import Recipe
    >>> recipe, words = with_chosen(Recipe(), ["--optimizer", "adam"])
    >>> recipe.optimizer.learning_rate, words
    (0.001, ['--optimizer.name', 'adam'])
    """
    words, changes = list(argv), {}
    dataclass: Any = settings
    names = [field.name for field in fields(dataclass)]
    for name in names:
        choice = getattr(settings, name)
        if not isinstance(choice, Choice):
            continue
        option = f"--{prefix}{name.replace('_', '-')}"
        words = _written_out(words, option)
        asked = given(words, f"{option}.name")
        choice = choice.renamed(asked) if asked else choice
        for before, now in choice.moved().items():
            if before.partition(".")[0] in names:
                continue
            words = _moved(words, f"--{prefix}{before}", f"{option}.{now or before}")
        for word in words:
            if word.startswith(f"{option}."):
                own = word.partition("=")[0].removeprefix(f"{option}.").partition(".")[0]
                if own != "name":
                    choice.check_option(own.replace("-", "_"))
        changes[name], words = with_chosen(choice, words, prefix=f"{option[2:]}.")
    return replace(dataclass, **changes), words


def _written_out(words: Sequence[str], option: str) -> list[str]:
    """``--optimizer adam`` as ``--optimizer.name adam``, and None as the name that it is."""
    written = _moved(words, option, f"{option}.name")
    for i in range(1, len(words)):
        if words[i - 1] == option and words[i] == "None":
            written[i] = "none"
    return written


def _moved(words: Sequence[str], before: str, now: str) -> list[str]:
    """Words in which an option has another name."""
    return [
        now + word.removeprefix(before) if word.partition("=")[0] == before else word
        for word in words
    ]


def given(words: Sequence[str], option: str) -> str | None:
    """The last value given to an option, as ``--option value`` or ``--option=value``."""
    found = None
    for word, following in zip(words, [*words, ""][1:], strict=True):
        name, equals, value = word.partition("=")
        if name == option:
            found = value if equals else following
    return found
