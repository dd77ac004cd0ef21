"""The wave equation: two standing waves on a string."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.ansatz import hard_dirichlet
from physml.pinn.catalogue.entry import Entry
from physml.pinn.conditions import initial
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.types import Field


def equation(u: Field, z: Array) -> Array:
    """``u_tt − 4 u_xx``."""
    return partial(u, 0, 0)(z) - 4 * partial(u, 1, 1)(z)


def plucked(z: Array) -> Array:
    """``sin πx + ½ sin 4πx``."""
    return jnp.sin(jnp.pi * z[1]) + jnp.sin(4 * jnp.pi * z[1]) / 2


def exact(z: Any) -> Any:
    """``sin πx cos 2πt + ½ sin 4πx cos 8πt``."""
    xp, (t, x) = z.__array_namespace__(), np.pi * z.T
    return xp.sin(x) * xp.cos(2 * t) + xp.sin(4 * x) * xp.cos(8 * t) / 2


def wave() -> Problem:
    """``u_tt = 4 u_xx`` on [0, 1], fixed ends, at rest at first, to t = 1."""
    domain = Box(t=(0, 1), x=(0, 1))
    return Problem(
        domain=domain,
        equation=equation,
        ansatz=hard_dirichlet(domain, on="x"),
        conditions=[initial(plucked, velocity=0.0, weight=100.0)],
        exact=exact,
        name="wave",
    )


ENTRY = Entry(
    "wave",
    "u_tt = 4 u_xx, u(0, x) = sin πx + ½ sin 4πx",
    "exact: sin πx cos 2πt + ½ sin 4πx cos 8πt",
    wave,
    Recipe(
        network=NetworkSettings(name="siren", width=32, depth=2, frequency=10.0),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        steps=150,
    ),
)
