"""Sines and cosines of a periodic coordinate: features of a point, and interpolation."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import ShapeError
from physml.pinn.ansatz import Ansatz, hard_initial
from physml.pinn.conditions.condition import function
from physml.pinn.geometry import Box
from physml.types import Field


def harmonics(domain: Box, axis: str, waves: int) -> Field:
    """``cos kθ, sin kθ`` for ``k = 1 … waves`` with ``θ = 2π (x − a)/P``: features for a network.

    A solution that has grown many waves is out of reach of the first one alone.

    Args:
        domain: whose coordinate has the period ``P`` from ``a`` on.
        axis: the coordinate's name.
        waves: how many.

    >>> import jax.numpy as jnp, physml as pm
    >>> pm.pinn.harmonics(pm.Box(t=(0, 1), x=(-1, 1)), "x", 3)(jnp.array([0.0, -1.0])).tolist()
    [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """
    waves = as_whole("harmonics: waves", waves, least=1)
    index = domain.axis(axis)
    low, high = float(domain.lower[index]), float(domain.upper[index])

    def features(z: Array) -> Array:
        angle = 2 * jnp.pi * (z[index] - low) / (high - low) * jnp.arange(1, waves + 1)
        return jnp.concatenate([jnp.cos(angle), jnp.sin(angle)])

    return features


def trigonometric_interpolant(field: Field, domain: Box, *, waves: int) -> Field:
    """A field at the domain's first time as a sum of waves, so that it costs the same each slab.

    ``Σ_k Re c_k e^{ikθ}`` for ``k = 0 … waves``, through ``4 (waves + 1)`` equal distances of the
    coordinate of space.

    Args:
        field: a function of a point (t, x), periodic in x, with value ``()`` or ``(m,)``.
        domain: ``Box(t=…, x=…)``.
        waves: the highest ``k``.

    Raises:
        ConfigurationError: a domain without time.
        ShapeError: a domain of other than two coordinates, or a field of matrices or complex.

    >>> import jax.numpy as jnp, physml as pm
    >>> box = pm.Box(t=(0, 1), x=(-1, 1))
    >>> u = pm.pinn.trigonometric_interpolant(lambda z: jnp.sin(jnp.pi * z[1]) ** 2, box, waves=4)
    >>> bool(abs(u(jnp.array([0.7, 0.5])) - 1) < 1e-6)
    True
    """
    waves = as_whole("trigonometric_interpolant: waves", waves, least=0)
    if domain.dimension != 2:
        raise ShapeError(
            "trigonometric_interpolant: expected a domain of two coordinates, time and a place, "
            f"got {', '.join(domain.names)}"
        )
    field = function(field, "trigonometric_interpolant: field")
    along = 1 - domain.time_axis
    low, high = float(domain.lower[along]), float(domain.upper[along])
    count = 4 * (waves + 1)
    grid = np.full((count, 2), domain.times[0])
    grid[:, along] = low + (high - low) * np.arange(count) / count
    values = as_numbers(
        "trigonometric_interpolant: field", jax.jit(jax.vmap(field))(jnp.asarray(grid))
    )
    if values.ndim > 2:
        raise ShapeError(
            f"trigonometric_interpolant: expected a value () or (m,), got {values.shape[1:]}"
        )
    amplitudes = np.fft.rfft(values, axis=0)[: waves + 1] / count
    amplitudes[1:] *= 2
    wave = 2 * np.pi * np.arange(waves + 1) / (high - low)

    def interpolant(z: Array) -> Array:
        angle = jnp.asarray(wave, z.dtype) * (z[along] - low)
        real, imaginary = (
            jnp.asarray(part, z.dtype) for part in (amplitudes.real, amplitudes.imag)
        )
        return jnp.cos(angle) @ real - jnp.sin(angle) @ imaginary

    return interpolant


def interpolated_start(start: Field, domain: Box, *, waves: int) -> Ansatz:
    """``u₀ + s N`` with ``u₀`` of so many waves and ``s`` from 0 to 1 over the domain's time.

    What a slab of ``march`` needs that begins with the end of another.

    Args:
        start: values at the domain's first time, ``()`` or ``(m,)``.
        domain: ``Box(t=…, x=…)``, periodic in x.
        waves: the highest ``k``.

    Raises:
        ConfigurationError: see ``trigonometric_interpolant``.
        ShapeError: likewise.

    >>> import jax.numpy as jnp, physml as pm
    >>> box = pm.Box(t=(1, 2), x=(0, 2 * jnp.pi))
    >>> ansatz = pm.pinn.interpolated_start(lambda z: jnp.cos(z[1]), box, waves=2)
    >>> round(float(ansatz(lambda z: 10.0, jnp.array([1.5, 0.0]))), 6)
    6.0
    """
    first, last = domain.times
    begin = trigonometric_interpolant(start, domain, waves=waves)
    return hard_initial(begin, start=first, unit=last - first)
