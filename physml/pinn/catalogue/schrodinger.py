"""The focusing nonlinear Schrödinger equation: a second-order breather."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn import references
from physml.pinn.catalogue.entry import Entry
from physml.pinn.conditions import initial
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.types import Field


def equation(h: Field, z: Array) -> Array:
    """``i h_t + ½ h_xx + |h|² h`` of ``h = h₁ + i h₂`` as ``(h₁, h₂)``: imaginary and real part."""
    value, (slope, other_slope) = h(z), partial(h, 0)(z)
    rest = partial(h, 1, 1)(z) / 2 + jnp.sum(value**2) * value
    return jnp.stack([slope + rest[1], -other_slope + rest[0]])


def start(z: Array) -> Array:
    """``(2 sech x, 0)``."""
    return jnp.stack([2 / jnp.cosh(z[1]), 0 * z[1]])


def schrodinger() -> Problem:
    """``i h_t + ½ h_xx + |h|² h = 0`` on [−5, 5], periodic, ``h(0, x) = 2 sech x``, to t = π/2."""
    return Problem(
        domain=Box(t=(0, np.pi / 2), x=(-5, 5)),
        equation=equation,
        conditions=[initial(start, weight=100.0)],
        periodic="x",
        components=2,
        exact=references.schrodinger,
        reference_error=references.SCHRODINGER_ERROR,
        name="schrodinger",
    )


ENTRY = Entry(
    "schrodinger",
    "i h_t + ½ h_xx + |h|² h = 0, h(0, x) = 2 sech x",
    "own spectral solution (Lawson)",
    schrodinger,
    Recipe(
        network=NetworkSettings(width=20, depth=4),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        redraw=20,
        steps=150,
    ),
)
