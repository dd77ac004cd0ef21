"""Moves to far places: what no walk of small steps reaches between wells that are far apart.

A jump is a proposal ``(key, walker) -> walker`` as likely as its way back, so that it is accepted
with ``min(1, p(x')/p(x))``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.sampling import chain
from physml.sampling.chain import LogDensity, MetropolisState
from physml.types import Sampler

Jump = Callable[[Array, Array], Array]
"""``(key, walker (N, d)) -> walker``, as likely as the way back."""


def swap(n_up: int) -> Jump:
    """Exchange the places of a random one of the first ``n_up`` particles and of a random other."""

    def jump(key: Array, walker: Array) -> Array:
        key_up, key_down = jax.random.split(key)
        up = jax.random.randint(key_up, (), 0, n_up)
        down = jax.random.randint(key_down, (), n_up, walker.shape[0])
        first, second = walker[up], walker[down]
        return walker.at[up].set(second).at[down].set(first)

    return jump


def hop(vectors: np.ndarray) -> Jump:
    """Carry a random particle by a random vector of a set that has with each its opposite.

    Args:
        vectors: ``(m, d)``, in the walkers' unit of length.
    """

    def jump(key: Array, walker: Array) -> Array:
        key_who, key_where = jax.random.split(key)
        who = jax.random.randint(key_who, (), 0, walker.shape[0])
        where = jax.random.randint(key_where, (), 0, len(vectors))
        return walker.at[who].add(jnp.asarray(vectors, walker.dtype)[where])

    return jump


def with_jumps(
    make: Callable[..., Sampler],
    log_density: LogDensity,
    jumps: Sequence[Jump],
) -> Callable[..., Sampler]:
    """What makes a sampler that offers each walker every jump once, after each of its batches.

    Args:
        make: ``(adapt=..., burn_in=..., ...) -> Sampler`` of a density, whose state is a
            ``MetropolisState``; what it reports of acceptance stays that of its own moves.
        log_density: ``(params, walker (N, d)) -> ln p`` of the same density.
        jumps: in the order in which they are offered.

    Returns:
        ``(adapt=..., burn_in=..., ...) -> Sampler``, whose metrics have ``jumps``, the share that
        was accepted, too.
    """

    def made(*, burn_in: int = 0, **options: Any) -> Sampler:
        inner = make(**options)
        _, burn_in = chain.counts(1, burn_in)

        def init(key: Array, params: Any) -> MetropolisState:
            key_start, key_burn = jax.random.split(key)
            state = inner.init(key_start, params)
            if not isinstance(state, MetropolisState):
                raise ConfigurationError(
                    "jumps: expected a sampler whose state is walkers and a width, got "
                    f"{type(state).__name__}"
                )
            return chain.burn(key_burn, state, burn_in, sample, params)

        def sample(
            key: Array, state: MetropolisState, params: Any
        ) -> tuple[MetropolisState, Array, dict[str, Array]]:
            key_inner, key_jumps = jax.random.split(key)
            state, walkers, metrics = inner.sample(key_inner, state, params)
            densities = chain.densities_of(log_density, params, walkers)
            now, shares = (walkers, densities(walkers), ()), []
            for number, jump in enumerate(jumps):
                key_jump, key_accept = jax.random.split(jax.random.fold_in(key_jumps, number))
                proposed = jax.vmap(jump)(jax.random.split(key_jump, len(walkers)), now[0])
                there = proposed, densities(proposed), ()
                now, share = chain.accept(key_accept, now, there)
                shares.append(share)
            walkers = now[0]
            jumped = jnp.mean(jnp.stack(shares)).astype(walkers.dtype)
            return state._replace(walkers=walkers), walkers, metrics | {"jumps": jumped}

        return Sampler(init, sample)

    return made
