"""Flow in a square cavity whose lid moves."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from physml.calculus import jacobian, laplacian
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn import references
from physml.pinn.catalogue.entry import Entry
from physml.pinn.conditions import integral
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.types import Field

REYNOLDS = 100.0


def equation(w: Field, z: Array) -> Array:
    """``u·∇u + ∇p − Δu/Re`` and ``∇·u`` of ``w = (u, v, p)``."""
    velocity, slopes = w(z)[:2], jacobian(w)(z)
    viscous = laplacian(w)(z)[:2] / REYNOLDS
    momentum = slopes[:2] @ velocity + slopes[2] - viscous
    return jnp.append(momentum, slopes[0, 0] + slopes[1, 1])


def ansatz(N: Field, z: Array) -> Array:
    """The lid's velocity, fading towards the bottom, and products that vanish on the walls."""
    x, y = z
    inside = 16 * x * (1 - x) * y * (1 - y)
    lid = 4 * x * (1 - x) * y**2
    return N(z) * jnp.stack([inside, inside, 1 + 0 * x]) + jnp.stack([lid, 0 * x, 0 * x])


def cavity() -> Problem:
    """Steady flow at Re = 100 in the unit square under a lid of speed ``4x(1 − x)``.

    The pressure has mean zero. The parabolic lid leaves the corners regular.
    """
    return Problem(
        domain=Box(x=(0, 1), y=(0, 1)),
        equation=equation,
        ansatz=ansatz,
        conditions=[integral(0.0, ("x", "y"), of=lambda w, z: w(z)[2], name="mean pressure")],
        components=3,
        exact=references.cavity,
        reference_error=references.CAVITY_ERROR,
        name="cavity",
    )


ENTRY = Entry(
    "cavity",
    "u·∇u = −∇p + Δu/100, ∇·u = 0, lid 4x(1 − x)",
    "own finite elements",
    cavity,
    Recipe(
        network=NetworkSettings(width=20, depth=4),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.3),
        points=2048,
        redraw=20,
        steps=100,
    ),
)
