"""``ln Z`` of a Boltzmann machine by all states of its smaller layer, and samples by them."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.special import logsumexp

from physml.generative.machines.unit_states import MOST, over_states, state
from physml.networks import UnitEnergy

_AT_ONCE = 1024


def exact_log_partition(network: UnitEnergy, params: Any, shape: tuple[int, ...]) -> float:
    """``ln Z = ln Σ exp(−F)`` over all states of the layer with the fewest units.

    Args:
        network: of at most 20 visible, or at most 20 hidden units.
        params: of it.
        shape: of one visible configuration.

    Raises:
        ConfigurationError: more units; ``annealed_importance`` estimates their ``ln Z``.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> machine = pm.networks.RestrictedBoltzmannMachine(hidden=3, spread=0.0)
    >>> params = machine.init(jax.random.key(0), jnp.zeros(40))
    >>> f"{pm.generative.exact_log_partition(machine, params, (40,)):.4f}"  # 43 ln 2
    '29.8053'
    """
    layer = network.layer(params, shape)
    return float(logsumexp(-over_states(layer.free_energy, (layer.units,), network.low)))


def is_summed(network: UnitEnergy, params: Any, shape: tuple[int, ...]) -> bool:
    """Whether a layer has few enough units."""
    return network.layer(params, shape).units <= MOST


def exact_samples(
    network: UnitEnergy, params: Any, shape: tuple[int, ...], key: Array, n: int
) -> Array:
    """``n`` independent visible configurations: a state of the layer, then the rest given it."""
    layer = network.layer(params, shape)
    logs = -over_states(layer.free_energy, (layer.units,), network.low).astype(np.float64)
    cumulated = np.cumsum(np.exp(logs - logsumexp(logs)))
    key_state, key_visible = jax.random.split(key)
    chances = np.asarray(jax.random.uniform(key_state, (n,))) * cumulated[-1]
    numbers = jnp.asarray(np.minimum(np.searchsorted(cumulated, chances, "right"), len(logs) - 1))

    return _visible(network, shape, params, numbers, jax.random.split(key_visible, n))


@partial(jax.jit, static_argnames=("network", "shape"))
def _visible(
    network: UnitEnergy, shape: tuple[int, ...], params: Any, numbers: Array, keys: Array
) -> Array:
    layer = network.layer(params, shape)

    def one(number_and_key: tuple[Array, Array]) -> Array:
        number, key = number_and_key
        return layer.visible(key, state(number, (layer.units,), network.low))

    return jax.lax.map(one, (numbers, keys), batch_size=_AT_ONCE)


@partial(jax.jit, static_argnames="network")
def log_likelihoods(network: UnitEnergy, params: Any, v: Array) -> Array:
    """``−F`` of configurations ``(n, ...)``, some at a time."""
    return -jax.lax.map(partial(network.energy, params), v, batch_size=_AT_ONCE)
