"""A catalogue problem solved by a recipe, and the entry that is made of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optax
from jax import Array

from physml.errors import ConfigurationError
from physml.pinn.collocation import collocation
from physml.pinn.geometry import Box
from physml.pinn.march import March, march
from physml.pinn.memory_needed import check_networks
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.solution import Solution
from physml.pinn.solve import Phase, solve
from physml.pinn.statement import Statement
from physml.sampling import by_residual
from physml.train import Rule, RuleSettings, Run
from physml.train.callbacks import Callback, Every
from physml.train.entry import DEFAULT, Entry, Record


def entry(
    name: str,
    equation: str,
    reference: str,
    subject: Statement,
    recipe: Any,
    *,
    records: Sequence[Record] = (),
    **others: Any,
) -> Entry:
    """A problem for a catalogue, or for ``physml run FILE.py:NAME``.

    Args:
        name: as on the command line.
        equation: in a line.
        reference: what its solution is compared with.
        subject: its numbers.
        recipe: settings that solve it, or a function of the subject that gives them.
        records: figures that recipes came to.
        **others: recipes of other names, such as ``quick`` and ``best``.
    """
    return Entry(
        name,
        equation,
        reference,
        subject,
        {DEFAULT: recipe, **others},
        solve_by_recipe,
        # Later slabs have begun from the end of earlier ones, so none can be trained further.
        extendable=("steps",) if subject.slabs is None else (),
        load=load_by_recipe,
        check=check_recipe,
        records=tuple(records),
    )


def adopt(thing: Any) -> Entry | None:
    """The entry of a problem of the user's own; None of anything else.

    Raises:
        ConfigurationError: for a problem of several unknowns, of which it does not say the names.
    """
    if isinstance(thing, Statement):
        name = thing.problem().name
        return entry(name, _in_a_line(thing.problem()), _known(thing.problem()), thing, Recipe())
    if not isinstance(thing, Problem):
        return None
    if any(isinstance(p, Mapping) for p in (thing.components, thing.exact, thing.ansatz)):
        raise ConfigurationError(
            f"{thing.name}: expected one unknown, got several, whose networks a Problem does not "
            "say; derive a class from pm.pinn.Statement that does, in `network`, and name an "
            "instance of it"
        )

    @dataclass(frozen=True)
    class Stated(Statement):
        def problem(self) -> Problem:
            """As the user stated it."""
            return thing

    return entry(thing.name, _in_a_line(thing), _known(thing), Stated(), Recipe())


def _in_a_line(problem: Problem) -> str:
    """The first line of what its equations say of themselves."""
    texts = [(getattr(f, "__doc__", None) or "").strip() for f in problem.equations.values()]
    return "; ".join(text.splitlines()[0].strip("`. ") for text in texts if text) or problem.name


def _known(problem: Problem) -> str:
    return "none" if problem.exact is None else "its own exact solution"


def check_recipe(statement: Statement, recipe: Recipe) -> None:
    """Build network and optimizer, to no other end; their memory is not asked for.

    Raises:
        ConfigurationError: for settings that exclude each other, and sizes beyond this machine's
            memory.
    """
    recipe.optimizer.check(recipe.steps)
    recipe.until.build()
    problem, network = statement.problem(), statement.network(recipe)
    collocation(problem, network, points=recipe.points, condition_points=recipe.condition_points)
    check_networks(problem, network)
    if recipe.slabs > 1 and statement.slabs is None:
        raise ConfigurationError(
            f"slabs: expected 1, since {problem.name} is not solved in slabs of time, "
            f"got {recipe.slabs}"
        )


def solve_by_recipe(
    statement: Statement,
    recipe: Recipe,
    *,
    key: Array | None = None,
    run: Run | None = None,
    errors_every: int | None = None,
    until: Rule | RuleSettings | str | None = None,
    measure: Mapping[str, Every] | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    devices: int = 1,
) -> Solution:
    """Solve a problem by a recipe; see ``physml.solve``.

    Raises:
        ConfigurationError: slabs of a problem that has none; errors as slabs are trained.
    """
    check_recipe(statement, recipe)
    problem, network = statement.problem(), statement.network(recipe)
    options: dict[str, Any] = {
        "optimizer": recipe.optimizer.build(),
        "points": recipe.points,
        "condition_points": recipe.condition_points,
        "redraw": by_residual(recipe.redraw) if recipe.redraw else None,
        "balance": recipe.balance.build(),
        "steps": recipe.steps,
        "key": key,
        "run": run,
        "scale": recipe.scale,
        "until": recipe.until.build() if until is None else until,
        "measure": measure,
        "callbacks": callbacks,
        "progress": progress,
        "devices": devices,
        "warm_up": Phase(optax.adam(1e-3), recipe.warm_up) if recipe.warm_up else (),
    }
    if recipe.slabs == 1:
        return solve(problem, network, errors_every=errors_every, **options)
    if errors_every is not None:
        raise ConfigurationError(
            f"errors_every: {problem.name} is solved in slabs of time, which have no common "
            "curve; expected None"
        )
    in_slabs: Any = statement.slabs
    if not isinstance(problem.domain, Box):
        raise ConfigurationError(
            f"slabs: expected 1, since the domain of {problem.name} is no box, got {recipe.slabs}"
        )
    options |= {"slabs": recipe.slabs, "overlap": recipe.overlap, "warm": recipe.warm}
    return march(in_slabs.make, problem.domain, in_slabs.start, network, **options)


def load_by_recipe(statement: Statement, recipe: Recipe, directory: Path) -> Solution:
    """Read the saved solution of a recipe.

    Raises:
        CheckpointError, FingerprintError: see ``Solution.load``.
    """
    problem, network = statement.problem(), statement.network(recipe)
    if recipe.slabs == 1:
        return Solution.load(directory, problem, network)
    in_slabs: Any = statement.slabs
    options: dict[str, Any] = {"slabs": recipe.slabs, "overlap": recipe.overlap}
    domain: Any = problem.domain
    return March.load(directory, in_slabs.make, domain, in_slabs.start, network, **options)
