"""A Poisson equation with waves of four lengths."""

from __future__ import annotations

from typing import Any

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

WAVES = (4, 8, 12, 16)


def mode(z: Any, w: int) -> Any:
    """``sin wπx sin wπy``."""
    xp, (x, y) = z.__array_namespace__(), w * np.pi * z.T
    return xp.sin(x) * xp.sin(y)


def exact(z: Any) -> Any:
    """The mean of ``sin wπx sin wπy`` over ``w = 4, 8, 12, 16``."""
    return sum(mode(z, w) for w in WAVES) / len(WAVES)


def equation(u: Field, z: Array) -> Array:
    """``−Δu − f`` with ``f`` the mean of ``2 (wπ)² sin wπx sin wπy``."""
    source = sum(2 * (w * np.pi) ** 2 * mode(z, w) for w in WAVES) / len(WAVES)
    return -laplacian(u)(z) - source


def poisson_multiscale() -> Problem:
    """``−Δu = f`` on the unit square, zero on its boundary, with waves of four lengths."""
    domain = Box(x=(0, 1), y=(0, 1))
    return Problem(
        domain=domain,
        equation=equation,
        ansatz=hard_dirichlet(domain),
        exact=exact,
        name="poisson-multiscale",
    )


ENTRY = Entry(
    "poisson-multiscale",
    "−Δu = f, waves of four lengths",
    "exact: mean of sin wπx sin wπy, w = 4, 8, 12, 16",
    poisson_multiscale,
    Recipe(
        network=NetworkSettings(name="siren", width=48, depth=2, frequency=30.0),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=4096,
        steps=100,
    ),
)
