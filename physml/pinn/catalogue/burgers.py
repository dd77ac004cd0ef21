"""The viscous Burgers equation with ν = 0.01/π: a sine that steepens into a shock."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import gradient, partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.catalogue.entry import Entry
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.types import Field

VISCOSITY = 0.01 / np.pi

# 100 and 360 nodes agree to 3e-16 relative L2; tests/pinn/test_catalogue.py holds it.
_NODES = 150


def equation(u: Field, z: Array) -> Array:
    """``u_t + u u_x − ν u_xx``."""
    u_t, u_x = gradient(u)(z)
    return u_t + u(z) * u_x - VISCOSITY * partial(u, 1, 1)(z)


def ansatz(N: Field, z: Array) -> Array:
    """``−sin πx + t N``: the initial value exactly."""
    return -jnp.sin(jnp.pi * z[1]) + z[0] * N(z)


def exact(points: np.ndarray, *, nodes: int = _NODES) -> np.ndarray:
    """Cole–Hopf, by Gauss–Hermite quadrature in ``y = x − √(4νt) s``.

        u(t, x) = −∫ sin(πy) f(y) e^{−s²} ds / ∫ f(y) e^{−s²} ds,   f(y) = exp(−cos(πy) / 2πν)

    Args:
        points: ``(n, 2)``, time and place.
        nodes: of the quadrature.

    Returns:
        ``(n,)``.

    Source: Cole (1951), doi:10.1090/qam/42889; Hopf (1950), doi:10.1002/cpa.3160030302.
    """
    s, weight = np.polynomial.hermite.hermgauss(nodes)
    values = []
    for part in np.array_split(points, max(1, len(points) // 10_000)):
        t, x = part.T
        y = x[:, None] - np.sqrt(4 * VISCOSITY * t)[:, None] * s
        exponent = -np.cos(np.pi * y) / (2 * np.pi * VISCOSITY)
        f = weight * np.exp(exponent - exponent.max(axis=1, keepdims=True))
        values.append(-np.sum(np.sin(np.pi * y) * f, axis=1) / np.sum(f, axis=1))
    return np.concatenate(values)


def burgers() -> Problem:
    """``u_t + u u_x = ν u_xx`` on [−1, 1], periodic, ``u(0, x) = −sin πx``, to t = 1."""
    return Problem(
        domain=Box(t=(0, 1), x=(-1, 1)),
        equation=equation,
        ansatz=ansatz,
        periodic="x",
        exact=exact,
        reference_error=1e-15,
        name="burgers",
    )


ENTRY = Entry(
    "burgers",
    "u_t + u u_x = (0.01/π) u_xx, u(0, x) = −sin πx",
    "exact: Cole–Hopf quadrature",
    burgers,
    Recipe(
        network=NetworkSettings(width=20, depth=4),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=4096,
        redraw=20,
        steps=200,
    ),
)
