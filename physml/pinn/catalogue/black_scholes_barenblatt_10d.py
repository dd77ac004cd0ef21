"""The Black–Scholes–Barenblatt equation of ten prices whose volatility is uncertain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jax import Array

from physml.calculus import gradient, laplacian
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.by_recipe import entry
from physml.pinn.conditions import dirichlet
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.types import Field

PRICES = tuple(f"x{i + 1}" for i in range(10))

_LARGEST = 2.0


@dataclass(frozen=True, kw_only=True)
class BlackScholesBarenblatt10D(Statement):
    """``u_t + ½σ² Σ xᵢ² u_ii = r (u − x·∇u)`` on [0, 2]¹⁰ from ``u(1, x) = |x|²`` back to t = 0.

    The worst volatility of ``[0, σ]`` is ``σ`` where ``u`` is convex in each price, as it is here.
    Exact: ``e^{(r+σ²)(1−t)} |x|²``, which is given at the largest prices; at the price 0 nothing
    is, since nothing diffuses there.

    Attributes:
        volatility: ``σ``.
        interest: ``r``.

    Source: Raissi (2018), arXiv:1804.07010, in a hundred dimensions.
    """

    volatility: float = 0.4
    interest: float = 0.05

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        self.expect(0 < self.volatility < math.inf, "volatility", "a number > 0")
        self.expect(math.isfinite(self.interest), "interest", "a finite number")

    def equation(self, u: Field, z: Array) -> Array:
        """``u_t + ½σ² Σ xᵢ² u_ii − r (u − x·∇u)``.

        The sum is the Laplacian of ``s -> u(t, xᵢ (1 + σ sᵢ))`` at ``s = 0``.
        """
        x, slope = z[1:], gradient(u)(z)
        scaled = lambda s: u(jnp.concatenate([z[:1], x * (1 + self.volatility * s)]))  # noqa: E731
        diffusion = 0.5 * laplacian(scaled)(jnp.zeros_like(x))
        return slope[0] + diffusion - self.interest * (u(z) - x @ slope[1:])

    def ansatz(self, N: Field, z: Array) -> Array:
        """``|x|² + (1 − t) N``."""
        return z[1:] @ z[1:] + (1 - z[0]) * N(z)

    def exact(self, z: Any) -> Any:
        """``e^{(r+σ²)(1−t)} |x|²``, at a point or at points."""
        xp = z.__array_namespace__()
        rate = self.interest + self.volatility**2
        return xp.exp(rate * (1 - z[..., 0])) * xp.sum(z[..., 1:] ** 2, axis=-1)

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        return Problem(
            domain=Box(t=(0, 1), **dict.fromkeys(PRICES, (0, _LARGEST))),
            equation=self.equation,
            ansatz=self.ansatz,
            conditions=[
                dirichlet(self.exact, tuple(f"{name}+" for name in PRICES), name="largest")
            ],
            exact=self.exact,
            name="black-scholes-barenblatt-10d",
        )


ENTRY = entry(
    "black-scholes-barenblatt-10d",
    "u_t + ½σ² Σ xᵢ² u_ii = r (u − x·∇u), u(1) = |x|², ten prices",
    "exact: exp((r + σ²)(1 − t)) |x|²",
    BlackScholesBarenblatt10D(),
    Recipe(
        network=NetworkSettings(width=16, depth=2),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=512,
        condition_points=256,
        steps=50,
    ),
    quick=Recipe(
        network=NetworkSettings(width=12, depth=1), points=256, condition_points=128, steps=30
    ),
)
