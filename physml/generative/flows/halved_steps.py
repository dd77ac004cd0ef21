"""How closely a continuous flow is followed where it is judged: until noise covers its errors."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.generative.flows.flow_training import log_normal, log_prob
from physml.generative.flows.natural_unit import InUnits
from physml.networks import ContinuousFlow

_FOLLOWED = 256

# What steps of finite length may be off, of the error bar of ln Z; how often they are halved.
_PART = 0.5
_MOST_HALVED = 5


def in_halved_steps(network: Any, halved: int) -> Any:
    """The network as it is judged and drawn from, in steps that are halved so often."""
    for _ in range(halved):
        network = network.refined()
    return network


def closely_enough(
    inner: InUnits, network: ContinuousFlow, params: Any, samples: int, key: Array
) -> tuple[float, int]:
    """How far ``ln q`` is off and how often steps are halved, until noise of ``ln Z`` covers it.

    Where rounding, or the most halvings, keeps it from falling, the best that was seen.
    """
    z = jax.random.normal(key, (_FOLLOWED, *inner.shape))

    def there(followed: ContinuousFlow) -> tuple[float, float]:
        closer = log_prob(followed.refined())

        @jax.jit
        def told(params: Any, z: Array) -> tuple[Array, Array]:
            mapped: Any = jax.vmap(lambda z: followed.apply(params, z))(z)
            y, log_det = mapped
            log_q = jax.vmap(log_normal)(z) - log_det
            apart = jnp.mean(jnp.abs(log_q - jax.vmap(lambda y: closer(params, y))(y)))
            logs = jax.vmap(inner.log_density)(y) - log_q
            weights = jnp.exp(logs - logs.max())
            return apart, weights.std() / weights.mean()

        apart, spread = told(params, z)
        return float(apart), float(spread)

    moved, halved = np.inf, 0
    for number in range(1, _MOST_HALVED + 1):
        found, spread = there(in_halved_steps(network, number))
        if halved and not found < moved / 2:
            break
        moved, halved = found, number
        if moved <= _PART * spread / samples**0.5:
            break
    return moved, halved
