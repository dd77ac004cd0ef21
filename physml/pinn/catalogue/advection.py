"""Advection far beyond one period."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import gradient
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.catalogue.entry import Entry
from physml.pinn.conditions import initial, periodic
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.types import Field

SPEED = 50.0


def equation(u: Field, z: Array) -> Array:
    """``u_t + 50 u_x``."""
    u_t, u_x = gradient(u)(z)
    return u_t + SPEED * u_x


def exact(z: Any) -> Any:
    """``sin(x − 50 t)``."""
    t, x = z.T
    return z.__array_namespace__().sin(x - SPEED * t)


def advection() -> Problem:
    """``u_t + 50 u_x = 0`` on [0, 2π], periodic, ``u(0, x) = sin x``, to t = 1."""
    return Problem(
        domain=Box(t=(0, 1), x=(0, 2 * np.pi)),
        equation=equation,
        conditions=[
            initial(lambda z: jnp.sin(z[1]), weight=100.0),
            periodic("x", derivatives=0, weight=100.0),
        ],
        exact=exact,
        name="advection",
    )


ENTRY = Entry(
    "advection",
    "u_t + 50 u_x = 0, u(0, x) = sin x",
    "exact: sin(x − 50 t)",
    advection,
    Recipe(
        network=NetworkSettings(name="siren", width=24, depth=2, frequency=50.0),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        steps=150,
    ),
)
