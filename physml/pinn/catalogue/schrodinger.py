"""The focusing nonlinear Schrödinger equation: a second-order breather."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
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
from physml.pinn.trigonometric import interpolated_start
from physml.train.entry import Record
from physml.types import Field


def equation(h: Field, z: Array) -> Array:
    """``i h_t + ½ h_xx + |h|² h`` of ``h = h₁ + i h₂`` as ``(h₁, h₂)``: imaginary and real part."""
    value, (slope, other_slope) = h(z), partial(h, 0)(z)
    rest = partial(h, 1, 1)(z) / 2 + jnp.sum(value**2) * value
    return jnp.stack([slope + rest[1], -other_slope + rest[0]])


def start(z: Array) -> Array:
    """``(2 sech x, 0)``."""
    return jnp.stack([2 / jnp.cosh(z[1]), 0 * z[1]])


@dataclass(frozen=True)
class Schrodinger(Statement):
    """``i h_t + ½ h_xx + |h|² h = 0`` on [−5, 5], periodic, ``h(0, x) = 2 sech x``, to t = π/2.

    The period cuts 2 sech x with a kink, whose waves fall as ``1/k²`` and run for ever: those above
    56 are 3e-5 of the whole.
    """

    def slab(self, domain: Box, start: Field) -> Problem:
        """From ``start`` at the slab's first time, by its 56 waves."""
        return Problem(
            domain=domain,
            equation=equation,
            ansatz=interpolated_start(start, domain, waves=56),
            periodic="x",
            components=2,
            exact=references.schrodinger,
            reference_error=references.SCHRODINGER_ERROR,
            name="schrodinger",
        )

    def problem(self) -> Problem:
        """The whole of the time."""
        return self.slab(Box(t=(0, np.pi / 2), x=(-5, 5)), start)

    @property
    def slabs(self) -> Slabs:
        """From ``start``."""
        return Slabs(self.slab, start)


ENTRY = entry(
    "schrodinger",
    "i h_t + ½ h_xx + |h|² h = 0, h(0, x) = 2 sech x",
    "own spectral solution (Lawson)",
    Schrodinger(),
    Recipe(
        network=NetworkSettings(name="fourier-series", width=9, depth=1, rank=56),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.5),
        points=3072,
        steps=4,
        slabs=32,
        overlap=0.1,
        warm=False,
    ),
    records=(Record("7.1e-05 relative L2", 611, "docs/results/pinn.md"),),
)
