"""The options of each subcommand as frozen dataclasses; tyro makes flags and help of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar

import tyro

from physml.errors import ConfigurationError
from physml.pinn.recipe import Recipe
from physml.vmc.recipe import VMCRecipe

Directory = Annotated[Path | None, tyro.conf.arg(metavar="DIR")]
SystemType = TypeVar("SystemType")
OptionsType = TypeVar("OptionsType")


@dataclass(frozen=True, kw_only=True)
class NoOptions:
    """The options of ``physml list`` and ``physml doctor``: none."""


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
        run: directory for settings, metrics, checkpoints, result and figures; None: a new one,
            runs/NAME-1, -2, ...
        overwrite: replace the run that stands in --run; files that no run wrote stay.
    """

    seed: int = 0
    precision: Literal[32, 64] = 64
    run: Directory = None
    overwrite: bool = False


@dataclass(frozen=True, kw_only=True)
class SolveOptions(RunOptions):
    """What ``physml solve`` takes.

    Attributes:
        recipe: how the problem is solved.
    """

    recipe: Annotated[Recipe, tyro.conf.arg(name="")]


@dataclass(frozen=True, kw_only=True)
class GroundStateOptions(RunOptions, Generic[SystemType]):
    """What ``physml ground-state`` takes.

    Attributes:
        recipe: how the system is optimised and measured.
        system: the physical system, in hartree and bohr.
    """

    recipe: Annotated[VMCRecipe, tyro.conf.arg(name="")]
    system: SystemType


@dataclass(frozen=True, kw_only=True)
class ResumeOptions(OutputOptions):
    """What ``physml resume`` takes.

    Attributes:
        run: directory of the run.
        steps: optimizer steps in all, to make a run longer than it was asked to be; None: as asked.
        measurements: of a ground state, to measure it again with so many; None: as asked.
    """

    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    steps: int | None = None
    measurements: int | None = None


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


def wavefunction_default(recipe: VMCRecipe, argv: Sequence[str]) -> VMCRecipe:
    """Where the options of the wave function come from that are not given.

    Args:
        recipe: the catalogue's.
        argv: the words that may hold ``--wavefunction``.

    Returns:
        The recipe; with one determinant, which every wave function has, for another wave function.
    """
    if _given(argv, "--wavefunction", recipe.wavefunction) == recipe.wavefunction:
        return recipe
    return replace(recipe, determinants=1)


def _given(argv: Sequence[str], option: str, default: str) -> str:
    """The last value given to an option, as ``--option value`` or ``--option=value``."""
    for word, following in zip(argv, [*argv[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name == option:
            default = value if equals else following
    return default
