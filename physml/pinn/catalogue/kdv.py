"""The Korteweg–de Vries equation: a cosine that breaks into solitons."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array

from physml.calculus import gradient, partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn import references
from physml.pinn.by_recipe import entry
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Slabs, Statement
from physml.pinn.trigonometric import interpolated_start
from physml.train.entry import Record
from physml.types import Field


def start(z: Array) -> Array:
    """``cos πx``."""
    return jnp.cos(jnp.pi * z[1])


@dataclass(frozen=True, kw_only=True)
class KdV(Statement):
    """``u_t + u u_x + δ² u_xxx = 0`` on [−1, 1], periodic, ``u(0, x) = cos πx``, to t = 1.

    The reference is known for δ = 0.022, by Zabusky and Kruskal (1965),
    doi:10.1103/PhysRevLett.15.240.

    Attributes:
        delta: δ.
    """

    delta: float = 0.022

    def __post_init__(self) -> None:
        """Check the number at once."""
        self.expect(math.isfinite(self.delta), "delta", "a finite number")

    def equation(self, u: Field, z: Array) -> Array:
        """``u_t + u u_x + δ² u_xxx``."""
        u_t, u_x = gradient(u)(z)
        return u_t + u(z) * u_x + self.delta**2 * partial(u, 1, 1, 1)(z)

    def slab(self, domain: Box, start: Field) -> Problem:
        """From ``start`` at the slab's first time, by its 112 waves."""
        known = self == KdV()
        return Problem(
            domain=domain,
            equation=self.equation,
            ansatz=interpolated_start(start, domain, waves=112),
            periodic="x",
            exact=references.kdv if known else None,
            reference_error=references.KDV_ERROR if known else 0.0,
            name="kdv",
        )

    def problem(self) -> Problem:
        """The whole of the time."""
        return self.slab(Box(t=(0, 1), x=(-1, 1)), start)

    @property
    def slabs(self) -> Slabs:
        """From ``start``."""
        return Slabs(self.slab, start)


ENTRY = entry(
    "kdv",
    "u_t + u u_x + δ² u_xxx = 0, u(0, x) = cos πx",
    "own spectral solution (ETDRK4)",
    KdV(),
    Recipe(
        network=NetworkSettings(name="fourier-series", width=9, depth=1, rank=112),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.5),
        points=4096,
        steps=5,
        slabs=25,
        overlap=0.1,
        warm=False,
    ),
    records=(Record("7.9e-07 relative L2", 553, "docs/results/pinn.md"),),
)
