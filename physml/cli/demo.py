"""``physml demo``: a differential equation and a ground state by one optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from physml.cli import catalogue
from physml.cli.job import Job, begin, show
from physml.cli.options import DemoOptions, parse
from physml.cli.output import print_object
from physml.cli.run_directory import next_free

SHOWN = ("burgers", "quantum-dot")


def command(argv: Sequence[str]) -> None:
    """``physml demo``."""
    options = parse(
        DemoOptions,
        argv,
        prog="physml demo",
        description="Solve the Burgers equation and find the ground state of two electrons in a "
        "quantum dot, by the recipes of the catalogue.",
    )
    directory = next_free("demo") if options.run is None else options.run
    results = {}
    for name in SHOWN:
        entry = catalogue.entries()[name]
        steps = {} if options.steps is None else {"steps": options.steps}
        job = Job(
            entry=entry,
            subject=entry.subject,
            recipe=replace(entry.recipe, **steps),
            seed=options.seed,
            precision=options.precision,
            devices=options.devices,
        )
        results[name] = begin(
            job, directory=directory / name, overwrite=options.overwrite, quiet=options.quiet
        )
        if not options.json:
            show(results[name], as_json=False)
            print()
    if options.json:
        print_object(results)
