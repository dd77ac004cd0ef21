"""A Poisson equation on a cube of many dimensions, and solutions of some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jax import Array

from physml.calculus import laplacian
from physml.pinn.conditions import dirichlet
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
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
