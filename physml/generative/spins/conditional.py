"""A density of spins from the logits of each, given those before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.sampling.ancestral import Draw

LogProb = Callable[[Any, Array], Array]
"""``(params, spins) -> ln q``."""


def log_prob(network: Any, *, even: bool = False) -> LogProb:
    """``ln q`` of one configuration, by a network of its conditional logits.

        ln q(s) = Σᵢ ln σ(2 sᵢ zᵢ),   or   ln ½(q(s) + q(−s))

    Args:
        network: a module of one configuration.
        even: whether it is made even.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> network = pm.networks.MaskedMLP(())
    >>> params = network.init(jax.random.key(0), jnp.ones(3))
    >>> bool(jnp.allclose(log_prob(network)(params, jnp.ones(3)), -3 * jnp.log(2)))
    True
    """

    def one(params: Any, spins: Array) -> Array:
        return jnp.sum(jax.nn.log_sigmoid(2 * spins * network.apply(params, spins)))

    def symmetric(params: Any, spins: Array) -> Array:
        return jnp.logaddexp(one(params, spins), one(params, -spins)) - jnp.log(2.0)

    return symmetric if even else one


def draw(network: Any, shape: tuple[int, ...], *, even: bool = False) -> Draw:
    """One exact sample of the network's density, spin by spin; all are turned over by a coin.

    Args:
        network: a module of one configuration.
        shape: of it.
        even: whether to throw the coin.
    """
    sites = int(np.prod(shape))

    def one(key: Array, params: Any) -> Array:
        key_sites, key_coin = jax.random.split(key)
        uniform = jax.random.uniform(key_sites, (sites,))

        def add(i: Array, spins: Array) -> Array:
            z = network.apply(params, spins.reshape(shape)).ravel()[i]
            up = uniform[i] < jax.nn.sigmoid(2 * z)
            return spins.at[i].set(jnp.where(up, 1.0, -1.0))

        spins = jax.lax.fori_loop(0, sites, add, jnp.zeros(sites)).reshape(shape)
        return jnp.where(jax.random.bernoulli(key_coin), spins, -spins) if even else spins

    return one
