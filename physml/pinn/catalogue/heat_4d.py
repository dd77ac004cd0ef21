"""The heat equation in four dimensions of space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jax import Array

from physml.calculus import laplacian, partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.by_recipe import entry
from physml.pinn.conditions import dirichlet, initial
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record
from physml.types import Field

SPACE = ("x1", "x2", "x3", "x4")


def equation(u: Field, z: Array) -> Array:
    """``u_t − Δu/4``, the Laplacian in space alone."""
    in_space = laplacian(lambda x: u(jnp.concatenate([z[:1], x])))(z[1:])
    return partial(u, 0)(z) - in_space / 4


def exact(z: Any) -> Any:
    """``e^{−t} Σ sin 2x_i``."""
    xp = z.__array_namespace__()
    return xp.exp(-z[..., 0]) * xp.sum(xp.sin(2 * z[..., 1:]), axis=-1)


@dataclass(frozen=True)
class Heat4D(Statement):
    """``u_t = Δu/4`` on [0, 1]⁴ to t = 1, with the exact solution at first and on the boundary."""

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        return Problem(
            domain=Box(t=(0, 1), **dict.fromkeys(SPACE, (0, 1))),
            equation=equation,
            conditions=[
                initial(exact, weight=100.0),
                dirichlet(exact, SPACE, name="boundary", weight=100.0),
            ],
            exact=exact,
            name="heat-4d",
        )


ENTRY = entry(
    "heat-4d",
    "u_t = Δu/4 in 4 + 1 dimensions",
    "exact: exp(−t) Σ sin 2x_i",
    Heat4D(),
    Recipe(
        network=NetworkSettings(name="siren", width=24, depth=2),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        condition_points=1024,
        steps=150,
    ),
    records=(Record("2.8e-07 relative L2", 114, "docs/results/pinn.md"),),
)
