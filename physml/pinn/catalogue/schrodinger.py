"""The focusing nonlinear Schrödinger equation: a second-order breather."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn import references
from physml.pinn.catalogue.entry import Entry
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.trigonometric import wave_amplitudes
from physml.types import Field

WAVES = 128


def equation(h: Field, z: Array) -> Array:
    """``i h_t + ½ h_xx + |h|² h`` of ``h = h₁ + i h₂`` as ``(h₁, h₂)``: imaginary and real part."""
    value, (slope, other_slope) = h(z), partial(h, 0)(z)
    rest = partial(h, 1, 1)(z) / 2 + jnp.sum(value**2) * value
    return jnp.stack([slope + rest[1], -other_slope + rest[0]])


def start(z: Array) -> Array:
    """``(2 sech x, 0)``."""
    return jnp.stack([2 / jnp.cosh(z[1]), 0 * z[1]])


def slab(domain: Box, start: Field) -> Problem:
    """From ``start`` at the slab's first time, whose waves run freely until the network bends them.

    ``Σ_k c_k e^{iκx − iκ²(t − t₀)/2}`` solves the equation without attraction, whatever its waves:
    those of the kink are too fast for a network.
    """
    first, last = float(domain.lower[0]), float(domain.upper[0])
    low = float(domain.lower[1])
    wave, amplitudes = wave_amplitudes(start, domain, waves=WAVES, components=2)

    def free(z: Array) -> Array:
        k = jnp.asarray(wave, z.dtype)
        angle = k * (z[1] - low) - k**2 / 2 * (z[0] - first)
        real, imaginary = (
            jnp.asarray(part, z.dtype) for part in (amplitudes.real, amplitudes.imag)
        )
        cosine, sine = jnp.cos(angle), jnp.sin(angle)
        parts = (
            (jnp.dot(real, cosine) - jnp.dot(imaginary, sine)),
            (jnp.dot(real, sine) + jnp.dot(imaginary, cosine)),
        )
        return jnp.stack(parts)

    return Problem(
        domain=domain,
        equation=equation,
        ansatz=lambda N, z: free(z) + (z[0] - first) / (last - first) * N(z),
        periodic="x",
        components=2,
        exact=references.schrodinger,
        reference_error=references.SCHRODINGER_ERROR,
        name="schrodinger",
    )


def schrodinger() -> Problem:
    """``i h_t + ½ h_xx + |h|² h = 0`` on [−5, 5], periodic, ``h(0, x) = 2 sech x``, to t = π/2."""
    return slab(Box(t=(0, np.pi / 2), x=(-5, 5)), start)


ENTRY = Entry(
    "schrodinger",
    "i h_t + ½ h_xx + |h|² h = 0, h(0, x) = 2 sech x",
    "own spectral solution (Lawson)",
    schrodinger,
    Recipe(
        network=NetworkSettings(name="fourier-series", width=16, depth=1, rank=40),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.5),
        points=1024,
        steps=25,
        slabs=12,
        overlap=0.2,
    ),
    slab=slab,
    start=start,
)
