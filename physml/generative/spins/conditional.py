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
    """One exact sample of the network's density; all spins are turned over by a coin.

    Each pass draws every spin, ``s_i = +1`` where ``u_i < σ(2 z_i(s))``, by the same uniform
    numbers ``u``. Pass ``i`` settles spin ``i`` at the latest, and where a pass changes nothing,
    the sample is that of drawing spin by spin, in fewer passes: at criticality, a quarter of them.

    Args:
        network: a module of one configuration.
        shape: of it.
        even: whether to throw the coin.
    """
    sites = int(np.prod(shape))

    def one(key: Array, params: Any) -> Array:
        key_sites, key_coin = jax.random.split(key)
        uniform = jax.random.uniform(key_sites, (sites,))

        def again(state: tuple[Array, Array, Array]) -> Array:
            _, passes, moved = state
            return moved & (passes < sites)

        def settle(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            spins, passes, _ = state
            z = network.apply(params, spins.reshape(shape)).ravel()
            new = jnp.where(uniform < jax.nn.sigmoid(2 * z), 1.0, -1.0)
            return new, passes + 1, jnp.any(new != spins)

        start = jnp.where(uniform < 0.5, 1.0, -1.0), jnp.zeros((), jnp.int32), jnp.asarray(True)
        spins = jax.lax.while_loop(again, settle, start)[0].reshape(shape)
        return jnp.where(jax.random.bernoulli(key_coin), spins, -spins) if even else spins

    return one
