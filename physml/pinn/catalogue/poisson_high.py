"""Poisson equations in many dimensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


def cosines(z: Any) -> Any:
    """``Σ cos πx_i``, at a point ``(d,)`` or at points ``(n, d)``."""
    xp = z.__array_namespace__()
    return xp.sum(xp.cos(np.pi * z), axis=-1)


def products(z: Any) -> Any:
    """``Σ x_{2i−1} x_{2i}``, harmonic, at a point or at points."""
    return z.__array_namespace__().sum(z[..., 0::2] * z[..., 1::2], axis=-1)


def squares(z: Any) -> Any:
    """``Σ x_i² / d``, at a point or at points."""
    return z.__array_namespace__().mean(z**2, axis=-1)


def poisson(dimension: int, exact: Callable[[Any], Any], source: Field, name: str) -> Problem:
    """``−Δu = f`` on the unit cube, with the exact solution on its boundary."""
    names = [f"x{i + 1}" for i in range(dimension)]

    def equation(u: Field, z: Array) -> Array:
        """``−Δu − f``."""
        return -laplacian(u)(z) - source(z)

    return Problem(
        domain=Box(**dict.fromkeys(names, (0, 1))),
        equation=equation,
        conditions=[dirichlet(exact, names, name="boundary", weight=100.0)],
        exact=exact,
        name=name,
    )


def poisson_5d() -> Problem:
    """``−Δu = π² Σ cos πx_i`` in five dimensions."""
    return poisson(5, cosines, lambda z: np.pi**2 * cosines(z), "poisson-5d")


def poisson_10d() -> Problem:
    """``Δu = 0`` in ten dimensions, with ``u = Σ x_{2i−1} x_{2i}`` on the boundary."""
    return poisson(10, products, lambda z: 0.0 * z[0], "poisson-10d")


def poisson_100d() -> Problem:
    """``−Δu = −2`` in a hundred dimensions, with ``u = Σ x_i² / 100`` on the boundary."""
    return poisson(100, squares, lambda z: -2.0 + 0.0 * z[0], "poisson-100d")


ENTRIES = (
    Entry(
        "poisson-5d",
        "−Δu = π² Σ cos πx_i",
        "exact: Σ cos πx_i",
        poisson_5d,
        Recipe(
            network=NetworkSettings(name="siren", width=24, depth=2),
            optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
            points=2048,
            condition_points=1024,
            steps=150,
        ),
    ),
    Entry(
        "poisson-10d",
        "Δu = 0 in ten dimensions",
        "exact: Σ x_{2i−1} x_{2i}",
        poisson_10d,
        Recipe(
            network=NetworkSettings(name="siren", width=32, depth=2),
            optimizer=OptimizerSettings(name="gauss-newton", ratio=0.3),
            points=2048,
            condition_points=1024,
            steps=150,
        ),
    ),
    Entry(
        "poisson-100d",
        "Δu = 2 in a hundred dimensions",
        "exact: Σ x_i² / 100",
        poisson_100d,
        Recipe(
            # Softplus has a curvature everywhere, and a quadratic form of rank 100 takes as many
            # neurons; points of the boundary tell more of it than the trace that −Δu is.
            network=NetworkSettings(width=128, depth=1, activation="softplus"),
            optimizer=OptimizerSettings(
                name="natural-gradient", learning_rate=1.0, decay=50.0, damping=1e-2
            ),
            points=128,
            condition_points=512,
            redraw=1,
            steps=60,
        ),
    ),
)
