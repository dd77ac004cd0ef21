"""Matérn kernels: functions with a given number of derivatives, and these right at ``x = y``.

With ``δ = √(2ν) (x − y)/ℓ`` and ``t = |δ|``

    g_½ = e^(−t),   g_3/2 = (1 + t) e^(−t),   g_5/2 = (1 + t + t²/3) e^(−t)
    ∇g_3/2 = −δ g_½,   ∇g_5/2 = −⅓ δ g_3/2

so that no derivative divides by ``t`` while there is a ``δ`` before it. What is left, ``∇g_½``, has
no value at ``t = 0`` and is 0 there: its limit, wherever a derivative exists.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ConfigurationError
from physml.learn.bayes.kernels import Kernel, positive, scaled_difference


def matern(smoothness: float, length_scale: Any, *, deviation: Any = 1.0) -> Kernel:
    """``k = σ² g_ν(√(2ν) |x − y|/ℓ)``: functions with ν − ½ derivatives (mean square).

    A derivative that such functions do not have cannot be observed: ``gaussian_process`` refuses.

    Args:
        smoothness: ``ν``, one of 0.5, 1.5, 2.5.
        length_scale: ``ℓ > 0``, ``()`` or ``(d,)``.
        deviation: ``σ > 0``.

    Raises:
        ConfigurationError: another ν, a number that is not above 0.

    Source: Rasmussen and Williams (2006), eq. 4.17.

    >>> import jax.numpy as jnp, physml as pm
    >>> k = pm.learn.matern(0.5, 2.0)
    >>> round(float(k(jnp.array([0.0]), jnp.array([2.0]))), 6)
    0.367879
    """
    if smoothness not in _SHAPES:
        raise ConfigurationError(f"smoothness: expected 0.5, 1.5 or 2.5, got {smoothness}")
    shape, stretch = _SHAPES[smoothness], (2 * smoothness) ** 0.5
    length, size = positive("length_scale", length_scale), positive("deviation", deviation)

    def k(x: Array, y: Array) -> Array:
        return size**2 * shape(stretch * scaled_difference(x, y, length))

    return k


def _norm(delta: Array) -> Array:
    square = jnp.sum(delta**2)
    apart = square > 0
    return jnp.where(apart, jnp.sqrt(jnp.where(apart, square, 1.0)), 0.0)


def _half(delta: Array) -> Array:
    return jnp.exp(-_norm(delta))


@jax.custom_jvp
def _three_halves(delta: Array) -> Array:
    t = _norm(delta)
    return (1 + t) * jnp.exp(-t)


@_three_halves.defjvp
def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (delta,), (change,) = primals, tangents
    return _three_halves(delta), -jnp.sum(delta * change) * _half(delta)


@jax.custom_jvp
def _five_halves(delta: Array) -> Array:
    t = _norm(delta)
    return (1 + t + t**2 / 3) * jnp.exp(-t)


@_five_halves.defjvp
def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (delta,), (change,) = primals, tangents
    return _five_halves(delta), -jnp.sum(delta * change) / 3 * _three_halves(delta)


_SHAPES: dict[float, Any] = {0.5: _half, 1.5: _three_halves, 2.5: _five_halves}
