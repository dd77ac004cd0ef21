"""Metropolis sampling of a density by Gaussian moves of all coordinates at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.sampling import chain
from physml.sampling.chain import LogDensity, MetropolisState
from physml.sampling.stride import check_stride, log_way_back
from physml.sampling.walkers import Walkers, noise_like, plus
from physml.types import Sampler

# Acceptance is steered into this window, where Gaussian moves decorrelate fastest.
_WINDOW = (0.50, 0.55)


def metropolis(
    log_density: LogDensity,
    initial: Callable[[Array], Walkers],
    *,
    sweeps: int = 10,
    width: float = 0.5,
    adapt: bool | Array = True,
    burn_in: int = 0,
    wrap: Callable[[Walkers], Walkers] | None = None,
    stride: Callable[[Array], Array] | None = None,
) -> Sampler:
    """Sample a density ``p``: propose ``x' = x + w η``, accept with ``min(1, p(x')/p(x))``.

    With a stride the moves are ``x' = x + w s(x) η``: short near a nucleus, long far from it. The
    chance of a move then counts how likely its way back is, so that ``p`` stays invariant.

    Args:
        log_density: ``(params, walker) -> ln p``, up to a constant; of a wave function
            ``vmc.log_density(log_psi)``, which is ``2 log|ψ|``.
        initial: ``key -> walkers (n, ...)``, an array or a pytree of arrays of real numbers, such
            as ``(n, N, d)``.
        sweeps: moves of every walker between batches.
        width: ``w`` to start from, in the walkers' unit of length.
        adapt: multiply ``w`` by 1.1 above 55% acceptance, divide below 50%; switch off to measure,
            since moves that depend on the chain's past do not leave ``p`` invariant.
        burn_in: batches to draw and drop before the first.
        wrap: brings proposed walkers back into a periodic cell, ``(n, ...)`` to the same.
        stride: ``s > 0`` of each particle by its own place, ``(n, N, d) -> (n, N, 1)``, such as a
            system's, with the period of the cell if there is one; 1 if None.

    Returns:
        A sampler whose batch is the walkers and whose metrics are ``acceptance`` and ``width``.

    Raises:
        ConfigurationError: for fewer than one sweep, a width not positive, a negative burn-in, a
            wave function in place of a density.
        ShapeError: when traced, if ln p of one walker is not one real number, the walkers are not
            real numbers, or the stride is not one number for each particle.

    Sources: Metropolis et al. (1953), doi:10.1063/1.1699114; Hastings (1970),
    doi:10.1093/biomet/57.1.97 (moves that are not as likely as their way back).

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> sampler = pm.metropolis(lambda params, x: -0.5 * jnp.sum(x**2),
    ...                         lambda key: jax.random.normal(key, (100, 3)))
    """
    sweeps, burn_in = chain.counts(sweeps, burn_in)
    chain.check_width(width)

    def sample(
        log_density: LogDensity, key: Array, state: MetropolisState, params: Any
    ) -> tuple[MetropolisState, Walkers, dict[str, Array]]:
        walkers, width = state
        densities = chain.densities_of(log_density, params, walkers)
        if stride is not None:
            check_stride(stride, walkers)

        def propose(key: Array, walkers: Walkers) -> tuple[Walkers, Array | float]:
            noise = noise_like(key, walkers)
            if stride is None:
                proposed = plus(walkers, width, noise)
                return proposed if wrap is None else wrap(proposed), 0.0
            before = stride(walkers)
            proposed = walkers + width * before * noise
            proposed = proposed if wrap is None else wrap(proposed)
            return proposed, log_way_back(noise, before, stride(proposed))

        def sweep(carry: tuple[Walkers, Array, Any], key: Array) -> tuple[Any, Array]:
            key_move, key_accept = jax.random.split(key)
            proposed, way_back = propose(key_move, carry[0])
            there = proposed, densities(proposed), ()
            return chain.accept(key_accept, carry, there, way_back)

        start = (walkers, densities(walkers), ())
        (walkers, _, _), accepted = jax.lax.scan(sweep, start, jax.random.split(key, sweeps))
        acceptance = jnp.mean(accepted).astype(width.dtype)
        metrics = {"acceptance": acceptance, "width": width}
        width = chain.adapted(width, acceptance, _WINDOW, adapt)
        return MetropolisState(walkers, width), walkers, metrics

    return chain.sampler_of(sample, log_density, initial, width=width, burn_in=burn_in)
