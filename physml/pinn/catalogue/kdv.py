"""The Korteweg–de Vries equation: a cosine that breaks into solitons."""

from __future__ import annotations

import jax.numpy as jnp
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

DISPERSION = 0.022**2


def equation(u: Field, z: Array) -> Array:
    """``u_t + u u_x + 0.022² u_xxx``."""
    u_t, u_x = gradient(u)(z)
    return u_t + u(z) * u_x + DISPERSION * partial(u, 1, 1, 1)(z)


def start(z: Array) -> Array:
    """``cos πx``."""
    return jnp.cos(jnp.pi * z[1])


def slab(domain: Box, start: Field) -> Problem:
    """From ``start`` at the slab's first time, by its 112 waves."""
    return Problem(
        domain=domain,
        equation=equation,
        ansatz=interpolated_start(start, domain, waves=112),
        periodic="x",
        exact=references.kdv,
        reference_error=references.KDV_ERROR,
        name="kdv",
    )


def kdv() -> Problem:
    """``u_t + u u_x + 0.022² u_xxx = 0`` on [−1, 1], periodic, ``u(0, x) = cos πx``, to t = 1.

    Source: Zabusky and Kruskal (1965), doi:10.1103/PhysRevLett.15.240.
    """
    return slab(Box(t=(0, 1), x=(-1, 1)), start)


ENTRY = Entry(
    "kdv",
    "u_t + u u_x + 0.022² u_xxx = 0, u(0, x) = cos πx",
    "own spectral solution (ETDRK4)",
    kdv,
    Recipe(
        network=NetworkSettings(name="fourier-series", width=9, depth=1, rank=112),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.5),
        points=4096,
        steps=5,
        slabs=25,
        overlap=0.1,
        warm=False,
    ),
    slab=slab,
    start=start,
)
