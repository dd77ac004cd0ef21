"""Determinants by elimination in plain array operations, with derivatives of their own.

    ∂ log det A = tr(A⁻¹ ∂A),    ∂A⁻¹ = −A⁻¹ ∂A A⁻¹
    Δ log det A = tr(A⁻¹ ΔA) − Σ_c tr(A⁻¹ ∂_c A A⁻¹ ∂_c A)

Batches of LAPACK calls can wait for each other for ever on a CPU of few threads (jax 0.10: every
call holds a thread of the pool that it waits for), so nothing here calls LAPACK. For a batch of
matrices elimination is as fast up to some twenty rows; for one large matrix it is not.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from folx.api import FwdJacobian, FwdLaplArray
from jax import Array

from physml.calculus.own_rule import with_forward_laplacian

__all__ = ["log_determinant", "matrix_inverse"]

# Rows that are done with leave the matrix in blocks. Each is a loop to compile: one row at a time
# took a third off the time of 27 rows, and 3.6 s to compile in place of 0.9.
_BLOCK = 8


def log_determinant(a: Array) -> tuple[Array, Array]:
    """``log|det A|`` and the sign of ``det A``, or its phase where ``A`` is complex.

    Args:
        a: ``(..., n, n)``, real or complex.

    Returns:
        ``(...)`` each; −∞ and 0 where the determinant is zero, where derivatives are not finite.

    >>> import jax.numpy as jnp
    >>> log, sign = log_determinant(jnp.array([[0.0, 2.0], [3.0, 1.0]]))
    >>> round(float(jnp.exp(log)), 6), float(sign)
    (6.0, -1.0)
    """
    value = _log_determinant(a)
    log, phase = value[..., 0], value[..., 1]
    if not jnp.iscomplexobj(a):
        return log, jnp.sign(phase)
    zero = jnp.zeros((), a.dtype)
    return log, jnp.where(jnp.isneginf(log), zero, jnp.exp(1j * phase.astype(a.dtype)))


def matrix_inverse(a: Array) -> Array:
    """``A⁻¹``, ``(..., n, n)``; not finite where the determinant is zero.

    Args:
        a: ``(..., n, n)``, real or complex.

    >>> import jax.numpy as jnp
    >>> matrix_inverse(jnp.array([[0.0, 2.0], [4.0, 0.0]])).tolist()
    [[0.0, 0.25], [0.5, 0.0]]
    """
    return _value_and_inverse(a)[1]


@jax.custom_jvp
def _value(a: Array) -> Array:
    """``log|det A|`` and the sign, or the angle of a complex phase, ``(..., 2)``."""
    return _of_each(_eliminate, a)


@_value.defjvp
def _push_value(primals: Any, tangents: Any) -> tuple[Array, Array]:
    (a,), (change,) = primals, tangents
    value, inverted = _value_and_inverse(a)
    return value, _in_parts(_trace_of_product(inverted, change))


@jax.custom_jvp
def _value_and_inverse(a: Array) -> tuple[Array, Array]:
    found: tuple[Array, Array] = _of_each(_invert, a)
    return found


@_value_and_inverse.defjvp
def _push_inverse(primals: Any, tangents: Any) -> tuple[Any, Any]:
    (a,), (change,) = primals, tangents
    value, inverted = _value_and_inverse(a)
    slope = _in_parts(_trace_of_product(inverted, change))
    return (value, inverted), (slope, -inverted @ change @ inverted)


def _rule(args: tuple[Any, ...], kwargs: dict[str, Any], sparsity_threshold: int) -> Any:
    """The forward Laplacian; where a row has coordinates of its own, by numbers for matrices."""
    (a,) = args
    value, inverted = _value_and_inverse(a.x)
    curved = _trace_of_product(inverted, a.laplacian)
    owners = _owners(a)
    if owners is None:
        pushed = inverted @ a.jacobian.dense_array
        slope = jnp.trace(pushed, axis1=-2, axis2=-1)
        curved = curved - jnp.sum(_trace_of_product(pushed, pushed), axis=0)
    else:
        changes = a.jacobian.data * jnp.swapaxes(inverted, -1, -2)[None]
        which = owners.reshape(*owners.shape[:1], *(1,) * (a.x.ndim - 1), -1, 1)
        own = jnp.sum(jnp.where(a.jacobian.x0_idx == which, changes[None], 0), axis=(1, -1))
        curved = curved - jnp.sum(own**2, axis=(0, -1))
        slope = jnp.zeros((owners.max() + 1, *a.x.shape[:-2]), own.dtype)
        # A row that depends on fewer coordinates than others adds a zero to the first.
        slope = slope.at[np.maximum(owners, 0)].add(jnp.moveaxis(own, -1, 1))
    return FwdLaplArray(value, FwdJacobian.from_dense(_in_parts(slope)), _in_parts(curved))


def _owners(a: FwdLaplArray) -> np.ndarray | None:
    """The coordinates ``(m, n)`` that each row alone depends on, or None; filled up with −2.

    Orbitals of one electron are such a row. Where an entry depends on fewer coordinates than others
    folx has −1.
    """
    index = a.jacobian.x0_idx
    if index is None or index.shape[1:] != a.x.shape or a.jacobian.data.shape != index.shape:
        return None
    rows = np.moveaxis(index, -2, 0).reshape(a.x.shape[-2], -1)
    known = [np.unique(row[row >= 0]) for row in rows]
    every = np.concatenate(known)
    if not every.size or len(np.unique(every)) < every.size:
        return None
    owners = np.full((max(map(len, known)), len(rows)), -2)
    for row, own in enumerate(known):
        owners[: len(own), row] = own
    return owners


def _of_each(function: Any, a: Array) -> Any:
    for _ in range(a.ndim - 2):
        function = jax.vmap(function)
    return function(a)


def _in_parts(z: Array) -> Array:
    """Real and imaginary part, ``(..., 2)``."""
    return jnp.stack([z.real, z.imag], axis=-1)


def _trace_of_product(a: Array, b: Array) -> Array:
    """``tr AB``, of elements and not of a product of matrices, which may be of low precision."""
    return jnp.sum(a * jnp.swapaxes(b, -1, -2), axis=(-2, -1))


def _eliminate(a: Array) -> Array:
    """``_value`` of one matrix, by elimination with partial pivoting."""
    pivots, swaps = [], []
    while len(a):
        n, size = len(a), min(_BLOCK, len(a))
        number = jnp.arange(n)

        def step(k: Array, now: Any, number: Array = number) -> Any:
            left, found, swapped = now
            column = left[:, k]
            p = jnp.argmax(jnp.where(number >= k, jnp.abs(column), -1.0))
            row, first = left[p], left[k]
            pivot = row[k]
            # Nothing is left to eliminate below a pivot of zero, the largest entry there.
            below = jnp.where(number == p, first[k], column) / jnp.where(pivot == 0, 1, pivot)
            left = jnp.where((number == p)[:, None], first[None], left)
            left = left - below[:, None] * row[None]
            return left, found.at[k].set(pivot), swapped ^ (p != k)

        # What a loop carries is of the matrix's type from the start, and shared as it is.
        start = (a, a[0, :size], a[0, 0] != a[0, 0])
        a, found, swapped = jax.lax.fori_loop(0, size, step, start)
        a = a[size:, size:]
        pivots.append(found)
        swaps.append(swapped ^ start[2])
    return _from_pivots(jnp.concatenate(pivots), sum(s.astype(jnp.int32) for s in swaps))


def _invert(a: Array) -> tuple[Array, Array]:
    """``_value`` and the inverse of one matrix, by Gauss and Jordan with partial pivoting.

    Rows stay where they are: that of pivot ``k`` becomes row ``k`` of the inverse, with what
    belongs to its own place in column ``k``.
    """
    n = len(a)
    number = jnp.arange(n)

    def step(k: Array, now: Any) -> Any:
        left, open_, found, order = now
        column = left[:, k]
        p = jnp.argmax(jnp.where(open_, jnp.abs(column), -1.0))
        row, here = left[p], number == p
        pivot = row[k]
        row = jnp.where(number == k, 1, row)
        # A quotient of columns is 1 for equal rows, which then leave zeros.
        left = jnp.where((number == k)[None], 0, left) - (column / pivot)[:, None] * row[None]
        left = jnp.where(here[:, None], (row / pivot)[None], left)
        return left, open_ & ~here, found.at[k].set(pivot), order.at[k].set(p.astype(order.dtype))

    open_ = (a[0] == a[0]) | True
    start = (a, open_, a[0], open_.astype(jnp.int32))
    left, _, pivots, order = jax.lax.fori_loop(0, n, step, start)
    places = jnp.argmax(order[None] == number[:, None], axis=1)
    later = np.triu(np.ones((n, n), bool), k=1)
    inversions = jnp.sum(later & (order[:, None] > order[None]))
    return _from_pivots(pivots, inversions), left[order][:, places]


def _from_pivots(pivots: Array, swaps: Any) -> Array:
    sign = jnp.prod(jnp.sign(pivots)) * (1 - 2 * (swaps % 2))
    phase = jnp.angle(sign) if jnp.iscomplexobj(sign) else sign
    return jnp.stack([jnp.sum(jnp.log(jnp.abs(pivots))), phase])


_log_determinant = with_forward_laplacian("log_determinant", _value, _rule)
