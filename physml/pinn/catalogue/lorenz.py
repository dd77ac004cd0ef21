"""The Lorenz system, chaotic, in slabs of time."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from physml.calculus import partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn import references
from physml.pinn.catalogue.entry import Entry
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.types import Field


def equation(u: Field, z: Array) -> Array:
    """``ẋ − 10(y − x)``, ``ẏ − x(28 − z) + y``, ``ż − xy + 8z/3``."""
    x, y, height = u(z)
    rates = jnp.stack([10 * (y - x), x * (28 - height) - y, x * y - 8 * height / 3])
    return partial(u, 0)(z) - rates


def start(z: Array) -> Array:
    """``(1, 1, 1)``."""
    return jnp.ones(3, z.dtype)


def slab(domain: Box, start: Field) -> Problem:
    """From ``start`` at the slab's first time, exactly."""
    first = float(domain.lower[0])
    return Problem(
        domain=domain,
        equation=equation,
        ansatz=lambda N, z: start(z) + 10 * (z[0] - first) * N(z),
        components=3,
        exact=references.lorenz,
        reference_error=references.LORENZ_ERROR,
        name="lorenz",
    )


def lorenz() -> Problem:
    """Lorenz's convection, σ = 10, ρ = 28, β = 8/3, from (1, 1, 1) to t = 8.

    Source: Lorenz (1963), doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.
    """
    return slab(Box(t=(0, 8)), start)


ENTRY = Entry(
    "lorenz",
    "ẋ = 10(y − x), ẏ = x(28 − z) − y, ż = xy − 8z/3",
    "own Runge–Kutta solution (DOP853)",
    lorenz,
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
    slab=slab,
    start=start,
)
