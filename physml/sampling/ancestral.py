"""Exact, independent samples of a model that draws them itself, such as an autoregressive one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax import Array
from jax.tree_util import Partial

from physml.as_whole import as_whole
from physml.types import Batch, Sampler

Draw = Callable[[Array, Any], Any]
"""``(key, params) -> one sample``, any pytree of arrays."""


def ancestral(draw: Draw, *, size: int) -> Sampler:
    """Draw every batch anew from the model: ``x₁ ~ q(x₁)``, ``x₂ ~ q(x₂ | x₁)``, ... at ``θ``.

    There is no chain: samples are independent of one another and of those before, and follow the
    parameters at once, so that nothing burns in and nothing is kept from step to step.

    Args:
        draw: ``(key, params) -> one sample``; a flow's or an autoregressive model's own.
        size: samples in a batch.

    Returns:
        A sampler whose batch has a leading axis of ``size``; it has no state and no metrics.

    Raises:
        ConfigurationError: for a size below 1.

    >>> import jax, physml as pm
    >>> heads = pm.sampling.ancestral(
    ...     lambda key, params: jax.random.bernoulli(key, params).astype(float), size=1000)
    >>> _, batch, _ = heads.sample(jax.random.key(0), (), 0.9)
    >>> bool(abs(batch.mean() - 0.9) < 0.04)
    True
    """
    size = as_whole("size", size, least=1)

    def sample(
        draw: Draw, key: Array, state: tuple[()], params: Any
    ) -> tuple[tuple[()], Batch, dict[str, Array]]:
        keys = jax.random.split(key, size)
        return state, jax.vmap(draw, in_axes=(0, None))(keys, params), {}

    return Sampler(lambda key, params: (), Partial(sample, draw))
