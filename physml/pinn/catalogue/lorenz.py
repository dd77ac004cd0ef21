"""The Lorenz system, chaotic, in slabs of time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array

from physml.calculus import partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn import references
from physml.pinn.by_recipe import entry
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Slabs, Statement
from physml.train.entry import Record
from physml.types import Field


def start(z: Array) -> Array:
    """``(1, 1, 1)``."""
    return jnp.ones(3, z.dtype)


@dataclass(frozen=True, kw_only=True)
class Lorenz(Statement):
    """``ẋ = σ(y − x)``, ``ẏ = x(ρ − z) − y``, ``ż = xy − βz``, convection, from (1, 1, 1) to t = 8.

    The reference is known for the defaults.

    Source: Lorenz (1963), doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.

    Attributes:
        sigma: σ.
        rho: ρ.
        beta: β.
    """

    sigma: float = 10.0
    rho: float = 28.0
    beta: float = 8 / 3

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        for name in ("sigma", "rho", "beta"):
            self.expect(math.isfinite(getattr(self, name)), name, "a finite number")

    def equation(self, u: Field, z: Array) -> Array:
        """``ẋ − σ(y − x)``, ``ẏ − x(ρ − z) + y``, ``ż − xy + βz``."""
        x, y, height = u(z)
        fall = 3 * self.beta  # so that 8/3 leaves 8z/3 as it is, to the last bit
        sigma, rho = self.sigma, self.rho
        rates = jnp.stack([sigma * (y - x), x * (rho - height) - y, x * y - fall * height / 3])
        return partial(u, 0)(z) - rates

    def slab(self, domain: Box, start: Field) -> Problem:
        """From ``start`` at the slab's first time, exactly."""
        first, known = float(domain.lower[0]), self == Lorenz()
        return Problem(
            domain=domain,
            equation=self.equation,
            ansatz=lambda N, z: start(z) + 10 * (z[0] - first) * N(z),
            components=3,
            exact=references.lorenz if known else None,
            reference_error=references.LORENZ_ERROR if known else 0.0,
            name="lorenz",
        )

    def problem(self) -> Problem:
        """The whole of the time."""
        return self.slab(Box(t=(0, 8)), start)

    @property
    def slabs(self) -> Slabs:
        """From ``start``."""
        return Slabs(self.slab, start)


ENTRY = entry(
    "lorenz",
    "ẋ = σ(y − x), ẏ = x(ρ − z) − y, ż = xy − βz",
    "own Runge–Kutta solution (DOP853)",
    Lorenz(),
    Recipe(
        network=NetworkSettings(width=20, depth=2),
        # Nearby solutions part like exp(0.9 t): each slab is solved to rounding.
        optimizer=OptimizerSettings(
            name="gauss-newton", ratio=0.3, accuracy="svd", switch_ratio=0.5
        ),
        points=192,
        steps=100,
        slabs=16,
    ),
    records=(Record("1.3e-07 relative L2", 316, "docs/results/pinn.md"),),
)
