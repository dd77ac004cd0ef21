"""Flow in a square cavity whose lid moves."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from physml.calculus import gradient, jacobian, laplacian
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn import references
from physml.pinn.catalogue.entry import Entry
from physml.pinn.conditions import integral
from physml.pinn.geometry import Box
from physml.pinn.problem import Network, Problem
from physml.pinn.recipe import Recipe
from physml.types import Field

REYNOLDS = 100.0


def equation(unknowns: Any, z: Array) -> Array:
    """``u·∇u + ∇p − Δu/Re`` and ``∇·u``, times the distances to both upper corners.

    There ``∇p`` grows like one over the distance, whose square has no integral.
    """
    velocity, pressure = unknowns["velocity"], unknowns["pressure"]
    slopes = jacobian(velocity)(z)
    viscous = laplacian(velocity)(z) / REYNOLDS
    momentum = slopes @ velocity(z) + gradient(pressure)(z) - viscous
    from_corners = jnp.hypot(z[0] - jnp.array([0.0, 1.0]), z[1] - 1)
    return jnp.prod(from_corners) * jnp.append(momentum, slopes[0, 0] + slopes[1, 1])


def ansatz(N: Field, z: Array) -> Array:
    """The lid's velocity, fading towards the bottom, and products that vanish on the walls."""
    x, y = z
    lid = 4 * x * (1 - x) * y**2
    return 16 * x * (1 - x) * y * (1 - y) * N(z) + jnp.stack([lid, 0 * x])


def cavity() -> Problem:
    """Steady flow at Re = 100 in the unit square under a lid of speed ``4x(1 − x)``.

    Unknowns ``"velocity"`` and ``"pressure"``, whose mean is zero. In the upper corners the
    vorticity jumps and the pressure is logarithmic: judge a solution by its velocity.
    """
    return Problem(
        domain=Box(x=(0, 1), y=(0, 1)),
        equation=equation,
        ansatz={"velocity": ansatz},
        conditions=[integral(0.0, ("x", "y"), unknown="pressure", name="mean pressure")],
        components={"velocity": 2},
        exact={
            "velocity": lambda points: references.cavity(points)[:, :2],
            "pressure": lambda points: references.cavity(points)[:, 2],
        },
        reference_error=references.CAVITY_ERROR,
        name="cavity",
    )


def unknowns(recipe: Recipe) -> Network:
    """Velocity and pressure, each by the recipe's network."""
    return {"velocity": recipe.network.build(outputs=2), "pressure": recipe.network.build()}


ENTRY = Entry(
    "cavity",
    "u·∇u = −∇p + Δu/100, ∇·u = 0, lid 4x(1 − x)",
    "own Legendre–Galerkin solution",
    cavity,
    Recipe(
        network=NetworkSettings(width=20, depth=3),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        redraw=20,
        steps=200,
    ),
    unknowns=unknowns,
)
