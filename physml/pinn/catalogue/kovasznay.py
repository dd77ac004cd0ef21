"""Kovasznay's exact solution of the steady Navier–Stokes equations behind a grid."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import jacobian, laplacian
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.ansatz import hard_dirichlet
from physml.pinn.catalogue.entry import Entry
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.types import Field

REYNOLDS = 40.0
_RATE = float(REYNOLDS / 2 - np.sqrt(REYNOLDS**2 / 4 + 4 * np.pi**2))


def equation(w: Field, z: Array) -> Array:
    """``u·∇u + ∇p − Δu/Re`` and ``∇·u`` of ``w = (u, v, p)``."""
    velocity, slopes = w(z)[:2], jacobian(w)(z)
    viscous = laplacian(w)(z)[:2] / REYNOLDS
    momentum = slopes[:2] @ velocity + slopes[2] - viscous
    return jnp.append(momentum, slopes[0, 0] + slopes[1, 1])


def flow(z: Array) -> Array:
    """``(1 − e^{λx} cos 2πy, (λ/2π) e^{λx} sin 2πy, ½(1 − e^{2λx}))``, ``(u, v, p)`` at a point."""
    x, y = z
    decay = jnp.exp(_RATE * x)
    u = 1 - decay * jnp.cos(2 * jnp.pi * y)
    v = _RATE / (2 * jnp.pi) * decay * jnp.sin(2 * jnp.pi * y)
    return jnp.stack([u, v, (1 - decay**2) / 2])


def exact(points: np.ndarray) -> np.ndarray:
    """``flow`` at points ``(n, 2)`` in float64, ``(n, 3)``."""
    x, y = points.T
    decay = np.exp(_RATE * x)
    u = 1 - decay * np.cos(2 * np.pi * y)
    v = _RATE / (2 * np.pi) * decay * np.sin(2 * np.pi * y)
    return np.stack([u, v, (1 - decay**2) / 2], axis=1)


def kovasznay() -> Problem:
    """Steady flow at Re = 40 on [−½, 1] × [−½, 3/2]: velocity given on all sides, p on the right.

    Source: Kovasznay (1948), doi:10.1017/S0305004100023999.
    """
    domain = Box(x=(-0.5, 1), y=(-0.5, 1.5))
    velocity = hard_dirichlet(domain, lambda z: flow(z)[:2])
    pressure = hard_dirichlet(domain, lambda z: flow(z)[2], on="x+")

    def ansatz(N: Field, z: Array) -> Array:
        """Velocity and pressure interpolated from the sides, where the network's share vanishes."""
        u = velocity(lambda y: N(y)[:2], z)
        return jnp.append(u, pressure(lambda y: N(y)[2], z))

    return Problem(
        domain=domain,
        equation=equation,
        ansatz=ansatz,
        components=3,
        exact=exact,
        name="kovasznay",
    )


ENTRY = Entry(
    "kovasznay",
    "u·∇u = −∇p + Δu/40, ∇·u = 0",
    "exact: Kovasznay (1948)",
    kovasznay,
    Recipe(
        network=NetworkSettings(width=20, depth=3),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        steps=200,
    ),
)
