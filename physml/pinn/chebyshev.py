"""A smooth field at one time as a sum of Chebyshev polynomials of the place.

f(x) = Σ_k c_k T_k(ξ),    ξ in [−1, 1] across the domain, a product of polynomials in two dimensions
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.polynomial import chebyshev
from scipy.fft import dct

from physml.pinn.geometry import Box
from physml.types import Field

# Polynomials along each axis, by the number of axes; above, no sum is cheaper than the field.
_COUNTS = {1: (8, 16, 32, 64, 128), 2: (8, 16, 32)}
# Rounding of the coefficients beside the largest value that a network leaves at worst.
_NOISE = 1e-13
# Relative errors that derivatives of the first to the fourth order may have at the very ends.
_BEARABLE = (1e-8, 1e-8, 1e-5, 1e-3)
# Points between the nodes, at least, and how far off the sum may be there, relative.
_BETWEEN, _ALIKE = 512, 1e-9


def chebyshev_interpolant(field: Field, domain: Box, *, at: float) -> Field | None:
    """A field at one time as polynomials, where they are that field to rounding.

    They cost the same whatever the field is made of. As many are taken as it needs for its
    coefficients to fall to rounding, up to 128, and 32 × 32 in two dimensions. Derivatives magnify
    the rounding of coefficients, at the ends by up to ``k²`` each: there those to the second order
    must keep eight digits, the third five, the fourth three; between the ends they have more.

    Args:
        field: of a point, with value ``()`` or ``(m,)``, real or complex.
        domain: with time and one or two other coordinates.
        at: the time.

    Returns:
        A function of a point that ignores its time; None where so few polynomials are not the field
        to rounding, as of one with kinks, shocks or narrow pulses, in single precision or in three
        dimensions.

    Source: Trefethen, Approximation Theory and Approximation Practice (2013), chapters 3, 4 and 7.

    >>> import jax.numpy as jnp, physml as pm
    >>> from physml.pinn.chebyshev import chebyshev_interpolant
    >>> box = pm.Box(t=(0, 1), x=(0, 2))
    >>> smooth = chebyshev_interpolant(lambda z: jnp.exp(z[0] * z[1]), box, at=1.0)
    >>> bool(abs(smooth(jnp.array([0.0, 2.0])) - jnp.exp(2.0)) < 1e-13)
    True
    >>> chebyshev_interpolant(lambda z: jnp.abs(z[1] - 0.7), box, at=1.0) is None
    True
    """
    time = domain.time_axis
    space = [i for i in range(domain.dimension) if i != time]
    low, high = (np.asarray(bound, float)[space] for bound in (domain.lower, domain.upper))
    evaluate = jax.jit(jax.vmap(field))
    for count in _COUNTS.get(len(space), ()):
        # Polynomials of the first kind are orthogonal at these nodes.
        nodes = np.cos(np.pi * (np.arange(count) + 0.5) / count)
        grid = np.stack(np.meshgrid(*[nodes] * len(space), indexing="ij"), axis=-1)
        points = np.full((count ** len(space), domain.dimension), at)
        points[:, space] = low + (grid.reshape(-1, len(space)) + 1) / 2 * (high - low)
        found = np.asarray(evaluate(jnp.asarray(points)))
        if found.dtype not in (np.float64, np.complex128) or not np.isfinite(found).all():
            return None
        coefficients: np.ndarray | None = _coefficients(
            found.reshape(*grid.shape[:-1], *found.shape[1:]), len(space)
        )
        largest = float(np.abs(found).max())
        for axis in range(len(space)):
            if coefficients is not None:
                coefficients = _trimmed(coefficients, axis, largest)
        if coefficients is None:
            continue
        if _holds_between(coefficients, evaluate, points, space, low, high):
            return _sum_of(coefficients, space, low, high)
    return None


def _coefficients(values: np.ndarray, axes: int) -> np.ndarray:
    """``c_k`` along the leading axes, from the values at the nodes."""
    for axis in range(axes):
        along = np.moveaxis(values, axis, 0)
        real = dct(along.real, type=2, axis=0)
        along = real + 1j * dct(along.imag, type=2, axis=0) if np.iscomplexobj(along) else real
        along[0] /= 2
        values = np.moveaxis(along / len(along), 0, axis)
    return values


def _trimmed(coefficients: np.ndarray, axis: int, largest: float) -> np.ndarray | None:
    """Without those that are rounding; None if the last quarter is more, or derivatives lose."""
    sizes = np.abs(np.moveaxis(coefficients, axis, 0)).reshape(coefficients.shape[axis], -1)
    sizes = sizes.max(axis=1, initial=0.0)
    noise = float(sizes[-(len(sizes) // 4) :].max())
    if noise > _NOISE * largest:
        return None
    noise = max(noise, np.finfo(float).eps * largest)
    count = max(2, 1 + int(np.max(np.nonzero(sizes > noise)[0], initial=0)))
    kept = np.moveaxis(coefficients, axis, 0)[:count]
    along = kept.reshape(count, -1)
    k, xi = np.arange(count, dtype=float), np.linspace(-1, 1, 4 * count + 1)
    amplified = np.ones(count)
    for order, bearable in enumerate(_BEARABLE, start=1):
        # |T_k^(m)| ≤ k² (k² − 1) (k² − 4) … / (1 · 3 · 5 …), which it is at the ends.
        amplified *= np.maximum(k**2 - (order - 1) ** 2, 0.0) / (2 * order - 1)
        size = np.abs(chebyshev.chebval(xi, chebyshev.chebder(along, order))).max()
        if noise * np.linalg.norm(amplified) > bearable * max(float(size), largest):
            return None
    return np.moveaxis(kept, 0, axis)


def _holds_between(
    coefficients: np.ndarray,
    evaluate: Callable[[Array], Array],
    nodes: np.ndarray,
    space: list[int],
    low: np.ndarray,
    high: np.ndarray,
) -> bool:
    """Whether the field is that sum between its nodes ``(n, d)``, too, where pulses may be."""
    value: Any = chebyshev.chebval if len(space) == 1 else chebyshev.chebval2d
    draw = np.random.default_rng(0)
    # By as many points as there are nodes at a time: the program is compiled for those.
    for _ in range(-(-_BETWEEN // len(nodes))):
        xi = draw.uniform(-1, 1, (len(nodes), len(space)))
        points = nodes.copy()
        points[:, space] = low + (xi + 1) / 2 * (high - low)
        found = np.asarray(evaluate(jnp.asarray(points)))
        summed = np.moveaxis(value(*xi.T, coefficients), -1, 0)
        largest = max(float(np.abs(found).max()), float(np.abs(summed).max()))
        if not np.abs(found - summed).max() <= _ALIKE * largest:
            return False
    return True


def _sum_of(coefficients: np.ndarray, space: list[int], low: np.ndarray, high: np.ndarray) -> Field:
    def interpolant(z: Array) -> Array:
        value = jnp.asarray(coefficients, jnp.result_type(z.dtype, coefficients.dtype))
        for i, a, b in zip(space, low, high, strict=True):
            value = jnp.tensordot(polynomials(2 * (z[i] - a) / (b - a) - 1, len(value)), value, 1)
        return value

    return interpolant


def polynomials(xi: Array, count: int) -> Array:
    """``T_0(ξ) … T_{count−1}(ξ)``, ``(count,)``, twice as many each time.

    ``T_{n+j} = 2 T_n T_j − T_{n−j}``: no arc cosine, whose derivatives have no end at ±1.
    """
    known = jnp.stack([jnp.ones_like(xi), xi])
    while len(known) < count:
        n = len(known) - 1
        known = jnp.concatenate([known, 2 * known[n] * known[1:] - known[n - 1 :: -1]])
    return known[:count]
