"""Gaussian elimination that leaves the last pivot undivided, in plain array operations.

    P A Q = [[B, u], [vᵀ, w]],    det A = ± d det B,    d = w − vᵀB⁻¹u,    A⁻¹V = g/d + β

Pivots are the largest entries left, so ``d`` is what makes ``A`` singular if anything does, and
``g`` (of rank one) and ``β`` stay finite there. Libraries' solvers are avoided on purpose: several
batches of them in one program can wait for each other for ever on a CPU of few threads (jax 0.10).
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array


class Elimination(NamedTuple):
    """A determinant ``d · sign · e^{log}`` and the solution ``S = A⁻¹V = g/d + β``.

    Attributes:
        d: ``()``.
        log: ``()``, ``log|det B|``.
        sign: ``()``.
        g: ``(n, m)``, of rank one.
        beta: ``(n, m)``.
    """

    d: Array
    log: Array
    sign: Array
    g: Array
    beta: Array


def eliminate(a: Array, v: Array) -> Elimination:
    """Gauss–Jordan elimination of all but the last row, with complete pivoting.

    About ``2 n² (n + m)`` operations; derivatives see a fixed order of pivots.

    Args:
        a: ``(n, n)``.
        v: ``(n, m)``.
    """
    n = len(a)
    rows, columns, parity = _pivots(jax.lax.stop_gradient(a))
    both = jnp.concatenate([rows @ a @ columns, rows @ v], axis=1)
    log, sign = jnp.zeros((), a.dtype), parity
    unit = jnp.eye(n, dtype=a.dtype)
    for k in range(n - 1):
        pivot = both[k, k]
        log, sign = log + jnp.log(jnp.abs(pivot)), sign * jnp.sign(pivot)
        both = both - (both[:, k] - unit[k])[:, None] * (both[k] / pivot)[None]
    x, beta = both[:-1, n - 1], both[:-1, n:]
    alpha = columns @ jnp.concatenate([-x, jnp.ones(1, a.dtype)])
    beta = columns @ jnp.concatenate([beta, jnp.zeros((1, beta.shape[1]), a.dtype)])
    return Elimination(both[-1, n - 1], log, sign, alpha[:, None] * both[-1, n:][None], beta)


def _pivots(a: Array) -> tuple[Array, Array, Array]:
    """Permutations of rows and of columns that bring pivots in order, and their parity."""
    n = len(a)
    rows, columns = jnp.eye(n, dtype=a.dtype), jnp.eye(n, dtype=a.dtype)
    parity = jnp.ones((), a.dtype)
    left, number = a, jnp.arange(n)
    for k in range(n - 1):
        open_ = (number[:, None] >= k) & (number[None] >= k)
        largest = jnp.argmax(jnp.where(open_, jnp.abs(left), -1.0))
        row, column = largest // n, largest % n
        p, q = _exchange(row, k, n, a.dtype), _exchange(column, k, n, a.dtype)
        rows, columns, left = p @ rows, columns @ q, p @ left @ q
        parity = parity * jnp.where((row == k) == (column == k), 1.0, -1.0).astype(a.dtype)
        pivot = left[k, k]
        below = jnp.where(number > k, left[:, k], 0.0)
        left = left - below[:, None] * (left[k] / pivot)[None]
    return rows, columns, parity


def _exchange(index: Array, k: int, n: int, dtype: jnp.dtype) -> Array:
    """The permutation of two rows; its own inverse."""
    order = jnp.arange(n).at[index].set(k).at[k].set(index)
    return (order[:, None] == jnp.arange(n)[None]).astype(dtype)
