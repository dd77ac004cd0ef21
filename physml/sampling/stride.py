"""Moves whose length depends on the place: short where the density is steep, long elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ShapeError
from physml.sampling.walkers import Walkers


def check_stride(stride: Callable[[Array], Array], walkers: Walkers) -> None:
    """Refuse a stride that is not one number for each particle, of the walkers' type.

    Raises:
        ShapeError: with what came.
    """
    if getattr(walkers, "ndim", None) != 3:
        got = ", ".join(str(jnp.shape(x)) for x in jax.tree.leaves(walkers))
        raise ShapeError(
            f"stride: expected walkers of one array (n, N, d), of which it takes each particle's "
            f"place, got {got}; leave it out"
        )
    found = jax.eval_shape(stride, walkers)
    expected = jax.ShapeDtypeStruct((*walkers.shape[:2], 1), walkers.dtype)
    if (found.shape, found.dtype) != (expected.shape, expected.dtype):
        raise ShapeError(
            f"stride: expected {expected.dtype} of shape {expected.shape}, one number for each "
            f"particle, at walkers {walkers.shape}, got {found.dtype} of shape {found.shape}"
        )


def log_way_back(noise: Array, before: Array, after: Array) -> Array:
    """``ln [q(x' → x)/q(x → x')]`` of moves ``x' = x + w s(x) η`` by a stride ``s``.

    ``Σ_i [d ln s_i/s_i' + ½ |η_i|² (1 − s_i²/s_i'²)]``: both strides follow from their own end.

    Args:
        noise: ``η``, ``(..., N, d)``.
        before: ``s(x)``, ``(..., N, 1)``.
        after: ``s(x')``, ``(..., N, 1)``.

    Returns:
        ``(...)``.
    """
    ratio = before / after
    square = jnp.sum(noise**2, axis=-1, keepdims=True)
    each = noise.shape[-1] * jnp.log(ratio) + 0.5 * square * (1 - ratio**2)
    return jnp.sum(each, axis=(-2, -1))
