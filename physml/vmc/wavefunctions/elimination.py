"""Gaussian elimination that leaves the last pivot undivided, in plain array operations.

    P A Q = [[B, u], [vᵀ, w]],    det A = ± d det B,    d = w − vᵀB⁻¹u,    A⁻¹V = g/d + β

Pivots are the largest entries left, so ``d`` is what makes ``A`` singular if anything does, and
``g`` (of rank one) and ``β`` stay finite there. No LAPACK, for the reason told in
``calculus/log_determinant.py``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array


class Elimination(NamedTuple):
    """A determinant ``d · sign · e^{log}`` and the solution ``S = A⁻¹V = g/d + β``.

    Attributes:
        d: ``()``.
        log: ``()``, ``log|det B|``, real.
        sign: ``()``, a phase where ``A`` is complex.
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
    log, sign = jnp.zeros((), a.real.dtype), parity
    unit = jnp.eye(n, dtype=a.dtype)
    for k in range(n - 1):
        pivot = both[k, k]
        log, sign = log + jnp.log(jnp.abs(pivot)), sign * jnp.sign(pivot)
        # A pivot of zero, the largest entry left, leaves nothing to eliminate.
        row = both[k] / jnp.where(pivot == 0, 1, pivot)
        both = both - (both[:, k] - unit[k])[:, None] * row[None]
    x, beta = both[:-1, n - 1], both[:-1, n:]
    alpha = columns @ jnp.concatenate([-x, jnp.ones(1, a.dtype)])
    beta = columns @ jnp.concatenate([beta, jnp.zeros((1, beta.shape[1]), a.dtype)])
    return Elimination(both[-1, n - 1], log, sign, alpha[:, None] * both[-1, n:][None], beta)


def _pivots(a: Array) -> tuple[Array, Array, Array]:
    """Permutations of rows and of columns that bring pivots in order, and their parity.

    Entries stay where they are, and rows and columns that had their pivot are closed.
    """
    n = len(a)
    number = jnp.arange(n)

    def step(now: tuple[Array, Array, Array], _: None) -> tuple[Any, tuple[Array, Array]]:
        left, rows, columns = now
        size = jnp.where(rows[:, None] & columns[None], jnp.abs(left), -1.0)
        # Two short searches: one over n² entries takes five times as long on a CPU.
        row = jnp.argmax(jnp.max(size, axis=1))
        column = jnp.argmax(size[row])
        rows, columns = rows & (number != row), columns & (number != column)
        below = jnp.where(rows, left[:, column] / left[row, column], 0.0)
        return (left - below[:, None] * left[row][None], rows, columns), (row, column)

    # True, and sharded as the matrix is: what a loop carries keeps its type.
    open_ = (a[0] == a[0]) | True
    _, (row, column) = jax.lax.scan(step, (a, open_, open_), None, length=n)
    later = np.triu(np.ones((n, n), bool), k=1)
    inversions = sum(jnp.sum(later & (order[:, None] > order[None])) for order in (row, column))
    rows, columns = row[:, None] == number[None], number[:, None] == column[None]
    parity = 1 - 2 * (jnp.asarray(inversions) % 2)
    return rows.astype(a.dtype), columns.astype(a.dtype), parity.astype(a.dtype)
