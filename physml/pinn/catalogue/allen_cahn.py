"""The Allen–Cahn equation: layers that sharpen, and a kink where the period closes."""

from __future__ import annotations

import jax.numpy as jnp
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


def equation(u: Field, z: Array) -> Array:
    """``u_t − 10⁻⁴ u_xx − 5u + 5u³``."""
    value = u(z)
    return partial(u, 0)(z) - 1e-4 * partial(u, 1, 1)(z) - 5 * value + 5 * value**3


def start(z: Array) -> Array:
    """``x² cos πx``, whose slope jumps at x = ±1."""
    return z[1] ** 2 * jnp.cos(jnp.pi * z[1])


def allen_cahn() -> Problem:
    """``u_t = 10⁻⁴ u_xx + 5u − 5u³`` on [−1, 1], periodic, ``u(0, x) = x² cos πx``, to t = 1."""
    return Problem(
        domain=Box(t=(0, 1), x=(-1, 1)),
        equation=equation,
        conditions=[initial(start, weight=100.0)],
        periodic="x",
        exact=references.allen_cahn,
        reference_error=references.ALLEN_CAHN_ERROR,
        name="allen-cahn",
    )


ENTRY = Entry(
    "allen-cahn",
    "u_t = 10⁻⁴ u_xx + 5u − 5u³, u(0, x) = x² cos πx",
    "own spectral solution (ETDRK4)",
    allen_cahn,
    Recipe(
        network=NetworkSettings(width=20, depth=4),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=4096,
        condition_points=1024,
        redraw=20,
        steps=200,
    ),
)
