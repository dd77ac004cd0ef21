"""``ln Z`` of a Boltzmann machine of any size, by annealed importance sampling."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.generative.judge.log_partition import LogPartition, log_partition
from physml.networks import UnitEnergy

_PROBES = 8


def annealed_importance(
    network: UnitEnergy,
    params: Any,
    shape: tuple[int, ...],
    *,
    chains: int = 500,
    levels: int = 1000,
    key: Array,
) -> LogPartition:
    """``ln Z`` from chains that go from independent units to the machine, by their weights.

        ln w = ln Z₀ + Σ_k [F_{k−1}(v_k) − F_k(v_k)],   v_{k+1} ~ T_k(v_k),   ⟨w⟩ = Z

    with ``F_k`` of the parameters ``θ₀ + (k/K)(θ − θ₀)``, θ₀ those without couplings, and ``T_k``
    a sweep that leaves ``exp(−F_k)`` invariant. ``⟨w⟩`` is ``Z`` whatever the number of levels;
    with few of them the weights spread, and the mean and its error are of a handful of chains:
    look at ``ess``, and take more levels where it is below one half or so.

    Args:
        network: of the energy.
        params: of it.
        shape: of one visible configuration.
        chains: independent ones, at least 2.
        levels: ``K``.
        key: a random key.

    Returns:
        ``ln Z`` with its error, and the effective part of the chains.

    Raises:
        ConfigurationError: a count out of range; a network whose units depend on one another at
            θ₀, the parameters of its ``independent``.

    Sources: Neal (2001), doi:10.1023/A:1008923215028; Salakhutdinov and Murray (2008),
    doi:10.1145/1390156.1390266.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> machine = pm.networks.RestrictedBoltzmannMachine(hidden=3, spread=0.5)
    >>> params = machine.init(jax.random.key(0), jnp.zeros(4))
    >>> exact = pm.generative.exact_log_partition(machine, params, (4,))
    >>> found = pm.generative.annealed_importance(machine, params, (4,), chains=100, levels=50,
    ...                                           key=jax.random.key(1))
    >>> abs(found.value - exact) < 3 * found.error < 0.1
    True
    """
    logs, _ = annealed(network, params, shape, chains=chains, levels=levels, key=key)
    return log_partition(logs)


def annealed(
    network: UnitEnergy,
    params: Any,
    shape: tuple[int, ...],
    *,
    chains: int,
    levels: int,
    key: Array,
) -> tuple[np.ndarray, Array]:
    """The log weights of chains ``(n,)`` and where they end, ``(n, ...)``."""
    chains, levels = as_whole("chains", chains, least=2), as_whole("levels", levels, least=1)
    base = network.independent(params)
    energy, slopes = _independent(network, base, shape)
    key_start, key_chains = jax.random.split(key)
    up = jax.nn.sigmoid(-slopes).reshape(shape)
    chance = jax.random.uniform(key_start, (chains, *shape))
    start = jnp.where(chance < up[None], 1.0, network.low).astype(slopes.dtype)
    log_z = -energy + jnp.sum(jax.nn.softplus(-slopes))
    logs, ends = _run(network, levels, params, start, key_chains)
    return np.asarray(logs) + float(log_z), ends


@partial(jax.jit, static_argnames=("network", "levels"))
def _run(
    network: UnitEnergy, levels: int, params: Any, v: Array, key: Array
) -> tuple[Array, Array]:
    def step(carry: tuple[Array, Array], level: Array) -> tuple[tuple[Array, Array], None]:
        v, logs = carry
        before, now = (along(network, params, (level + i) / levels) for i in (0, 1))
        logs = logs + jax.vmap(lambda v: network.energy(before, v) - network.energy(now, v))(v)
        keys = jax.random.split(jax.random.fold_in(key, level), len(v))
        return (jax.vmap(partial(network.resample, now))(keys, v), logs), None

    first = (v, jnp.zeros(len(v), v.dtype))
    (v, logs), _ = jax.lax.scan(step, first, jnp.arange(levels))
    return logs, v


def along(network: UnitEnergy, params: Any, part: Any) -> Any:
    """Parameters on the way from independent units, 0, to those given, 1."""
    base = network.independent(params)
    return jax.tree.map(lambda a, b: a + part * (b - a), base, params)


def _independent(network: UnitEnergy, base: Any, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """``F₀`` with all units low, and by how much each changes it; refused if they see others."""
    dtype = jax.tree.leaves(base)[0].dtype
    low = jnp.full(int(np.prod(shape)), network.low, dtype)
    flipped = jnp.where(jnp.eye(low.size, dtype=bool), jnp.ones((), dtype), low[None])
    energies = jax.jit(jax.vmap(lambda v: network.energy(base, v.reshape(shape))))
    random = np.random.default_rng(0)
    bits = random.integers(2, size=(_PROBES, low.size))
    probes = jnp.where(bits == 1, 1.0, network.low).astype(dtype)
    values = energies(jnp.concatenate([low[None], flipped, probes]))
    first, slopes = values[0], values[1 : 1 + low.size] - values[0]
    told = first + bits @ slopes
    if not np.allclose(told, values[1 + low.size :], rtol=1e-3, atol=1e-3):
        raise ConfigurationError(
            "network: expected independent units, F = c + Σ f_i v_i, for the parameters that its "
            "independent(params) returns, got units that see others; set all couplings to 0 there"
        )
    return first, slopes
