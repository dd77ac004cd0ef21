"""Bilinear forms in blocks, with a forward Laplacian that multiplies by the blocks once."""

from __future__ import annotations

from typing import Any

import folx
import jax
import jax.numpy as jnp
from folx.api import FwdJacobian, FwdLaplArray
from jax import Array

__all__ = ["block_form"]


@jax.jit
def block_form(w: Array, a: Array, b: Array) -> Array:
    """``Σ_q Σ_{ijc} W_qij a_qic b_qjc``.

    Args:
        w: ``(Q, B, B)``, without dependence on the coordinates of a Laplacian.
        a: ``(Q, B, m)``.
        b: ``(Q, B, m)``.

    Returns:
        ``()``.

    >>> import jax.numpy as jnp
    >>> float(block_form(jnp.ones((1, 2, 2)), jnp.ones((1, 2, 1)), jnp.ones((1, 2, 1))))
    4.0
    """
    return _plain(w, a, b)


def _plain(w: Array, a: Array, b: Array) -> Array:
    return jnp.sum(a * (w @ b))


def _rule(args: tuple[Any, ...], kwargs: dict[str, Any], sparsity_threshold: int) -> Any:
    """``ΔF = Δa W b + a W Δb + 2 Σ_d ∂_d a W ∂_d b``, every operand made once and kept."""
    w, a, b = args
    both = isinstance(a, FwdLaplArray) and isinstance(b, FwdLaplArray)
    if isinstance(w, FwdLaplArray) or not both or a.jacobian.weak or b.jacobian.weak:
        return folx.forward_laplacian(_plain, sparsity_threshold, disable_jit=True)(w, a, b)
    right, left = w @ b.x, jnp.swapaxes(w, 1, 2) @ a.x
    slope = jnp.einsum("dqic,qic->d", a.jacobian.data, right)
    slope = slope + jnp.einsum("dqic,qic->d", b.jacobian.data, left)
    met = jnp.einsum("qij,dqjc->dqic", w, b.jacobian.data)
    curved = jnp.sum(right * a.laplacian) + jnp.sum(left * b.laplacian)
    curved = curved + 2 * jnp.sum(a.jacobian.data * met)
    return FwdLaplArray(jnp.sum(a.x * right), FwdJacobian.from_dense(slope), curved)


folx.register_function("block_form", _rule)
