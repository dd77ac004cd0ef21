"""What the catalogue keeps of a problem, and how it is solved by recipe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from jax import Array

from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.solution import Solution
from physml.pinn.solve import solve
from physml.sampling import by_residual
from physml.train import Run
from physml.train.fit import Callback


class Entry(NamedTuple):
    """A problem of the catalogue.

    Attributes:
        name: as on the command line.
        equation: in a line.
        reference: what its solution is compared with.
        problem: makes it.
        recipe: settings that solve it.

    >>> import physml as pm
    >>> pm.catalogue.PROBLEMS["heat"].recipe.points
    1024
    """

    name: str
    equation: str
    reference: str
    problem: Callable[[], Problem]
    recipe: Recipe

    def solve(
        self,
        recipe: Recipe | None = None,
        *,
        key: Array | None = None,
        run: Run | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> Solution:
        """Solve the problem by a recipe, its own if none is given; see ``physml.solve``."""
        chosen = self.recipe if recipe is None else recipe
        problem = self.problem()
        return solve(
            problem,
            chosen.network.build(outputs=problem.components),
            optimizer=chosen.optimizer.build(),
            points=chosen.points,
            redraw=by_residual(chosen.redraw) if chosen.redraw else None,
            steps=chosen.steps,
            key=key,
            run=run,
            callbacks=callbacks,
        )
