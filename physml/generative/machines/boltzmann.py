"""Boltzmann machines learned from data of units of two values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.tree_util import Partial

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.generative.machines.boltzmann_density import BoltzmannDensity
from physml.generative.machines.chains import Way, persistent
from physml.generative.machines.independent_units import frequencies
from physml.generative.machines.unit_data import as_network, as_units
from physml.generative.machines.unit_states import state
from physml.networks import RestrictedBoltzmannMachine, UnitEnergy
from physml.optim import natural_gradient, optimizer_of
from physml.sampling import fixed, minibatches
from physml.train import Rule, Run, contrastive, every, fit, key_for
from physml.train.callbacks import Callback, Every

_MEASURED = 12
_LOOKED_AT = 1000
_MEASUREMENTS = 50


def boltzmann(
    data: Any,
    network: Any = None,
    *,
    chains: Way | None = None,
    optimizer: Any = None,
    size: int | None = None,
    steps: int = 300,
    test: Any = None,
    judge: int = 1000,
    levels: int = 1000,
    params: Any = None,
    until: Rule | None = None,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> BoltzmannDensity:
    """The Boltzmann machine ``p(v) = exp(−F(v))/Z`` of the largest likelihood of data.

        ∇(−⟨ln p⟩) = ⟨∂F⟩_data − ⟨∂F⟩_model,   (cov_model(∂F) + λI) δ = ∇(−⟨ln p⟩)

    Args:
        data: configurations ``(n, ...)`` of 0 and 1, or of ±1 for a network of spins.
        network: an energy of units; a restricted machine of 16 hidden units, of spins where the
            data are, if None.
        chains: where the model's samples come from: ``contrastive_divergence``, ``persistent``,
            ``tempering``, ``every_state``, or a function of one's own; ``persistent()`` if None.
        optimizer: any, or its name; the natural gradient if None.
        size: data in a step's batch; all if None.
        steps: how many steps.
        test: configurations that nothing is learned from, for a likelihood.
        judge: samples that tell moments; of machines too large for a sum, chains of ``ln Z``.
        levels: of annealed importance sampling, for those.
        params: to begin with; if None the network's own, with the biases of units that are
            independent.
        until: a rule that may end training before.
        key: a random key.
        run: a run directory.
        callbacks: of the loop.
        progress: whether to show a line.

    Returns:
        The density: ``sample``, ``log_prob``, ``log_partition``, and a ``Result``.

    Raises:
        ShapeError: data of other values or another shape; NonFiniteError: a NaN among them.
        ConfigurationError: a network that is no energy of units; a count out of range.

    Sources: Ackley, Hinton and Sejnowski (1985), doi:10.1207/s15516709cog0901_7; by natural
    gradient: Amari, Kurata and Nagaoka (1992), doi:10.1109/72.125867.

    >>> import jax, numpy as np, physml as pm
    >>> pairs = np.repeat([[1, 1], [-1, -1], [1, -1], [-1, 1]], [3, 3, 1, 1], axis=0)
    >>> found = pm.generative.boltzmann(
    ...     pairs, pm.networks.BoltzmannMachine(spins=True), steps=15, progress=False,
    ...     chains=pm.generative.every_state(), optimizer=pm.natural_gradient(1.0, damping=1e-9))
    >>> f"{found.params['params']['couplings'][0]:.4f}"  # tanh J = ½
    '0.5493'
    """
    steps, judge = as_whole("steps", steps, least=0), as_whole("judge", judge, least=2)
    levels = as_whole("levels", levels, least=1)
    key = jax.random.key(0) if key is None else key
    network = _default(data) if network is None else as_network(network)
    data = as_units("data", data, network)
    shape = data.shape[1:]
    test = None if test is None else as_units("test", test, network, shape)
    if params is None:
        first = network.init(key_for(key, "params"), data[0])
        params = network.begun(first, frequencies(data))
    way = persistent() if chains is None else chains
    if not callable(way):
        raise ConfigurationError(
            f"chains: expected a way to samples, such as persistent(), got {way!r}"
        )
    source = fixed(data) if size is None else minibatches(data, size=size)
    result = fit(
        contrastive(network.energy),
        way(network, source, shape),
        natural_gradient(0.1, damping=1e-3, max_norm=1.0)
        if optimizer is None
        else optimizer_of(optimizer),
        params,
        steps=steps,
        key=key_for(key, "fit"),
        until=until,
        measure=_likelihood(network, params, data, steps),
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    return BoltzmannDensity.judged(
        network,
        result.params,
        data,
        test=test,
        samples=judge,
        levels=levels,
        key=key_for(key, "measure"),
        result=result,
    )


def _default(data: Any) -> UnitEnergy:
    spins = bool((as_numbers("data", data) == -1).any())
    return RestrictedBoltzmannMachine(hidden=16, spins=spins)


def _likelihood(
    network: UnitEnergy, params: Any, data: Array, steps: int
) -> dict[str, Every] | None:
    """The likelihood of some data while training, where ``Z`` is a short sum."""
    shape = data.shape[1:]
    if network.layer(params, shape).units > _MEASURED:
        return None
    some = np.random.default_rng(0).permutation(len(data))[:_LOOKED_AT]  # data may be sorted
    told = every(
        max(1, steps // _MEASUREMENTS), Partial(_mean_log(network, shape), data[np.sort(some)])
    )
    return {"log_likelihood": told}


def _mean_log(network: UnitEnergy, shape: tuple[int, ...]) -> Callable[[Array, Any], Array]:
    def mean(data: Array, params: Any) -> Array:
        layer = network.layer(params, shape)
        states = jax.vmap(lambda n: state(n, (layer.units,), network.low))(
            jnp.arange(2**layer.units)
        )
        log_z = jax.nn.logsumexp(-jax.vmap(layer.free_energy)(states))
        return -jnp.mean(jax.vmap(partial(network.energy, params))(data)) - log_z

    return mean
