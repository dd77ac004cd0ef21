"""Sums over pairs ``Σ_{j≠i} f_ij ⊙ g_j``, with a forward Laplacian that knows what depends on what.

Where ``f_ij`` depends on the coordinates of two particles and ``g_j`` on those of all, the product
``f_ij ⊙ g_j`` of every pair depends on all of them, ``N²`` times, and is never needed: its
derivatives are

    ∂_d m_i = Σ_j ∂_d f_ij ⊙ g_j + Σ_j f_ij ⊙ ∂_d g_j
    Δ m_i   = Σ_j (Δf_ij ⊙ g_j + f_ij ⊙ Δg_j + 2 Σ_{d of i, j} ∂_d f_ij ⊙ ∂_d g_j)

of which only the second sum has a term for every pair and coordinate: a product of matrices.
"""

from __future__ import annotations

from typing import Any

import folx
import jax.numpy as jnp
import numpy as np
from folx.api import FwdJacobian, FwdLaplArray
from folx.utils import extend_jacobians
from jax import Array

from physml.calculus.own_rule import with_forward_laplacian
from physml.memory import Need, check_memory

__all__ = ["check_pairs", "others", "pair_indices", "pair_sum"]


def pair_sum(f: Array, g: Array) -> Array:
    """``m_i = Σ_{j≠i} f_ij ⊙ g_j``.

    Args:
        f: of each pair, ``(N, N − 1, m)``: what ``i`` takes of the others, in their order.
        g: of each particle, ``(N, m)``.

    Returns:
        ``(N, m)``.

    >>> import jax.numpy as jnp
    >>> pair_sum(jnp.ones((3, 2, 1)), jnp.array([[1.0], [2.0], [4.0]])).ravel().tolist()
    [6.0, 5.0, 3.0]
    """
    found: Array = _pair_sum(f, g)
    return found


def others(n: int) -> np.ndarray:
    """The particles that each one sees, ``(n, n − 1)``."""
    check_pairs(n)
    return np.array([j for i in range(n) for j in range(n) if j != i], np.int32).reshape(n, n - 1)


def pair_indices(n: int) -> tuple[np.ndarray, np.ndarray]:
    """The first and the second particle of each pair ``i < j``, ``(n(n−1)/2,)`` each.

    Raises:
        ConfigurationError: for more pairs than this machine's memory holds.
    """
    check_pairs(n)
    return np.triu_indices(n, k=1)


def check_pairs(n: int) -> None:
    """Refuse particles whose pairs this machine's memory does not hold.

    Raises:
        ConfigurationError: with what they need.
    """
    need = Need(f"{n}² pairs of particles", n * n, 8)
    check_memory("particles", [need], "the number of particles", host=True)


def _plain(f: Array, g: Array) -> Array:
    return jnp.sum(f * g[others(len(g))], axis=1)


def _rule(args: tuple[Any, ...], kwargs: dict[str, Any], sparsity_threshold: int) -> Any:
    """The forward Laplacian of ``pair_sum``; as it comes where nothing is sparse."""
    f, g = args
    generic = folx.forward_laplacian(_plain, sparsity_threshold, disable_jit=True)
    both = isinstance(f, FwdLaplArray) and isinstance(g, FwdLaplArray)
    if not both or not f.jacobian.weak or g.jacobian.weak:
        return generic(f, g)
    where = f.jacobian.x0_idx[..., 0]
    if np.any(where[..., None] != f.jacobian.x0_idx):
        return generic(f, g)  # features of a pair that do not come from one displacement
    n, seen = len(g.x), others(len(g.x))
    first: FwdLaplArray = generic(f, g.x)
    # Dense Jacobians end with the last coordinate that anything depends on.
    total, rows = extend_jacobians(first.jacobian.dense_array, g.jacobian.data, axis=0)
    full = np.zeros((n, n), np.int32)
    np.put_along_axis(full, seen, np.arange(1, n, dtype=np.int32)[None], axis=1)
    square = jnp.pad(f.x, ((0, 0), (1, 0), (0, 0)))[np.arange(n)[:, None], full]
    total = total + jnp.einsum("ijc,djc->dic", square, rows)
    cross = jnp.sum(f.jacobian.data * rows[where, seen[None]], axis=(0, 2))
    curved = jnp.einsum("ijc,jc->ic", square, g.laplacian)
    return FwdLaplArray(
        first.x, FwdJacobian.from_dense(total), first.laplacian + curved + 2 * cross
    )


_pair_sum = with_forward_laplacian("pair_sum", _plain, _rule)
