"""The Kuramoto–Sivashinsky equation to the onset of chaos, in slabs of time."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import gradient, partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn import references
from physml.pinn.catalogue.entry import Entry
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.trigonometric import interpolated_start
from physml.types import Field

TRANSPORT, GROWTH, DAMPING = 100 / 16, 100 / 16**2, 100 / 16**4


def equation(u: Field, z: Array) -> Array:
    """``u_t + α u u_x + β u_xx + γ u_xxxx`` over 10, which makes it of size one."""
    u_t, u_x = gradient(u)(z)
    rest = TRANSPORT * u(z) * u_x + GROWTH * partial(u, 1, 1)(z)
    return (u_t + rest + DAMPING * partial(u, 1, 1, 1, 1)(z)) / 10


def start(z: Array) -> Array:
    """``cos x (1 + sin x)``."""
    return jnp.cos(z[1]) * (1 + jnp.sin(z[1]))


def slab(domain: Box, start: Field) -> Problem:
    """From ``start`` at the slab's first time, by its 96 waves."""
    return Problem(
        domain=domain,
        equation=equation,
        ansatz=interpolated_start(start, domain, waves=96),
        periodic="x",
        exact=references.kuramoto_sivashinsky,
        reference_error=references.KURAMOTO_SIVASHINSKY_ERROR,
        name="kuramoto-sivashinsky",
    )


def kuramoto_sivashinsky() -> Problem:
    """``u_t + α u u_x + β u_xx + γ u_xxxx = 0`` on [0, 2π], periodic, to t = ½.

    ``α = 100/16``, ``β = 100/16²``, ``γ = 100/16⁴``, ``u(0, x) = cos x (1 + sin x)``. By t = ½ the
    waves have filled the domain and begin to wander; until t = 1 errors grow some hundredfold.

    Source: Wang, Sankaran and Perdikaris (2024), doi:10.1016/j.cma.2024.116813.
    """
    return slab(Box(t=(0, 0.5), x=(0, 2 * np.pi)), start)


ENTRY = Entry(
    "kuramoto-sivashinsky",
    "u_t + α u u_x + β u_xx + γ u_xxxx = 0, u(0, x) = cos x (1 + sin x)",
    "own spectral solution (ETDRK4)",
    kuramoto_sivashinsky,
    Recipe(
        network=NetworkSettings(name="fourier-series", width=9, depth=1, rank=96),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.5),
        points=3072,
        steps=6,
        slabs=40,
        overlap=0.2,
        warm=False,
    ),
    slab=slab,
    start=start,
)
