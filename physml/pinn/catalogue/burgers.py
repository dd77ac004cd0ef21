"""The viscous Burgers equation: a sine that steepens into a shock."""

from __future__ import annotations

from functools import partial as bind

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import gradient, partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.catalogue.cole_hopf import cole_hopf
from physml.pinn.catalogue.entry import Entry
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.types import Field


def equation(u: Field, z: Array, *, viscosity: float) -> Array:
    """``u_t + u u_x − ν u_xx``."""
    u_t, u_x = gradient(u)(z)
    return u_t + u(z) * u_x - viscosity * partial(u, 1, 1)(z)


def ansatz(N: Field, z: Array) -> Array:
    """``−sin πx + t N``: the initial value exactly."""
    return -jnp.sin(jnp.pi * z[1]) + z[0] * N(z)


def burgers(viscosity: float = 0.01 / np.pi, *, name: str = "burgers") -> Problem:
    """``u_t + u u_x = ν u_xx`` on [−1, 1], periodic, ``u(0, x) = −sin πx``, to t = 1.

    Args:
        viscosity: ν; the exact solution is converged from 0.01/π up.
        name: for messages and figures.
    """
    return Problem(
        domain=Box(t=(0, 1), x=(-1, 1)),
        equation=bind(equation, viscosity=viscosity),
        ansatz=ansatz,
        periodic="x",
        exact=bind(cole_hopf, viscosity=viscosity),
        reference_error=1e-15,
        name=name,
    )


ENTRY = Entry(
    "burgers",
    "u_t + u u_x = (0.01/π) u_xx, u(0, x) = −sin πx",
    "exact: Cole–Hopf quadrature",
    burgers,
    Recipe(
        network=NetworkSettings(width=24, depth=4),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=4096,
        redraw=40,
        steps=200,
    ),
)
