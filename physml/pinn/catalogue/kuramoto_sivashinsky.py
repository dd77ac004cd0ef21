"""The Kuramoto–Sivashinsky equation to the onset of chaos, in slabs of time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
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
    """``cos x (1 + sin x)``."""
    return jnp.cos(z[1]) * (1 + jnp.sin(z[1]))


@dataclass(frozen=True, kw_only=True)
class KuramotoSivashinsky(Statement):
    """``u_t + α u u_x + β u_xx + γ u_xxxx = 0`` on [0, 2π], periodic, to t = ½.

    ``u(0, x) = cos x (1 + sin x)``. By t = ½ the waves have filled the domain and begin to wander;
    until t = 1 errors grow some hundredfold. The reference is known for the defaults.

    Source: Wang, Sankaran and Perdikaris (2024), doi:10.1016/j.cma.2024.116813.

    Attributes:
        transport: α.
        growth: β.
        damping: γ.
    """

    transport: float = 100 / 16
    growth: float = 100 / 16**2
    damping: float = 100 / 16**4

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        self.expect(math.isfinite(self.transport), "transport", "a finite number")
        self.expect(math.isfinite(self.growth), "growth", "a finite number")
        self.expect(0 < self.damping < math.inf, "damping", "a number > 0")

    def equation(self, u: Field, z: Array) -> Array:
        """``u_t + α u u_x + β u_xx + γ u_xxxx`` over 10, which makes it of size one."""
        u_t, u_x = gradient(u)(z)
        rest = self.transport * u(z) * u_x + self.growth * partial(u, 1, 1)(z)
        return (u_t + rest + self.damping * partial(u, 1, 1, 1, 1)(z)) / 10

    def slab(self, domain: Box, start: Field) -> Problem:
        """From ``start`` at the slab's first time, by its 96 waves."""
        known = self == KuramotoSivashinsky()
        return Problem(
            domain=domain,
            equation=self.equation,
            ansatz=interpolated_start(start, domain, waves=96),
            periodic="x",
            exact=references.kuramoto_sivashinsky if known else None,
            reference_error=references.KURAMOTO_SIVASHINSKY_ERROR if known else 0.0,
            name="kuramoto-sivashinsky",
        )

    def problem(self) -> Problem:
        """The whole of the time."""
        return self.slab(Box(t=(0, 0.5), x=(0, 2 * np.pi)), start)

    @property
    def slabs(self) -> Slabs:
        """From ``start``."""
        return Slabs(self.slab, start)


ENTRY = entry(
    "kuramoto-sivashinsky",
    "u_t + α u u_x + β u_xx + γ u_xxxx = 0, u(0, x) = cos x (1 + sin x)",
    "own spectral solution (ETDRK4)",
    KuramotoSivashinsky(),
    Recipe(
        network=NetworkSettings(name="fourier-series", width=9, depth=1, rank=96),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.5),
        points=3072,
        steps=6,
        slabs=40,
        overlap=0.2,
        warm=False,
    ),
    records=(Record("4.4e-04 relative L2", 2285, "docs/results/pinn.md"),),
)
