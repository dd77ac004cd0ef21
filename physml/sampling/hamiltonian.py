"""Hamiltonian sampling of a density: trajectories by leapfrogs, accepted by Metropolis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.sampling import chain
from physml.sampling.chain import LogDensity, MetropolisState
from physml.sampling.walkers import Walkers, count_of, noise_like, plus, sum_of_each
from physml.types import Sampler

# The best acceptance of trajectories is 0.651 in many dimensions, and the optimum is flat:
# Beskos, Pillai, Roberts, Sanz-Serna and Stuart (2013), doi:10.3150/12-BEJ414.
_WINDOW = (0.60, 0.68)


def hamiltonian(
    log_density: LogDensity,
    initial: Callable[[Array], Walkers],
    *,
    leapfrogs: int = 10,
    sweeps: int = 1,
    width: float = 0.1,
    adapt: bool | Array = True,
    burn_in: int = 0,
    wrap: Callable[[Walkers], Walkers] | None = None,
) -> Sampler:
    """Sample a density ``p`` by motion in the potential ``−ln p`` from random velocities ``v``.

        v ← v + ½ τ ∇ln p(x),   x ← x + τ v,   v ← v + ½ τ ∇ln p(x)      L times, v ~ N(0, 1)

    and ``min(1, p(x') e^{−|v'|²/2} / p(x) e^{−|v|²/2})`` is the chance of being accepted. ``τ`` is
    drawn for each trajectory, between ``w/2`` and ``w``: trajectories of one length in a harmonic
    potential may come back to where they began for ever. They pay where a density has many
    correlated coordinates; wells that are far apart they do not join.

    Args:
        log_density: ``(params, walker) -> ln p``, up to a constant; of a wave function
            ``vmc.log_density(log_psi)``, which is ``2 log|ψ|``.
        initial: ``key -> walkers (n, ...)``, an array or a pytree of arrays of real numbers.
        leapfrogs: ``L``; each costs a gradient.
        sweeps: trajectories of every walker between batches.
        width: ``w``, the longest leapfrog, to start from, in the walkers' unit of length.
        adapt: steer ``w`` to an acceptance of 60 to 68%; switch off to measure.
        burn_in: batches to draw and drop before the first.
        wrap: brings walkers back into a periodic cell, ``(n, ...)`` to the same.

    Returns:
        A sampler whose batch is the walkers and whose metrics are ``acceptance`` and ``width``.

    Raises:
        ConfigurationError: for fewer than one sweep or leapfrog, a width not positive, a negative
            burn-in, a wave function in place of a density.
        ShapeError: when traced, if ln p of one walker is not one real number, or the walkers are
            not real numbers.

    Sources: Duane, Kennedy, Pendleton and Roweth (1987), doi:10.1016/0370-2693(87)91197-X; Neal
    (2011), arXiv:1206.1901 (random lengths).

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> sampler = pm.sampling.hamiltonian(lambda params, x: -0.5 * jnp.sum(x**2),
    ...                                   lambda key: jax.random.normal(key, (100, 3)))
    """
    sweeps, burn_in = chain.counts(sweeps, burn_in)
    chain.check_width(width)
    leapfrogs = as_whole("leapfrogs", leapfrogs, least=1)

    def sample(
        log_density: LogDensity, key: Array, state: MetropolisState, params: Any
    ) -> tuple[MetropolisState, Walkers, dict[str, Array]]:
        walkers, width = state
        chain.densities_of(log_density, params, walkers)
        slope = jax.vmap(jax.value_and_grad(lambda x: log_density(params, x)))

        def look(walkers: Walkers) -> tuple[Walkers, Array, Walkers]:
            log, force = slope(walkers)
            # A walker outside the support has no gradient, and flies on as it flew.
            return walkers, log, jax.tree.map(lambda f: jnp.where(jnp.isfinite(f), f, 0.0), force)

        def leap(tau: Array, flight: tuple[Any, Walkers]) -> tuple[Any, Walkers]:
            (walkers, _, force), velocity = flight
            velocity = plus(velocity, 0.5 * tau, force)
            moved = plus(walkers, tau, velocity)
            there = look(moved if wrap is None else wrap(moved))
            return there, plus(velocity, 0.5 * tau, there[2])

        def trajectory(carry: tuple[Walkers, Array, Walkers], key: Array) -> tuple[Any, Array]:
            key_velocity, key_length, key_accept = jax.random.split(key, 3)
            first, n = noise_like(key_velocity, carry[0]), count_of(carry[0])
            tau = width * jax.random.uniform(key_length, (n,), width.dtype, 0.5, 1.0)
            start = (carry, first)
            there, last = jax.lax.fori_loop(0, leapfrogs, lambda _, now: leap(tau, now), start)
            lost = jax.tree.map(lambda a, b: 0.5 * (a**2 - b**2), first, last)
            return chain.accept(key_accept, carry, there, sum_of_each(lost))

        keys = jax.random.split(key, sweeps)
        (walkers, _, _), accepted = jax.lax.scan(trajectory, look(walkers), keys)
        acceptance = jnp.mean(accepted).astype(width.dtype)
        metrics = {"acceptance": acceptance, "width": width}
        width = chain.adapted(width, acceptance, _WINDOW, adapt)
        return MetropolisState(walkers, width), walkers, metrics

    return chain.sampler_of(sample, log_density, initial, width=width, burn_in=burn_in)
