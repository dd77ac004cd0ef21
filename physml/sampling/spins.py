"""Metropolis sampling of spins on a lattice: single flips, or exchanges that keep the total.

A walker is ``(N, 1)`` with entries ±1. A sweep is N proposals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.sampling import chain
from physml.types import Sampler

Proposal = Callable[[Array, Array], Array]
"""``(key, spins (N, 1)) -> spins``, as likely as the way back."""


def flip(key: Array, spins: Array) -> Array:
    """Turn a random spin over."""
    site = jax.random.randint(key, (), 0, spins.shape[0])
    return spins.at[site].multiply(-1)


def exchange(key: Array, spins: Array) -> Array:
    """Exchange a random up spin with a random down spin; the total magnetisation stays."""
    key_up, key_down = jax.random.split(key)

    # The largest of as many random numbers as there are such spins: each is as likely.
    def pick(key: Array, chosen: Array) -> Array:
        return jnp.argmax(jnp.where(chosen, jax.random.uniform(key, chosen.shape), -1.0))

    up, down = pick(key_up, spins[:, 0] > 0), pick(key_down, spins[:, 0] < 0)
    first, second = spins[up], spins[down]
    return spins.at[up].set(second).at[down].set(first)


def spin_metropolis(
    log_psi: Callable[[Any, Array], Array],
    initial: Callable[[Array], Array],
    *,
    propose: Proposal = flip,
    sweeps: int = 1,
    adapt: bool | Array = True,
    burn_in: int = 0,
) -> Sampler:
    """Sample ``|ψ(σ)|²``: propose, accept with ``min(1, |ψ(σ')/ψ(σ)|²)``.

    Args:
        log_psi: ``(params, spins (N, 1)) -> log ψ``; only its real part matters here.
        initial: ``key -> spins (n, N, 1)``.
        propose: ``flip`` or ``exchange``.
        sweeps: proposals between batches, in units of N.
        adapt: unused: nothing of a proposal adapts.
        burn_in: batches to draw and drop before the first.

    Returns:
        A sampler whose batch is the spins and whose metric is ``acceptance``.

    Raises:
        ConfigurationError: for fewer than one sweep or a negative burn-in.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> up = lambda key: jnp.ones((100, 4, 1))
    >>> sampler = pm.sampling.spin_metropolis(lambda params, s: 0.1 * jnp.sum(s), up)
    """
    del adapt
    chain.check_chain(sweeps, burn_in)

    def init(key: Array, params: Any) -> Array:
        key_initial, key_burn = jax.random.split(key)
        first = initial(key_initial)
        return chain.burn_in(key_burn, first, burn_in, lambda k, s: sample(k, s, params)[0])

    def sample(key: Array, spins: Array, params: Any) -> tuple[Array, Array, dict[str, Array]]:
        n, sites = spins.shape[:2]
        log_density = chain.log_density_of(log_psi, params)

        def move(carry: tuple[Array, Array], key: Array) -> tuple[tuple[Array, Array], Array]:
            key_move, key_accept = jax.random.split(key)
            proposed = jax.vmap(propose)(jax.random.split(key_move, n), carry[0])
            return chain.accept(key_accept, carry, proposed, log_density)

        start = (spins, log_density(spins))
        (spins, _), accepted = jax.lax.scan(move, start, jax.random.split(key, sweeps * sites))
        return spins, spins, {"acceptance": jnp.mean(accepted).astype(spins.dtype)}

    return Sampler(init, sample)
