"""The options of each subcommand as frozen dataclasses; tyro makes flags and help of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

import tyro

from physml.errors import ConfigurationError
from physml.train.entry import DEFAULT, Entry

Directory = Annotated[Path | None, tyro.conf.arg(metavar="DIR")]
SubjectType = TypeVar("SubjectType")
RecipeType = TypeVar("RecipeType")
OptionsType = TypeVar("OptionsType")


@dataclass(frozen=True, kw_only=True)
class NoOptions:
    """The options of ``physml doctor``: none."""


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """What ``physml list`` takes.

    Attributes:
        name: of an entry, or FILE.py:NAME: its numbers, recipes, and what they came to; None: all.
    """

    name: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")] = None


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """What is printed.

    Attributes:
        json: print the result as one JSON object, the last line of standard output.
        quiet: no progress on standard error.
    """

    json: bool = False
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class RunOptions(OutputOptions):
    """What every run takes.

    Attributes:
        seed: of all random numbers; the same seed gives the same bits.
        precision: bits of a floating-point number.
        devices: how many share points or walkers; numbers are those of one, to rounding.
        run: directory for settings, metrics, checkpoints, result and figures; None: a new one,
            runs/NAME-1, -2, ...
        overwrite: replace the run that stands in --run; files that no run wrote stay.
    """

    seed: int = 0
    precision: Literal[32, 64] = 64
    devices: int = 1
    run: Directory = None
    overwrite: bool = False


@dataclass(frozen=True, kw_only=True)
class SubjectOptions(Generic[SubjectType]):
    """The numbers alone, which are read first.

    Attributes:
        subject: what is solved.
    """

    subject: SubjectType


@dataclass(frozen=True, kw_only=True)
class EntryOptions(RunOptions, Generic[SubjectType, RecipeType]):
    """What ``physml run`` takes.

    Attributes:
        recipe: the settings that others begin with: default, or another name of physml list NAME.
        settings: how it is solved.
        subject: its numbers; a quantum system's in hartree and bohr.
    """

    recipe: str = DEFAULT
    settings: Annotated[RecipeType, tyro.conf.arg(name="")]
    subject: SubjectType


@dataclass(frozen=True, kw_only=True)
class ResumeOptions(OutputOptions):
    """What ``physml resume`` takes, beside what its run may be made longer by.

    Attributes:
        file: FILE.py:NAME, of a run that was begun with a file of one's own.
        devices: how many share points or walkers; those that it was begun on do not matter.
    """

    file: str | None = None
    devices: int = 1


@dataclass(frozen=True, kw_only=True)
class DemoOptions(RunOptions):
    """What ``physml demo`` takes.

    Attributes:
        steps: optimizer steps of each of the two; None: those of the recipes.
    """

    steps: int | None = None


def parse(
    kind: type[OptionsType],
    argv: Sequence[str],
    *,
    prog: str,
    description: str,
    default: OptionsType | None = None,
) -> OptionsType:
    """Read options.

    Args:
        kind: one of the dataclasses here.
        argv: the words to read.
        prog: the command, for help and errors.
        description: what it does, for help.
        default: where options that are not given come from; the dataclass's own defaults if None.

    Returns:
        An instance of the dataclass.

    Raises:
        ConfigurationError: for an empty word, which tyro would take for the current directory.
        SystemExit: after printing help (0), or what is wrong with the words (2).
    """
    for before, word in zip(["the first word", *argv], argv, strict=False):
        option, equals, given = word.partition("=")
        if not word.strip() or (option.startswith("--") and equals and not given.strip()):
            raise ConfigurationError(
                f"{option if equals else before}: expected a value, got an empty one, as of a "
                "shell variable that is not set"
            )
    parsed: OptionsType = tyro.cli(
        kind,
        args=list(argv),
        default=tyro.MISSING_NONPROP if default is None else default,
        prog=prog,
        description=description,
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    return parsed


def subject_of(entry: Entry, argv: Sequence[str], *, prog: str, prefix: str) -> Any:
    """The numbers of an entry as some words change them; all other words are left alone.

    Args:
        entry: of a catalogue.
        argv: the words.
        prog: the command, for errors.
        prefix: what the options of the numbers begin with.
    """
    words = [word for word in argv if word not in ("-h", "--help")]
    kind: Any = SubjectOptions
    numbers: Any = Annotated[type(entry.subject), tyro.conf.arg(name=prefix)]
    found: Any = tyro.cli(
        kind[numbers],
        args=words,
        default=SubjectOptions(subject=entry.subject),
        prog=prog,
        config=(tyro.conf.FlagCreatePairsOff,),
        return_unknown_args=True,
    )
    return found[0].subject


def entry_options(
    entry: Entry, argv: Sequence[str], *, prog: str, prefix: str, subject: Any, recipe: Any
) -> EntryOptions[Any, Any]:
    """All options of an entry; see ``subject_of``.

    Args:
        entry: of a catalogue.
        argv: the words.
        prog: the command, for help and errors.
        prefix: what the options of the numbers begin with.
        subject: the numbers, where they are not given.
        recipe: the settings, where they are not given.
    """
    kind: Any = EntryOptions
    numbers: Any = Annotated[type(subject), tyro.conf.arg(name=prefix)]
    return parse(
        kind[numbers, type(recipe)],
        argv,
        prog=prog,
        description=f"{entry.equation}. Reference: {entry.reference}.",
        default=EntryOptions(subject=subject, settings=recipe),
    )


def resume_options(extendable: Sequence[str], argv: Sequence[str]) -> Any:
    """What ``physml resume RUN`` takes of a run.

    Args:
        extendable: what may be raised.
        argv: the words after the run.
    """
    more = [
        (name, Annotated[int | None, tyro.conf.arg(help=f"{name} in all; None: as asked")], None)
        for name in extendable
    ]
    return parse(
        make_dataclass("MoreOptions", more, bases=(ResumeOptions,), frozen=True, kw_only=True),
        argv,
        prog="physml resume RUN",
        description="Go on with a run from its last good checkpoint, to the same bits.",
    )
