"""Bilinear forms in blocks, with a forward Laplacian that multiplies by the blocks once."""

from __future__ import annotations

from typing import Any

import folx
import jax.numpy as jnp
from folx.api import FwdJacobian, FwdLaplArray
from folx.utils import extend_jacobians
from jax import Array

from physml.calculus.own_rule import with_forward_laplacian

__all__ = ["block_form"]


def block_form(w: Array, a: Array, b: Array) -> Array:
    """``Σ_q Σ_{ijc} W_qij a_qic b_qjc``.

    Args:
        w: ``(Q, B, B)``.
        a: ``(Q, B, m)``.
        b: ``(Q, B, m)``.

    Returns:
        ``()``.

    >>> import jax.numpy as jnp
    >>> float(block_form(jnp.ones((1, 2, 2)), jnp.ones((1, 2, 1)), jnp.ones((1, 2, 1))))
    4.0
    """
    found: Array = _block_form(w, a, b)
    return found


def _plain(w: Array, a: Array, b: Array) -> Array:
    return jnp.sum(a * (w @ b))


def _rule(args: tuple[Any, ...], kwargs: dict[str, Any], sparsity_threshold: int) -> Any:
    """``ΔF = Δa W b + a W Δb + 2 Σ_d ∂_d a W ∂_d b``, every operand made once and kept."""
    w, a, b = args
    both = isinstance(a, FwdLaplArray) and isinstance(b, FwdLaplArray)
    if isinstance(w, FwdLaplArray) or not both or a.jacobian.weak or b.jacobian.weak:
        return folx.forward_laplacian(_plain, sparsity_threshold, disable_jit=True)(w, a, b)
    # Dense Jacobians end with the last coordinate that anything depends on.
    of_a, of_b = extend_jacobians(a.jacobian.data, b.jacobian.data, axis=0)
    right, left = w @ b.x, jnp.swapaxes(w, 1, 2) @ a.x
    slope = jnp.einsum("dqic,qic->d", of_a, right) + jnp.einsum("dqic,qic->d", of_b, left)
    met = jnp.einsum("qij,dqjc->dqic", w, of_b)
    curved = jnp.sum(right * a.laplacian) + jnp.sum(left * b.laplacian) + 2 * jnp.sum(of_a * met)
    return FwdLaplArray(jnp.sum(a.x * right), FwdJacobian.from_dense(slope), curved)


_block_form = with_forward_laplacian("block_form", _plain, _rule)
