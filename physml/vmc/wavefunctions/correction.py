"""A perceptron of the last axis that begins as zero: what is added to a known wave function."""

from __future__ import annotations

from collections.abc import Sequence

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from physml.networks.activations import Activation, activation_of
from physml.networks.sizes import checked_widths


class Correction(nn.Module):
    """``(..., m) -> (...)``, zero before training.

    Written for arrays of pairs, without ``vmap``, so that the forward Laplacian sees that each
    depends on two particles alone.

    Attributes:
        widths: hidden layers.
        activation: a smooth function, or its name, such as "tanh".
    """

    widths: Sequence[int] = (16,)
    activation: Activation | str = nn.tanh

    @nn.compact
    def __call__(self, features: Array) -> Array:
        """One number for each set of features."""
        dtype = jnp.result_type(float)
        hidden = features
        act = activation_of(self.activation)
        for layer, width in enumerate(checked_widths(self.widths)):
            hidden = act(nn.Dense(width, param_dtype=dtype, name=f"layer_{layer}")(hidden))
        zeros = nn.initializers.zeros
        out = nn.Dense(1, kernel_init=zeros, param_dtype=dtype, name="value")(hidden)
        return jnp.squeeze(out, axis=-1)
