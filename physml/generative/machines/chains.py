"""Where a machine's own samples come from while it is trained.

A way is a function ``(network, data, shape) -> sampler`` of a network, a sampler of data and the
shape of one configuration, whose batches are ``{"data": ..., "model": ...}``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.tree_util import Partial

from physml.as_whole import as_whole
from physml.generative.machines.annealed_importance import along
from physml.generative.machines.unit_states import check_summed, state
from physml.networks import UnitEnergy
from physml.sampling import gibbs, together
from physml.train import Weighted
from physml.types import Batch, Sampler

Way = Callable[[UnitEnergy, Sampler, tuple[int, ...]], Sampler]


def contrastive_divergence(sweeps: int = 1) -> Way:
    """CD-k: chains start at the data of each step, and take ``k`` sweeps.

    Few sweeps see only what is near the data: the gradient has a bias that no step makes smaller.

    Args:
        sweeps: ``k``.

    Raises:
        ConfigurationError: fewer than one.

    Source: Hinton (2002), doi:10.1162/089976602760128018.

    >>> import physml as pm
    >>> way = pm.generative.contrastive_divergence(5)
    """
    sweeps = as_whole("sweeps", sweeps, least=1)

    def way(network: UnitEnergy, data: Sampler, shape: tuple[int, ...]) -> Sampler:
        def sample(
            draw: Any, key: Array, state: Any, params: Any
        ) -> tuple[Any, Batch, dict[str, Array]]:
            key_data, key_chains = jax.random.split(key)
            state, given, metrics = draw(key_data, state, params)
            chains = gibbs(_resample(network), lambda key: given, sweeps=sweeps)
            _, model, moved = chains.sample(key_chains, given, params)
            return state, {"data": given, "model": model}, metrics | moved

        return Sampler(data.init, Partial(sample, data.sample))

    return way


def persistent(sweeps: int = 5, *, chains: int = 512) -> Way:
    """PCD: chains of their own go on from step to step, as the parameters change.

    Args:
        sweeps: between steps.
        chains: how many.

    Raises:
        ConfigurationError: fewer than one sweep, than two chains.

    Source: Tieleman (2008), doi:10.1145/1390156.1390290.

    >>> import physml as pm
    >>> way = pm.generative.persistent(chains=256)
    """
    sweeps, chains = as_whole("sweeps", sweeps, least=1), as_whole("chains", chains, least=2)

    def way(network: UnitEnergy, data: Sampler, shape: tuple[int, ...]) -> Sampler:
        model = gibbs(_resample(network), _anywhere(network, (chains, *shape)), sweeps=sweeps)
        return together({"data": data, "model": model})

    return way


def tempering(sweeps: int = 1, *, chains: int = 256, levels: int = 8) -> Way:
    """Parallel tempering: each chain a ladder from independent units to the machine.

    Level ``k`` has the parameters ``θ₀ + (k/K)(θ − θ₀)``, see ``annealed_importance``; after a
    sweep of each, neighbours ``k`` and ``k + 1`` change places with the probability
    ``min(1, exp(F_k(v_k) + F_{k+1}(v_{k+1}) − F_k(v_{k+1}) − F_{k+1}(v_k)))``. The batch is the
    highest level.

    Args:
        sweeps: of all levels between steps.
        chains: ladders.
        levels: ``K``, beside level 0.

    Raises:
        ConfigurationError: a count out of range.

    Source: Desjardins, Courville, Bengio, Vincent and Delalleau (2010), PMLR 9:145.

    >>> import physml as pm
    >>> way = pm.generative.tempering(levels=12)
    """
    sweeps, chains = as_whole("sweeps", sweeps, least=1), as_whole("chains", chains, least=2)
    levels = as_whole("levels", levels, least=1)

    def way(network: UnitEnergy, data: Sampler, shape: tuple[int, ...]) -> Sampler:
        start = _anywhere(network, (chains, levels + 1, *shape))
        ladders = gibbs(_climb(network, levels), start, sweeps=sweeps)

        def sample(
            draw: Any, key: Array, state: Any, params: Any
        ) -> tuple[Any, Array, dict[str, Array]]:
            state, walkers, metrics = draw(key, state, params)
            return state, walkers[:, -1], metrics

        highest = Sampler(ladders.init, Partial(sample, ladders.sample))
        return together({"data": data, "model": highest})

    return way


def every_state() -> Way:
    """All states of the visible units with their probabilities: a gradient without noise.

    Raises:
        ConfigurationError: when a machine has more than 20 visible units.

    >>> import physml as pm
    >>> way = pm.generative.every_state()
    """

    def way(network: UnitEnergy, data: Sampler, shape: tuple[int, ...]) -> Sampler:
        sites = int(np.prod(shape))
        check_summed(sites)
        numbers = jnp.arange(2**sites)

        def sample(
            key: Array, given: tuple[()], params: Any
        ) -> tuple[tuple[()], Weighted, dict[str, Array]]:
            del key
            states = jax.vmap(lambda number: state(number, shape, network.low))(numbers)
            energies = jax.vmap(partial(network.energy, params))(states)
            return given, Weighted(states, jax.nn.softmax(-energies)), {}

        return together({"data": data, "model": Sampler(lambda key, params: (), sample)})

    return way


def _resample(network: UnitEnergy) -> Callable[[Array, Any, Any], Any]:
    return lambda key, v, params: network.resample(params, key, v)


def _anywhere(network: UnitEnergy, shape: tuple[int, ...]) -> Callable[[Array], Array]:
    def initial(key: Array) -> Array:
        return jnp.where(jax.random.bernoulli(key, 0.5, shape), 1.0, network.low)

    return initial


def _climb(network: UnitEnergy, levels: int) -> Callable[[Array, Array, Any], Array]:
    """A sweep of each level of a ladder, then changes of places, of even pairs or of odd ones."""
    parts = jnp.arange(levels + 1) / levels

    def climb(key: Array, ladder: Array, params: Any) -> Array:
        key_sweep, key_pairs, key_accept = jax.random.split(key, 3)
        at = [along(network, params, part) for part in parts]
        ladder_params = jax.tree.map(lambda *leaves: jnp.stack(leaves), *at)
        keys = jax.random.split(key_sweep, levels + 1)
        ladder = jax.vmap(network.resample)(ladder_params, keys, ladder)
        energy = jax.vmap(network.energy)
        own = energy(ladder_params, ladder)
        lower, upper = (
            jax.tree.map(lambda x, s=slice_: x[s], ladder_params)
            for slice_ in (slice(0, -1), slice(1, None))
        )
        gain = own[:-1] + own[1:] - energy(lower, ladder[1:]) - energy(upper, ladder[:-1])
        turn = jnp.arange(levels) % 2 == jax.random.bernoulli(key_pairs)
        chance = jax.random.uniform(key_accept, (levels,), gain.dtype)
        swap = turn & (jnp.log(chance) < gain)
        order = jnp.arange(levels + 1)
        order = order + jnp.pad(swap, (0, 1)) - jnp.pad(swap, (1, 0))
        return ladder[order]

    return climb
