"""Attention: a mean of values, weighed by how well keys fit a query."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ShapeError

__all__ = ["attention"]


def attention(queries: Array, keys: Array, values: Array, *, causal: bool = False) -> Array:
    """``a_s = Σ_t p_st v_t``, ``p_s = softmax_t(q_s · k_t/√d)``.

    Args:
        queries: ``(s, d)``.
        keys: ``(t, d)``.
        values: ``(t, m)``.
        causal: leave out ``t > s``: their weights are exactly zero.

    Returns:
        ``(s, m)``.

    Raises:
        ShapeError: arrays of other shapes; causal ones of other lengths.

    Source: Vaswani et al. (2017), arXiv:1706.03762.

    >>> import jax.numpy as jnp
    >>> attention(jnp.zeros((3, 2)), jnp.ones((3, 2)), jnp.arange(3.0)[:, None]).ravel().tolist()
    [1.0, 1.0, 1.0]
    >>> attention(
    ...     jnp.zeros((3, 2)), jnp.ones((3, 2)), jnp.arange(3.0)[:, None], causal=True
    ... ).ravel().tolist()
    [0.0, 0.5, 1.0]
    """
    shapes = (queries.shape, keys.shape, values.shape)
    fit = all(len(shape) == 2 for shape in shapes) and (
        queries.shape[1] == keys.shape[1] and len(keys) == len(values)
    )
    if not fit or (causal and len(queries) != len(keys)):
        raise ShapeError(
            "attention: expected queries (s, d), keys (t, d) and values (t, m), s = t if causal, "
            f"got {', '.join(map(str, shapes))}. Use jax.vmap for several heads."
        )
    scores = queries @ keys.T / jnp.sqrt(jnp.asarray(queries.shape[1], queries.dtype))
    if causal:
        places = jnp.arange(len(keys))
        scores = jnp.where(places[None, :] <= places[:, None], scores, -jnp.inf)
    return jax.nn.softmax(scores, axis=-1) @ values
