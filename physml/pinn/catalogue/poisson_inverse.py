"""The conductivity of a plate from noisy values of its temperature."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.calculus import divergence, gradient
from physml.memory import Need, check_memory
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.ansatz import hard_dirichlet
from physml.pinn.by_recipe import entry
from physml.pinn.conditions import measured
from physml.pinn.geometry import Box
from physml.pinn.problem import Network, Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record
from physml.types import Field


def temperature(z: Any) -> Any:
    """``sin πx sin πy``, at a point or at points."""
    xp, (x, y) = z.__array_namespace__(), np.pi * z.T
    return xp.sin(x) * xp.sin(y)


def conductivity(z: Any) -> Any:
    """``1 + ½ sin 2πx cos πy``, at a point or at points."""
    xp, (x, y) = z.__array_namespace__(), np.pi * z.T
    return 1 + xp.sin(2 * x) * xp.cos(y) / 2


def _flow(a: Field, u: Field, z: Array) -> Array:
    """``−∇·(a ∇u)``."""
    return -divergence(lambda y: a(y) * gradient(u)(y))(z)


def equation(unknowns: Any, z: Array) -> Array:
    """``−∇·(a ∇u) − f``, with the source ``f`` of the exact pair."""
    return _flow(unknowns["a"], unknowns["u"], z) - _flow(conductivity, temperature, z)


def positive(N: Field, z: Array) -> Array:
    """``ln(1 + e^N)``."""
    return jnp.asarray(jax.nn.softplus(N(z)))


@dataclass(frozen=True, kw_only=True)
class PoissonInverse(Statement):
    """``−∇·(a ∇u) = f`` on the unit square, ``u = 0`` around it, a(x) to be found from values of u.

    Unknowns ``"u"`` and ``"a"``. The conductivity is determined, since inside ∇u vanishes at one
    point only and there ``−a Δu = f``.

    Attributes:
        count: how many measurements.
        noise: their deviation; the largest temperature is 1.
        seed: of their points and noise.
    """

    count: int = 2500
    noise: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        whole_fields(self)
        self.expect(self.count >= 1, "count", "at least 1")
        need = Need(f"2 × {self.count} measurements × 3 numbers", 6 * self.count, 8)
        check_memory("count", [need], "count", host=True)
        self.expect(0 <= self.noise < math.inf, "noise", "a number ≥ 0")
        self.expect(self.seed >= 0, "seed", "a whole number ≥ 0")

    def measurements(self) -> tuple[np.ndarray, np.ndarray]:
        """Points ``(n, 2)`` at random and temperatures with Gaussian noise."""
        rng = np.random.default_rng(self.seed)
        points = rng.uniform(size=(self.count, 2))
        return points, temperature(points) + self.noise * rng.normal(size=self.count)

    def problem(self) -> Problem:
        """Equation, domain, data, reference."""
        domain = Box(x=(0, 1), y=(0, 1))
        points, values = self.measurements()
        return Problem(
            domain=domain,
            equation=equation,
            ansatz={"u": hard_dirichlet(domain), "a": positive},
            conditions=[measured(points, values, unknown="u")],
            exact={"u": temperature, "a": conductivity},
            name="poisson-inverse",
        )

    def network(self, recipe: Recipe) -> Network:
        """Temperature by the recipe's network, conductivity by a layer less and half the width.

        What the noise cannot tell, a large network would invent.
        """
        smaller = replace(
            recipe.network,
            width=max(1, recipe.network.width // 2),
            depth=max(1, recipe.network.depth - 1),
        )
        return {"u": recipe.network.build(), "a": smaller.build()}


ENTRY = entry(
    "poisson-inverse",
    "−∇·(a ∇u) = f, a(x) from noisy values",
    "exact: a = 1 + ½ sin 2πx cos πy",
    PoissonInverse(),
    Recipe(
        network=NetworkSettings(width=20, depth=2),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=1024,
        steps=60,
    ),
    records=(Record("u 2.4e-03, a 1.9e-02 relative L2", 20, "docs/results/pinn.md"),),
)
