"""What the catalogue keeps of a problem, and how it is solved by recipe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import optax
from jax import Array

from physml.errors import ConfigurationError
from physml.pinn.geometry import Box
from physml.pinn.march import Slab, march
from physml.pinn.problem import Network, Problem
from physml.pinn.recipe import Recipe
from physml.pinn.solution import Solution
from physml.pinn.solve import Phase, solve
from physml.sampling import by_residual
from physml.train import Run
from physml.train.callbacks import Callback
from physml.types import Field


class Entry(NamedTuple):
    """A problem of the catalogue.

    Attributes:
        name: as on the command line.
        equation: in a line.
        reference: what its solution is compared with.
        problem: makes it.
        recipe: settings that solve it.
        unknowns: ``recipe -> networks by name``, for a problem of several unknowns.
        slab: ``(domain, start) -> Problem``, for a problem that is solved in slabs of time.
        start: its initial values.

    >>> import physml as pm
    >>> pm.pinn.catalogue.PROBLEMS["heat"].equation
    'u_t = u_xx, u(0, x) = sin πx'
    """

    name: str
    equation: str
    reference: str
    problem: Callable[[], Problem]
    recipe: Recipe
    unknowns: Callable[[Recipe], Network] | None = None
    slab: Slab | None = None
    start: Field | None = None

    def network(self, recipe: Recipe) -> Network:
        """The networks of a recipe for this problem."""
        if self.unknowns is not None:
            return self.unknowns(recipe)
        components: Any = self.problem().components
        return recipe.network.build(outputs=components)

    def solve(
        self,
        recipe: Recipe | None = None,
        *,
        key: Array | None = None,
        run: Run | None = None,
        errors_every: int | None = None,
        check: bool = True,
        callbacks: Sequence[Callback] = (),
    ) -> Solution:
        """Solve the problem by a recipe, its own if none is given; see ``physml.solve``.

        Raises:
            ConfigurationError: slabs of a problem that has none.
        """
        chosen = self.recipe if recipe is None else recipe
        problem, network = self.problem(), self.network(chosen)
        options: dict[str, Any] = {
            "optimizer": chosen.optimizer.build(),
            "points": chosen.points,
            "condition_points": chosen.condition_points,
            "redraw": by_residual(chosen.redraw) if chosen.redraw else None,
            "balance": chosen.rule(),
            "steps": chosen.steps,
            "key": key,
            "run": run,
            "check": check,
            "scale": chosen.scale,
            "callbacks": callbacks,
            "warm_up": Phase(optax.adam(1e-3), chosen.warm_up) if chosen.warm_up else (),
        }
        if chosen.slabs > 1:
            if self.slab is None or self.start is None or not isinstance(problem.domain, Box):
                raise ConfigurationError(
                    f"slabs: expected 1, since {self.name} is not solved in slabs of time, got "
                    f"{chosen.slabs}"
                )
            if errors_every is not None:
                raise ConfigurationError(
                    f"errors_every: {self.name} is solved in slabs of time, which have no common "
                    "curve; expected None"
                )
            return march(
                self.slab,
                problem.domain,
                self.start,
                network,
                slabs=chosen.slabs,
                overlap=chosen.overlap,
                warm=chosen.warm,
                **options,
            )
        return solve(problem, network, errors_every=errors_every, **options)
