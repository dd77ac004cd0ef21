"""The wave equation: two standing waves on a string."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.ansatz import hard_dirichlet
from physml.pinn.by_recipe import entry
from physml.pinn.conditions import initial
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record
from physml.types import Field


def plucked(z: Array) -> Array:
    """``sin πx + ½ sin 4πx``."""
    return jnp.sin(jnp.pi * z[1]) + jnp.sin(4 * jnp.pi * z[1]) / 2


@dataclass(frozen=True, kw_only=True)
class Wave(Statement):
    """``u_tt = c² u_xx`` on [0, 1], fixed ends, at rest at first, to t = 1.

    Attributes:
        speed: c; the recipe's frequencies are those of 2.
    """

    speed: float = 2.0

    def __post_init__(self) -> None:
        """Check the number at once."""
        self.expect(0 < self.speed < math.inf, "speed", "a number > 0")

    def equation(self, u: Field, z: Array) -> Array:
        """``u_tt − c² u_xx``."""
        return partial(u, 0, 0)(z) - self.speed**2 * partial(u, 1, 1)(z)

    def exact(self, z: Any) -> Any:
        """``sin πx cos cπt + ½ sin 4πx cos 4cπt``, at a point or at points."""
        xp, (t, x) = z.__array_namespace__(), np.pi * z.T
        turned = self.speed * t
        return xp.sin(x) * xp.cos(turned) + xp.sin(4 * x) * xp.cos(4 * turned) / 2

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        domain = Box(t=(0, 1), x=(0, 1))
        return Problem(
            domain=domain,
            equation=self.equation,
            ansatz=hard_dirichlet(domain, on="x"),
            conditions=[initial(plucked, velocity=0.0, weight=100.0)],
            exact=self.exact,
            name="wave",
        )


ENTRY = entry(
    "wave",
    "u_tt = c² u_xx, u(0, x) = sin πx + ½ sin 4πx",
    "exact: sin πx cos cπt + ½ sin 4πx cos 4cπt",
    Wave(),
    Recipe(
        network=NetworkSettings(name="siren", width=32, depth=2, frequency=10.0),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        steps=150,
    ),
    records=(Record("2.6e-07 relative L2", 111, "docs/results/pinn.md"),),
)
