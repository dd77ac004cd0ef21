"""The Helmholtz equation with an oscillating source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.calculus import laplacian
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.ansatz import hard_dirichlet
from physml.pinn.by_recipe import entry
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record
from physml.types import Field


@dataclass(frozen=True, kw_only=True)
class Helmholtz(Statement):
    """``Δu + u = f`` on the unit square, zero on its boundary.

    Attributes:
        waves: m, half waves along each axis of ``u = sin mπx sin mπy``; the recipe's frequencies
            follow them.
    """

    waves: int = 6

    def __post_init__(self) -> None:
        """Check the number at once."""
        whole_fields(self)
        self.expect(self.waves >= 1, "waves", "at least 1")

    def equation(self, u: Field, z: Array) -> Array:
        """``Δu + u − f`` with ``f = (1 − 2 (mπ)²) sin mπx sin mπy``."""
        source = (1 - 2 * (self.waves * jnp.pi) ** 2) * self.exact(z)
        return laplacian(u)(z) + u(z) - source

    def exact(self, z: Any) -> Any:
        """``sin mπx sin mπy``, at a point or at points."""
        xp, (x, y) = z.__array_namespace__(), self.waves * np.pi * z.T
        return xp.sin(x) * xp.sin(y)

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        domain = Box(x=(0, 1), y=(0, 1))
        return Problem(
            domain=domain,
            equation=self.equation,
            ansatz=hard_dirichlet(domain),
            exact=self.exact,
            name="helmholtz",
        )


def recipe(subject: Helmholtz) -> Recipe:
    """A SIREN whose frequencies follow the waves."""
    return Recipe(
        network=NetworkSettings(name="siren", width=32, depth=2, frequency=2.5 * subject.waves),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        steps=150,
    )


ENTRY = entry(
    "helmholtz",
    "Δu + u = f, u = sin mπx sin mπy",
    "exact: sin mπx sin mπy",
    Helmholtz(),
    recipe,
    records=(Record("2.0e-07 relative L2", 108, "docs/results/pinn.md"),),
)
