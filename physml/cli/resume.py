"""``physml resume``: the job of a run directory, gone on with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from physml import __version__
from physml.cli import catalogue
from physml.cli.config import check_keys, value
from physml.cli.ground_state import GroundStateJob
from physml.cli.job import Result, config, go_on, show
from physml.cli.options import ResumeOptions, parse
from physml.cli.output import complain
from physml.cli.solve import SolveJob
from physml.errors import ConfigurationError, UnknownNameError
from physml.pinn.recipe import Recipe
from physml.train import Run
from physml.vmc.recipe import VMCRecipe

_ADDED: dict[type, dict[str, Any]] = {Recipe: {"scale": False}, VMCRecipe: {"pretrain": 0}}


def command(argv: Sequence[str]) -> None:
    """``physml resume RUN``."""
    options = parse(
        ResumeOptions,
        argv,
        prog="physml resume",
        description="Go on with a run from its last good checkpoint, to the same bits.",
    )
    with Run.reopen(options.run) as run:
        job = stored_job(run)
        made_by = run.config["physml"]
        if made_by != __version__:
            complain(f"begun by physml {made_by}, this is {__version__}: bits may differ")
        result = _finished(run)
        longer = job if options.steps is None else _longer(job, options.steps)
        if options.measurements is not None:
            longer = _measured(longer, options.measurements)
        if longer != job:
            job = longer
            run.write("config.json", config(job))
            (run.directory / "result.json").unlink(missing_ok=True)
            result = None
        if result is None:
            result = go_on(job, run, quiet=options.quiet)
        elif not options.quiet:
            complain(f"{run.directory} is complete; its result:")
        show(job, result, as_json=options.json)


def stored_job(run: Run) -> SolveJob | GroundStateJob:
    """The job that a run's ``config.json`` describes.

    Raises:
        ConfigurationError: for a key or value that no version of this command wrote.
    """
    where = str(run.directory / "config.json")
    document = run.config
    keys = ["command", "name", "seed", "precision", "recipe", "physml"]
    commands = Literal["solve", "ground-state"]
    solving = value(commands, document.get("command"), where=f"{where}: command") == "solve"
    check_keys(document, keys if solving else [*keys, "system"], where=where)

    def entry(kind: type, key: str) -> Any:
        return value(kind, document[key], where=f"{where}: {key}")

    name, seed, _ = entry(str, "name"), entry(int, "seed"), entry(str, "physml")
    precision = value(Literal[32, 64], document["precision"], where=f"{where}: precision")
    try:
        if solving:
            return SolveJob(
                entry=catalogue.problem(name),
                recipe=_recipe(Recipe, document["recipe"], where),
                seed=seed,
                precision=precision,
            )
        found = catalogue.system(name)
    except UnknownNameError as error:
        raise ConfigurationError(f"{where}: name: {error}") from error
    return GroundStateJob(
        entry=found,
        system=entry(type(found.system), "system"),
        recipe=_recipe(VMCRecipe, document["recipe"], where),
        seed=seed,
        precision=precision,
    )


def _recipe(kind: type, document: Any, where: str) -> Any:
    """A recipe, with the settings that came after some runs were begun as those had them."""
    if isinstance(document, Mapping):
        document = {**_ADDED[kind], **document}
    return value(kind, document, where=f"{where}: recipe")


def _longer(job: SolveJob | GroundStateJob, steps: int) -> SolveJob | GroundStateJob:
    if steps < job.steps:
        raise ConfigurationError(
            f"steps: expected at least the {job.steps} that the run was asked for, got {steps}"
        )
    if isinstance(job, SolveJob) and job.recipe.slabs > 1 and steps > job.steps:
        raise ConfigurationError(
            f"steps: expected the run's own {job.steps}, got {steps}: later slabs of time have "
            "begun from the end of earlier ones; start a new run for more steps"
        )
    if isinstance(job, SolveJob):
        return replace(job, recipe=replace(job.recipe, steps=steps))
    return replace(job, recipe=replace(job.recipe, steps=steps))


def _measured(job: SolveJob | GroundStateJob, measurements: int) -> GroundStateJob:
    if isinstance(job, SolveJob):
        raise ConfigurationError(
            f"measurements: expected none, since {job.name} is an equation to solve, got "
            f"{measurements}"
        )
    return replace(job, recipe=replace(job.recipe, measurements=measurements))


def _finished(run: Run) -> Result | None:
    """The result of a complete run."""
    try:
        result = json.loads((run.directory / "result.json").read_text())
    except (OSError, ValueError):
        return None
    return result if isinstance(result, dict) else None
