"""Random numbers beside data: all randomness of a training step enters through its batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax import Array
from jax.tree_util import Partial

from physml.types import Batch, Sampler

Add = Callable[[Array, Batch], Batch]
"""``(key, batch) -> batch``, with random numbers added as the objective expects them."""


def with_noise(sampler: Sampler, add: Add) -> Sampler:
    """The batches of a sampler with random numbers in them: an ε, a time, the key of a dropout.

    So an objective needs no key, a line search compares losses at one and the same noise, and a
    resumed run meets the numbers that it would have met.

    Args:
        sampler: whose batches need random numbers.
        add: ``(key, batch) -> batch``, any pytree of arrays with a leading axis of samples: a key
            for each sample is ``jax.random.split(key, size)``.

    Returns:
        A sampler with the state and the metrics of the first.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> images = pm.sampling.minibatches(jnp.ones((10, 64)), size=4)
    >>> def noisy(key, x):
    ...     key_time, key_noise = jax.random.split(key)
    ...     return x, jax.random.uniform(key_time, (4,)), jax.random.normal(key_noise, x.shape)
    >>> sampler = pm.sampling.with_noise(images, noisy)
    >>> _, batch, _ = sampler.sample(jax.random.key(1), sampler.init(jax.random.key(0), None), None)
    >>> [part.shape for part in batch]
    [(4, 64), (4,), (4, 64)]
    """
    return Sampler(sampler.init, Partial(_sample, sampler.sample, add))


def _sample(
    draw: Callable[..., Any], add: Add, key: Array, state: Any, params: Any
) -> tuple[Any, Batch, dict[str, Array]]:
    key_draw, key_noise = jax.random.split(key)
    state, batch, metrics = draw(key_draw, state, params)
    return state, add(key_noise, batch), metrics
