"""``physml demo``: a differential equation and a ground state by one optimizer, in one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from physml.cli import catalogue
from physml.cli.ground_state import GroundStateJob, energy
from physml.cli.job import Result, begin
from physml.cli.options import DemoOptions, parse
from physml.cli.output import number, print_object, print_table
from physml.cli.run_directory import drawn, next_free
from physml.cli.solve import SolveJob


def command(argv: Sequence[str]) -> None:
    """``physml demo``."""
    options = parse(
        DemoOptions,
        argv,
        prog="physml demo",
        description="Solve the Burgers equation and find the ground state of two electrons in a "
        "quantum dot, by the recipes of the catalogue.",
    )
    problem, system = catalogue.problem("burgers"), catalogue.system("quantum-dot")
    shock = SolveJob(
        entry=problem, recipe=problem.recipe, seed=options.seed, precision=options.precision
    )
    dot = GroundStateJob(
        entry=system,
        system=system.system,
        recipe=system.recipe,
        seed=options.seed,
        precision=options.precision,
    )
    if options.steps is not None:
        shock = replace(shock, recipe=replace(shock.recipe, steps=options.steps))
        dot = replace(dot, recipe=replace(dot.recipe, steps=options.steps))
    directory = next_free("demo") if options.run is None else options.run
    results = {
        job.name: begin(
            job,
            directory=directory / job.name,
            overwrite=options.overwrite,
            quiet=options.quiet,
        )
        for job in (shock, dot)
    }
    if options.json:
        print_object(results)
        return
    print_table(
        ("name", "result", "exact", "error", "seconds"),
        [_shock_row(shock, results[shock.name]), _dot_row(dot, results[dot.name])],
    )
    print()
    places = (directory / shock.name, directory / dot.name)
    figures = [str(p / name) for p in places for name in drawn(p) if name.endswith(".png")]
    print(f"Figures: {', '.join(figures) or 'none'}")


def _shock_row(job: SolveJob, result: Result) -> tuple[str, ...]:
    return (
        job.name,
        f"u(t, x), {result['parameters']} parameters",
        job.entry.reference.removeprefix("exact: "),
        f"{number(result['relative_l2'], 2)} relative L2",
        f"{result['seconds']:.0f}",
    )


def _dot_row(job: GroundStateJob, result: Result) -> tuple[str, ...]:
    return (
        job.name,
        f"{energy(result)} hartree",
        job.exact(result),
        job.difference(result),
        f"{result['seconds']:.0f}",
    )
