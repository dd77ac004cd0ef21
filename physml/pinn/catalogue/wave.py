"""The wave equation with two standing waves."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.catalogue.entry import Entry
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.types import Field


def equation(u: Field, z: Array) -> Array:
    """``u_tt − 4 u_xx``."""
    return partial(u, 0, 0)(z) - 4 * partial(u, 1, 1)(z)


def ansatz(N: Field, z: Array) -> Array:
    """``(1 − t²) u₀ + x(1 − x) t² N``: value, velocity 0 and cold ends exactly."""
    t, x = z
    start = jnp.sin(jnp.pi * x) + 0.5 * jnp.sin(4 * jnp.pi * x)
    return (1 - t**2) * start + x * (1 - x) * t**2 * N(z)


def exact(points: np.ndarray) -> np.ndarray:
    """``sin πx cos 2πt + ½ sin 4πx cos 8πt``."""
    t, x = np.pi * points.T
    return np.asarray(np.sin(x) * np.cos(2 * t) + 0.5 * np.sin(4 * x) * np.cos(8 * t))


def wave() -> Problem:
    """``u_tt = 4 u_xx`` on [0, 1], ``u(0, x) = sin πx + ½ sin 4πx``, at rest, to t = 1."""
    return Problem(
        domain=Box(t=(0, 1), x=(0, 1)),
        equation=equation,
        ansatz=ansatz,
        exact=exact,
        name="wave",
    )


ENTRY = Entry(
    "wave",
    "u_tt = 4 u_xx, u(0, x) = sin πx + ½ sin 4πx",
    "exact: two standing waves",
    wave,
    Recipe(
        network=NetworkSettings(width=20, depth=4),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=4096,
        steps=200,
    ),
)
