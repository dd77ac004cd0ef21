"""The Poisson equation on a square without a quadrant: a corner that is not regular."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array

from physml.calculus import laplacian
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn import references
from physml.pinn.by_recipe import entry
from physml.pinn.conditions import dirichlet
from physml.pinn.geometry import l_shape
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record
from physml.types import Field


def equation(u: Field, z: Array) -> Array:
    """``−Δu − 1``."""
    return -laplacian(u)(z) - 1


def corner(z: Array) -> Array:
    """``r^(2/3) sin(2θ/3)`` about the re-entrant corner, harmonic, zero on both of its edges.

    As u near there; with it the network need not find the singularity.
    """
    x, y = z
    # With the angle from the middle of the domain, the jump of arctan2 lies outside.
    from_middle = jnp.arctan2(-x - y, y - x)
    square = jnp.maximum(x**2 + y**2, jnp.finfo(z.dtype).tiny)
    return jnp.stack([square ** (1 / 3) * jnp.cos(2 * from_middle / 3)])


@dataclass(frozen=True)
class PoissonLShape(Statement):
    """``−Δu = 1`` on (−1, 1)² without [0, 1) × (−1, 0], zero on its boundary."""

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        return Problem(
            domain=l_shape(),
            equation=equation,
            conditions=[dirichlet(0.0, "boundary", weight=100.0)],
            features=corner,
            exact=references.poisson_l_shape,
            reference_error=references.POISSON_L_SHAPE_ERROR,
            name="poisson-l-shape",
        )


ENTRY = entry(
    "poisson-l-shape",
    "−Δu = 1 on an L",
    "own corner expansion",
    PoissonLShape(),
    Recipe(
        network=NetworkSettings(width=20, depth=3),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=1024,
        condition_points=512,
        redraw=20,
        steps=150,
    ),
    records=(Record("2.1e-05 relative L2", 75, "docs/results/pinn.md"),),
)
