"""The Poisson equation with four wave lengths at once."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import laplacian
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.catalogue.entry import Entry
from physml.pinn.conditions import dirichlet
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.types import Field

WAVES = tuple(np.pi * w for w in (4.0, 8.0, 12.0, 16.0))


def _standing(z: Any, w: float) -> Any:
    xp = z.__array_namespace__()
    return xp.prod(xp.sin(w * z), axis=-1)


def exact(z: Any) -> Any:
    """``¼ Σ sin wx sin wy`` over w = 4π, 8π, 12π, 16π, at a point or at points."""
    return sum(_standing(z, w) for w in WAVES) / 4


def source(z: Any) -> Any:
    """``½ Σ w² sin wx sin wy``, whose largest part is 64 times that of u."""
    return sum(w**2 * _standing(z, w) for w in WAVES) / 2


def equation(u: Field, z: Array) -> Array:
    """``−Δu − f`` over the largest part of f, so that it is of size one."""
    return (-laplacian(u)(z) - source(z)) / (WAVES[-1] ** 2 / 2)


def waves(z: Array) -> Array:
    """``(8,)``: ``sin wx`` and ``sin wy``, the waves of the source."""
    return jnp.sin(jnp.outer(z, jnp.asarray(WAVES, z.dtype))).ravel()


def poisson_multiscale() -> Problem:
    """``−Δu = f`` on the unit square, zero on its boundary, with u of 2 to 8 waves an axis.

    The network sees the waves of the source beside x and y. Without them a SIREN of two layers of
    24 and frequencies up to those of f was still 90% wrong after 50 steps.
    """
    return Problem(
        domain=Box(x=(0, 1), y=(0, 1)),
        equation=equation,
        conditions=[dirichlet(0.0, ("x", "y"), name="boundary", weight=10.0)],
        features=waves,
        exact=exact,
        name="poisson-multiscale",
    )


ENTRY = Entry(
    "poisson-multiscale",
    "−Δu = f with waves of 4π to 16π",
    "exact: ¼ Σ sin wx sin wy",
    poisson_multiscale,
    Recipe(
        network=NetworkSettings(width=20, depth=2),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        condition_points=512,
        steps=100,
    ),
)
