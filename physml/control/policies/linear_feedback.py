"""What a linear system of quadratic cost asks for: a linear policy, a quadratic value."""

from __future__ import annotations

import jax.numpy as jnp
from flax import linen as nn
from jax import Array

from physml.as_whole import as_whole


class LinearFeedback(nn.Module):
    """``u = −K x``, with ``K`` from 0: its parameter is ``K`` itself, ``(m, n)``.

    Attributes:
        outputs: ``m``.

    >>> import jax
    >>> policy = LinearFeedback(1)
    >>> policy.apply({"params": {"K": jnp.array([[1.0, 2.0]])}}, jnp.ones(2)).tolist()
    [-3.0]
    """

    outputs: int

    def __post_init__(self) -> None:
        """Check the count where it is written."""
        self.outputs = as_whole("outputs", self.outputs, least=1)
        super().__post_init__()

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """``(n,)`` to ``(m,)``."""
        x = jnp.ravel(x)
        K = self.param("K", nn.initializers.zeros, (self.outputs, len(x)), jnp.result_type(float))
        return -K @ x


class QuadraticValue(nn.Module):
    """``V(x) = c − Σ_(i ≤ j) p_ij x_i x_j``, from 0.

    >>> import jax
    >>> value = QuadraticValue()
    >>> value.init(jax.random.key(0), jnp.ones(3))["params"]["p"].shape
    (6,)
    """

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """``(n,)`` to ``()``."""
        x, kind = jnp.ravel(x), jnp.result_type(float)
        pairs = jnp.outer(x, x)[jnp.triu_indices(len(x))]
        c = self.param("c", nn.initializers.zeros, (), kind)
        p = self.param("p", nn.initializers.zeros, pairs.shape, kind)
        return c - p @ pairs
