"""Advection far beyond one period."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import gradient
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.by_recipe import entry
from physml.pinn.conditions import initial, periodic
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record
from physml.types import Field


@dataclass(frozen=True, kw_only=True)
class Advection(Statement):
    """``u_t + c u_x = 0`` on [0, 2π], periodic, ``u(0, x) = sin x``, to t = 1.

    Attributes:
        speed: c; the recipe's frequencies follow it.
    """

    speed: float = 50.0

    def __post_init__(self) -> None:
        """Check the number at once."""
        self.expect(math.isfinite(self.speed), "speed", "a finite number")

    def equation(self, u: Field, z: Array) -> Array:
        """``u_t + c u_x``."""
        u_t, u_x = gradient(u)(z)
        return u_t + self.speed * u_x

    def exact(self, z: Any) -> Any:
        """``sin(x − c t)``, at a point or at points."""
        t, x = z.T
        return z.__array_namespace__().sin(x - self.speed * t)

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        return Problem(
            domain=Box(t=(0, 1), x=(0, 2 * np.pi)),
            equation=self.equation,
            conditions=[
                initial(lambda z: jnp.sin(z[1]), weight=100.0),
                periodic("x", derivatives=0, weight=100.0),
            ],
            exact=self.exact,
            name="advection",
        )


def recipe(subject: Advection) -> Recipe:
    """A SIREN whose frequencies follow the speed."""
    frequency = max(1.0, abs(subject.speed))
    return Recipe(
        network=NetworkSettings(name="siren", width=24, depth=2, frequency=frequency),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        steps=150,
    )


ENTRY = entry(
    "advection",
    "u_t + c u_x = 0, u(0, x) = sin x",
    "exact: sin(x − c t)",
    Advection(),
    recipe,
    records=(Record("3.2e-07 relative L2", 39, "docs/results/pinn.md"),),
)
