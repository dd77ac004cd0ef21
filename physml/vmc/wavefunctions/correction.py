"""A perceptron of the last axis that begins as zero: what is added to a known wave function."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import flax.linen as nn
import jax.numpy as jnp
from jax import Array


class Correction(nn.Module):
    """``(..., m) -> (...)``, zero before training.

    Written for arrays of pairs, without ``vmap``, so that the forward Laplacian sees that each
    depends on two particles alone.

    Attributes:
        widths: hidden layers.
        activation: a smooth function.
    """

    widths: Sequence[int] = (16,)
    activation: Callable[[Array], Array] = nn.tanh

    @nn.compact
    def __call__(self, features: Array) -> Array:
        """One number for each set of features."""
        dtype = jnp.result_type(float)
        hidden = features
        for layer, width in enumerate(self.widths):
            hidden = self.activation(
                nn.Dense(width, param_dtype=dtype, name=f"layer_{layer}")(hidden)
            )
        zeros = nn.initializers.zeros
        out = nn.Dense(1, kernel_init=zeros, param_dtype=dtype, name="value")(hidden)
        return jnp.squeeze(out, axis=-1)
