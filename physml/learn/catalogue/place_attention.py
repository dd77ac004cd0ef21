"""Attention whose weights are told by places alone: what it makes of values is linear in them."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.errors import ShapeError
from physml.networks.attention import attention
from physml.networks.initializers import glorot_normal
from physml.networks.sizes import checked_size


class PlaceAttention(nn.Module):
    """``u_i = Σ_h c_h(x_i) Σ_j p^h_ij f_j``, ``p^h_ij = softmax_j(q_h(x_i) · k_h(x_j)/√d)``.

    Gains ``c_h``, queries and keys are linear in one hidden layer of tanh of what a place is told
    by. Sums over places are means, so that how many there are matters as in a quadrature alone.

    Attributes:
        width: neurons of the hidden layer.
        heads: of attention.
        entries: d, of queries and keys.

    Raises:
        ConfigurationError: sizes that are no positive integers.
        ShapeError: in use, what is no series ``(n, 1 + features)``.

    Source: Chen and Wu, "Positional knowledge is all you need" (ICML 2024), arXiv:2405.09285, whose
    weights fall with distances instead.
    """

    width: int
    heads: int = 4
    entries: int = 4

    def __post_init__(self) -> None:
        """Check the sizes where they are written, not where they are first used."""
        for name in ("width", "heads", "entries"):
            setattr(self, name, checked_size(name, getattr(self, name)))
        super().__post_init__()

    @nn.compact
    def __call__(self, series: ArrayLike) -> Array:
        """The value at each place of one function.

        Args:
            series: ``(n, 1 + features)``: the function's value, then what tells the place.

        Returns:
            ``(n,)``.
        """
        series = jnp.asarray(series)
        if series.ndim != 2 or len(series) == 0 or series.shape[1] < 2:
            raise ShapeError(
                "PlaceAttention: expected values and places of one function, (n, 1 + features), "
                f"got {series.shape}. Use jax.vmap for many."
            )
        values, places = series[:, :1], series[:, 1:]
        hidden = jnp.tanh(_dense(self.width, "hidden")(places))
        parts = _dense(2 * self.heads * self.entries, "attention")(hidden)
        # (2, heads, n, entries)
        queries, keys = jnp.moveaxis(parts.reshape(len(series), 2, self.heads, -1), 0, 2)
        means = jax.vmap(attention, (0, 0, None))(queries, keys, values)[..., 0]
        gains = _dense(self.heads, "gains")(hidden)
        return jnp.sum(gains.T * means, axis=0)


def _dense(outputs: int, name: str) -> Any:
    kernel = glorot_normal()
    return nn.Dense(outputs, kernel_init=kernel, param_dtype=jnp.result_type(float), name=name)
