"""``physml solve`` and ``physml ground-state``: options to a job, in a new run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from physml.cli import catalogue
from physml.cli.chosen import with_chosen
from physml.cli.ground_state import GroundStateJob
from physml.cli.job import Job, begin, show
from physml.cli.options import (
    GroundStateOptions,
    RunOptions,
    SolveOptions,
    parse,
    wavefunction_default,
)
from physml.cli.solve import SolveJob
from physml.errors import ConfigurationError
from physml.pinn.catalogue import PROBLEMS
from physml.vmc.catalogue import SYSTEMS


def solve(argv: Sequence[str]) -> None:
    """``physml solve NAME``."""
    name, words = _name("solve", argv, PROBLEMS)
    if name is None:
        return
    entry = catalogue.problem(name)
    recipe, words = with_chosen(entry.recipe, words)
    options = parse(
        SolveOptions,
        words,
        default=SolveOptions(recipe=recipe),
        prog=f"physml solve {name}",
        description=f"Solve {entry.equation}. Reference: {entry.reference}.",
    )
    job = SolveJob(
        entry=entry, recipe=options.recipe, seed=options.seed, precision=options.precision
    )
    _do(job, options)


def ground_state(argv: Sequence[str]) -> None:
    """``physml ground-state NAME``."""
    name, words = _name("ground-state", argv, SYSTEMS)
    if name is None:
        return
    entry = catalogue.system(name)
    recipe, words = with_chosen(wavefunction_default(entry.recipe, words), words)
    kind: Any = GroundStateOptions
    options: GroundStateOptions[Any] = parse(
        kind[type(entry.system)],
        words,
        default=GroundStateOptions(recipe=recipe, system=entry.system),
        prog=f"physml ground-state {name}",
        description=f"The ground state of {entry.hamiltonian}. Reference: {entry.reference}.",
    )
    job = GroundStateJob(
        entry=entry,
        system=options.system,
        recipe=options.recipe,
        seed=options.seed,
        precision=options.precision,
    )
    _do(job, options)


def _do(job: Job, options: RunOptions) -> None:
    result = begin(job, directory=options.run, overwrite=options.overwrite, quiet=options.quiet)
    show(job, result, as_json=options.json)


def _name(
    command: str, argv: Sequence[str], known: Iterable[str]
) -> tuple[str | None, Sequence[str]]:
    """The name, which comes first since it decides on the defaults; None once help is printed."""
    if argv and not argv[0].startswith("-"):
        return argv[0], argv[1:]
    if any(word in ("-h", "--help") for word in argv):
        print(f"usage: physml {command} NAME [OPTIONS]\n\nNames: {', '.join(known)}")
        print(f"Options and their defaults: physml {command} NAME --help")
        return None, argv
    raise ConfigurationError(
        f"{command}: expected a name first, as in physml {command} {next(iter(known))}. "
        f"Known: {', '.join(known)}"
    )
