"""The viscous Burgers equation: a sine that steepens into a shock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial as bind
from typing import ClassVar

import jax.numpy as jnp
from jax import Array

from physml.calculus import gradient, partial
from physml.cole_hopf import CONVERGED, SHOCK, cole_hopf
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.by_recipe import entry
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.types import Field


def ansatz(N: Field, z: Array) -> Array:
    """``−sin πx + t N``: the initial value exactly."""
    return -jnp.sin(jnp.pi * z[1]) + z[0] * N(z)


@dataclass(frozen=True, kw_only=True)
class Burgers(Statement):
    """``u_t + u u_x = ν u_xx`` on [−1, 1], periodic, ``u(0, x) = −sin πx``, to t = 1.

    Attributes:
        viscosity: ν; the exact solution is known, to rounding, from 0.01/π to 0.1.

    >>> import physml as pm
    >>> pm.pinn.catalogue.Burgers(viscosity=0.02).problem().exact is None
    False
    """

    name: ClassVar[str] = "burgers"
    viscosity: float = SHOCK

    def __post_init__(self) -> None:
        """Check the number at once."""
        self.expect(0 < self.viscosity < math.inf, "viscosity", "a number > 0")

    def equation(self, u: Field, z: Array) -> Array:
        """``u_t + u u_x − ν u_xx``."""
        u_t, u_x = gradient(u)(z)
        return u_t + u(z) * u_x - self.viscosity * partial(u, 1, 1)(z)

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        known = CONVERGED[0] <= self.viscosity <= CONVERGED[1]
        return Problem(
            domain=Box(t=(0, 1), x=(-1, 1)),
            equation=self.equation,
            ansatz=ansatz,
            periodic="x",
            exact=bind(cole_hopf, viscosity=self.viscosity) if known else None,
            reference_error=1e-15 if known else 0.0,
            name=self.name,
        )


ENTRY = entry(
    "burgers",
    "u_t + u u_x = ν u_xx, u(0, x) = −sin πx",
    "exact: Cole–Hopf quadrature",
    Burgers(),
    Recipe(
        network=NetworkSettings(width=24, depth=4),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=4096,
        redraw=40,
        steps=200,
    ),
)
