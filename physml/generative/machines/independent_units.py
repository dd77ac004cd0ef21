"""Units one by one: what a density that knows no correlation makes of data."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array


def frequencies(data: Array) -> Array:
    """How often each unit is 1, as of two more data in which it is once each, ``(N,)``."""
    up = jnp.sum(data.reshape(len(data), -1) > 0, axis=0)
    return (up + 1.0) / (len(data) + 2.0)


def independent_log_likelihood(train: Array, test: Array) -> float:
    """Mean ``ln p`` of configurations by ``frequencies`` of others: what knows no correlation."""
    means, up = frequencies(train), test.reshape(len(test), -1) > 0
    return float(jnp.mean(jnp.sum(jnp.where(up, jnp.log(means), jnp.log1p(-means)), axis=1)))
