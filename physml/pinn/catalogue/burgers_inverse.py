"""The viscosity of Burgers' equation from noisy values of its solution."""

from __future__ import annotations

from functools import partial as bind
from typing import Any

import numpy as np
from jax import Array

from physml.calculus import gradient, partial
from physml.networks import Constant
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.catalogue.burgers import ansatz
from physml.pinn.catalogue.cole_hopf import cole_hopf
from physml.pinn.catalogue.entry import Entry
from physml.pinn.conditions import measured
from physml.pinn.geometry import Box
from physml.pinn.problem import Network, Problem
from physml.pinn.recipe import Recipe

VISCOSITY = 0.01 / np.pi


def equation(unknowns: Any, z: Array) -> Array:
    """``u_t + u u_x − ν u_xx`` with ``ν`` unknown."""
    u, viscosity = unknowns["u"], unknowns["viscosity"](z)
    u_t, u_x = gradient(u)(z)
    return u_t + u(z) * u_x - viscosity * partial(u, 1, 1)(z)


def measurements(count: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points ``(n, 2)`` at random and values of the exact solution with Gaussian noise.

    Args:
        count: how many.
        noise: its deviation relative to that of the values.
        seed: of points and noise.
    """
    rng = np.random.default_rng(seed)
    points = rng.uniform([0, -1], [1, 1], (count, 2))
    values = cole_hopf(points, viscosity=VISCOSITY)
    return points, values + noise * values.std() * rng.normal(size=count)


def burgers_inverse(*, count: int = 500, noise: float = 0.01, seed: int = 0) -> Problem:
    """``u_t + u u_x = ν u_xx`` on [−1, 1], ν to be found from measurements of u.

    Unknowns ``"u"`` and ``"viscosity"``, truly 0.01/π; the initial value is known. Only points in
    the shock tell ν: by the bound of Cramér and Rao 500 points at random with 1% noise leave a
    deviation of 0.7 to 1.1% of ν, depending on where they fall, if nothing else were unknown.

    Args:
        count: how many measurements.
        noise: their deviation, relative to that of the values.
        seed: of their points and noise.
    """
    points, values = measurements(count, noise, seed)
    return Problem(
        domain=Box(t=(0, 1), x=(-1, 1)),
        equation=equation,
        ansatz={"u": ansatz},
        periodic="x",
        conditions=[measured(points, values, unknown="u", weight=0.1)],
        exact={
            "u": bind(cole_hopf, viscosity=VISCOSITY),
            "viscosity": lambda points: np.full(len(points), VISCOSITY),
        },
        reference_error=1e-15,
        name="burgers-inverse",
    )


def unknowns(recipe: Recipe) -> Network:
    """The solution by the recipe's network, and a constant, ten times too large at first."""
    return {
        "u": recipe.network.build(),
        "viscosity": Constant(10 * VISCOSITY, positive=True),
    }


ENTRY = Entry(
    "burgers-inverse",
    "u_t + u u_x = ν u_xx, ν from 500 values with 1% noise",
    "exact: ν = 0.01/π, Cole–Hopf quadrature",
    burgers_inverse,
    Recipe(
        network=NetworkSettings(width=20, depth=4),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=4096,
        redraw=20,
        steps=120,
    ),
    unknowns=unknowns,
)
