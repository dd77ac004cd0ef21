"""The Poisson equation in the unit cube of five dimensions."""

from __future__ import annotations

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

NAMES = ("a", "b", "c", "d", "e")


def equation(u: Field, z: Array) -> Array:
    """``−Δu − π² Σ cos πx_i``."""
    return -laplacian(u)(z) - jnp.pi**2 * jnp.sum(jnp.cos(jnp.pi * z))


def exact(points: np.ndarray) -> np.ndarray:
    """``Σ cos πx_i``."""
    return np.asarray(np.sum(np.cos(np.pi * points), axis=1))


def poisson_5d() -> Problem:
    """``−Δu = π² Σ cos πx_i`` in [0, 1]⁵ with the values of ``Σ cos πx_i`` on the boundary.

    Source: Müller and Zeinhofer (2023), arXiv:2302.13163, section 4.
    """
    return Problem(
        domain=Box(**dict.fromkeys(NAMES, (0.0, 1.0))),
        equation=equation,
        conditions=[
            dirichlet(lambda z: jnp.sum(jnp.cos(jnp.pi * z)), NAMES, name="boundary", weight=10.0)
        ],
        exact=exact,
        name="poisson-5d",
    )


ENTRY = Entry(
    "poisson-5d",
    "−Δu = π² Σ cos πx_i in five dimensions",
    "exact: Σ cos πx_i",
    poisson_5d,
    Recipe(
        network=NetworkSettings(width=32, depth=3),
        optimizer=OptimizerSettings(name="natural-gradient", damping=1e-8, line_search=16),
        points=1600,
        steps=200,
    ),
)
