"""Several samplers as one, whose batches are dicts by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
from jax import Array
from jax.tree_util import Partial

from physml.errors import ConfigurationError
from physml.types import Batch, Sampler


def together(samplers: Mapping[str, Sampler]) -> Sampler:
    """The batches of several samplers, side by side in a dict.

    Each has a key of its own, by the order of the names and not of the dict. A metric has the
    name of its sampler, too: ``acceptance/walkers``.

    Args:
        samplers: by name, such as those of the terms of an objective.

    Returns:
        A sampler whose state, batch and metrics are those of all.

    Raises:
        ConfigurationError: no samplers, or what is none.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> sampler = pm.sampling.together({
    ...     "data": pm.sampling.minibatches((jnp.ones((9, 2)), jnp.arange(9)), size=3),
    ...     "inside": pm.drawn(lambda key, params: jax.random.uniform(key, (8, 2)), every=1),
    ... })
    >>> _, batch, metrics = sampler.sample(
    ...     jax.random.key(1), sampler.init(jax.random.key(0), None), None)
    >>> sorted(batch), batch["inside"].shape, list(metrics)
    (['data', 'inside'], (8, 2), ['epoch/data'])
    """
    if not samplers:
        raise ConfigurationError("samplers: expected at least one, got none")
    for name, sampler in samplers.items():
        if not isinstance(name, str) or not isinstance(sampler, Sampler):
            raise ConfigurationError(
                f"samplers: expected samplers by names, got {name!r}: {type(sampler).__name__}"
            )
    return Sampler(
        Partial(_start, {name: sampler.init for name, sampler in samplers.items()}),
        Partial(_draw, {name: sampler.sample for name, sampler in samplers.items()}),
    )


def _start(starts: Mapping[str, Callable[..., Any]], key: Array, params: Any) -> dict[str, Any]:
    keys = _keys(key, starts)
    return {name: start(keys[name], params) for name, start in starts.items()}


def _draw(
    draws: Mapping[str, Callable[..., Any]], key: Array, state: Mapping[str, Any], params: Any
) -> tuple[dict[str, Any], Batch, dict[str, Array]]:
    keys = _keys(key, draws)
    after: dict[str, Any] = {}
    batch: dict[str, Any] = {}
    metrics: dict[str, Array] = {}
    for name, draw in draws.items():
        after[name], batch[name], seen = draw(keys[name], state[name], params)
        metrics |= {f"{metric}/{name}": value for metric, value in seen.items()}
    return after, batch, metrics


def _keys(key: Array, names: Mapping[str, Any]) -> dict[str, Array]:
    return {name: jax.random.fold_in(key, i) for i, name in enumerate(sorted(names))}
