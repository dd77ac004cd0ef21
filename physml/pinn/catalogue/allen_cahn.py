"""The Allen–Cahn equation: layers that sharpen, and a kink where the period closes."""

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
from physml.pinn.conditions import initial
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record
from physml.types import Field


def start(z: Array) -> Array:
    """``x² cos πx``, whose slope jumps at x = ±1."""
    return z[1] ** 2 * jnp.cos(jnp.pi * z[1])


@dataclass(frozen=True, kw_only=True)
class AllenCahn(Statement):
    """``u_t = D u_xx + k (u − u³)`` on [−1, 1], periodic, ``u(0, x) = x² cos πx``, to t = 1.

    The reference is known for D = 10⁻⁴ and k = 5.

    Attributes:
        diffusion: D.
        reaction: k.
    """

    diffusion: float = 1e-4
    reaction: float = 5.0

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        self.expect(0 < self.diffusion < math.inf, "diffusion", "a number > 0")
        self.expect(0 <= self.reaction < math.inf, "reaction", "a number ≥ 0")

    def equation(self, u: Field, z: Array) -> Array:
        """``u_t − D u_xx − ku + ku³``."""
        value, k = u(z), self.reaction
        return partial(u, 0)(z) - self.diffusion * partial(u, 1, 1)(z) - k * value + k * value**3

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        known = self == AllenCahn()
        return Problem(
            domain=Box(t=(0, 1), x=(-1, 1)),
            equation=self.equation,
            conditions=[initial(start, weight=100.0)],
            periodic="x",
            exact=references.allen_cahn if known else None,
            reference_error=references.ALLEN_CAHN_ERROR if known else 0.0,
            name="allen-cahn",
        )


ENTRY = entry(
    "allen-cahn",
    "u_t = D u_xx + k(u − u³), u(0, x) = x² cos πx",
    "own spectral solution (ETDRK4)",
    AllenCahn(),
    Recipe(
        network=NetworkSettings(width=20, depth=4),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=4096,
        condition_points=1024,
        redraw=20,
        steps=200,
    ),
    records=(Record("1.6e-05 relative L2", 203, "docs/results/pinn.md"),),
)
