"""The Helmholtz equation with an oscillating source."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import laplacian
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.ansatz import hard_dirichlet
from physml.pinn.catalogue.entry import Entry
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.types import Field

WAVES = 6


def equation(u: Field, z: Array) -> Array:
    """``Δu + u − f`` with ``f = (1 − 2 (6π)²) sin 6πx sin 6πy``."""
    source = (1 - 2 * (WAVES * jnp.pi) ** 2) * exact(z)
    return laplacian(u)(z) + u(z) - source


def exact(z: Any) -> Any:
    """``sin 6πx sin 6πy``."""
    xp, (x, y) = z.__array_namespace__(), WAVES * np.pi * z.T
    return xp.sin(x) * xp.sin(y)


def helmholtz() -> Problem:
    """``Δu + u = f`` on the unit square, zero on its boundary."""
    domain = Box(x=(0, 1), y=(0, 1))
    return Problem(
        domain=domain,
        equation=equation,
        ansatz=hard_dirichlet(domain),
        exact=exact,
        name="helmholtz",
    )


ENTRY = Entry(
    "helmholtz",
    "Δu + u = f, u = sin 6πx sin 6πy",
    "exact: sin 6πx sin 6πy",
    helmholtz,
    Recipe(
        network=NetworkSettings(name="siren", width=32, depth=2, frequency=15.0),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        steps=150,
    ),
)
