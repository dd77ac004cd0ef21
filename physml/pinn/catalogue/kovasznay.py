"""Kovasznay's exact solution of the steady Navier–Stokes equations behind a grid."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import jacobian, laplacian
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
class Kovasznay(Statement):
    """Steady flow on [−½, 1] × [−½, 3/2]: velocity given on all sides, pressure on the right.

    Source: Kovasznay (1948), doi:10.1017/S0305004100023999.

    Attributes:
        reynolds: Re.
    """

    reynolds: float = 40.0

    def __post_init__(self) -> None:
        """Check the number at once."""
        self.expect(0 < self.reynolds < math.inf, "reynolds", "a number > 0")

    @property
    def rate(self) -> float:
        """``λ = Re/2 − √(Re²/4 + 4π²)``."""
        return float(self.reynolds / 2 - np.sqrt(self.reynolds**2 / 4 + 4 * np.pi**2))

    def equation(self, w: Field, z: Array) -> Array:
        """``u·∇u + ∇p − Δu/Re`` and ``∇·u`` of ``w = (u, v, p)``."""
        velocity, slopes = w(z)[:2], jacobian(w)(z)
        viscous = laplacian(w)(z)[:2] / self.reynolds
        momentum = slopes[:2] @ velocity + slopes[2] - viscous
        return jnp.append(momentum, slopes[0, 0] + slopes[1, 1])

    def flow(self, z: Array) -> Array:
        """``(1 − e^{λx} cos 2πy, (λ/2π) e^{λx} sin 2πy, ½(1 − e^{2λx}))``: (u, v, p) at a point."""
        x, y = z
        decay = jnp.exp(self.rate * x)
        u = 1 - decay * jnp.cos(2 * jnp.pi * y)
        v = self.rate / (2 * jnp.pi) * decay * jnp.sin(2 * jnp.pi * y)
        return jnp.stack([u, v, (1 - decay**2) / 2])

    def exact(self, points: np.ndarray) -> np.ndarray:
        """``flow`` at points ``(n, 2)`` in float64, ``(n, 3)``."""
        x, y = points.T
        decay = np.exp(self.rate * x)
        u = 1 - decay * np.cos(2 * np.pi * y)
        v = self.rate / (2 * np.pi) * decay * np.sin(2 * np.pi * y)
        return np.stack([u, v, (1 - decay**2) / 2], axis=1)

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        domain = Box(x=(-0.5, 1), y=(-0.5, 1.5))
        velocity = hard_dirichlet(domain, lambda z: self.flow(z)[:2])
        pressure = hard_dirichlet(domain, lambda z: self.flow(z)[2], on="x+")

        def ansatz(N: Field, z: Array) -> Array:
            """Both interpolated from the sides, where the network's share vanishes."""
            u = velocity(lambda y: N(y)[:2], z)
            return jnp.append(u, pressure(lambda y: N(y)[2], z))

        return Problem(
            domain=domain,
            equation=self.equation,
            ansatz=ansatz,
            components=3,
            exact=self.exact,
            name="kovasznay",
        )


def quick(kovasznay: Kovasznay) -> Recipe:
    """A quarter of the points and less than half of the steps, for a first look."""
    del kovasznay
    return replace(ENTRY.recipe, points=512, steps=80)


ENTRY = entry(
    "kovasznay",
    "u·∇u = −∇p + Δu/Re, ∇·u = 0",
    "exact: Kovasznay (1948)",
    Kovasznay(),
    Recipe(
        network=NetworkSettings(width=20, depth=3),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        steps=200,
    ),
    quick=quick,
    records=(Record("5.3e-09 relative L2", 173, "docs/results/pinn.md"),),
)
