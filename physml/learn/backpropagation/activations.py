"""Activations with their derivatives, ``a = f(z)`` and ``f′(z)``, written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array


class Activation(NamedTuple):
    """An elementwise function and its derivative.

    Attributes:
        value: ``f(z)``.
        derivative: ``f′(z)``.
    """

    value: Callable[[Array], Array]
    derivative: Callable[[Array], Array]


identity = Activation(lambda z: z, jnp.ones_like)
"""``f = z``: of an output whose cost takes ``z`` itself, logits or values."""

sigmoid = Activation(jax.nn.sigmoid, lambda z: jax.nn.sigmoid(z) * jax.nn.sigmoid(-z))
"""``f = 1/(1 + e^{−z})``, ``f′ = f (1 − f)``."""

tanh = Activation(jnp.tanh, lambda z: 1 - jnp.tanh(z) ** 2)
"""``f = tanh z``, ``f′ = 1 − f²``."""

relu = Activation(lambda z: jnp.maximum(z, 0), lambda z: (z > 0).astype(z.dtype))
"""``f = max(z, 0)``, ``f′ = 1`` where ``z > 0``, else 0."""

leaky_relu = Activation(
    lambda z: jnp.where(z > 0, z, 0.01 * z),
    lambda z: jnp.where(z > 0, 1.0, 0.01).astype(z.dtype),
)
"""``f = z`` where ``z > 0``, else ``z/100``."""
