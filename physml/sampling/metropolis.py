"""Metropolis sampling of ``|ψ|²`` by Gaussian moves of all particles at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.sampling import chain
from physml.sampling.chain import MetropolisState
from physml.types import Sampler

# Acceptance is steered into this window, where Gaussian moves decorrelate fastest.
_WINDOW = (0.50, 0.55)


def metropolis(
    log_psi: Callable[[Any, Array], Array],
    initial: Callable[[Array], Array],
    *,
    sweeps: int = 10,
    width: float = 0.5,
    adapt: bool | Array = True,
    burn_in: int = 0,
    wrap: Callable[[Array], Array] | None = None,
    stride: Callable[[Array], Array] | None = None,
) -> Sampler:
    """Sample ``|ψ|²``: propose ``x' = x + w η``, accept with ``min(1, |ψ(x')/ψ(x)|²)``.

    With a stride the moves are ``x' = x + w s(x) η``: short near a nucleus, long far from it. The
    chance of a move then counts how likely its way back is, so that ``|ψ|²`` stays invariant.

    Args:
        log_psi: ``(params, walker (N, d)) -> log ψ``; only its real part matters here.
        initial: ``key -> walkers (n, N, d)``.
        sweeps: moves of every walker between batches.
        width: ``w`` to start from, in bohr.
        adapt: multiply ``w`` by 1.1 above 55% acceptance, divide below 50%; switch off to measure,
            since moves that depend on the chain's past do not leave ``|ψ|²`` invariant.
        burn_in: batches to draw and drop before the first.
        wrap: brings proposed walkers back into a periodic cell, ``(n, N, d)`` to the same.
        stride: ``s > 0`` of each particle by its own place, ``(n, N, d) -> (n, N, 1)``, such as a
            system's, with the period of the cell if there is one; 1 if None.

    Returns:
        A sampler whose batch is the walkers and whose metrics are ``acceptance`` and ``width``.

    Raises:
        ConfigurationError: for fewer than one sweep, a width not positive, a negative burn-in.
        ShapeError: when traced, if log ψ of one walker is not one number, or the stride not one of
            each particle.

    Sources: Metropolis et al. (1953), doi:10.1063/1.1699114; Hastings (1970),
    doi:10.1093/biomet/57.1.97 (moves that are not as likely as their way back).

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> sampler = pm.metropolis(lambda params, x: -0.5 * jnp.sum(x**2),
    ...                         lambda key: jax.random.normal(key, (100, 1, 1)))
    """
    chain.check_chain(sweeps, burn_in)
    chain.check_width(width)

    def sample(
        key: Array, state: MetropolisState, params: Any
    ) -> tuple[MetropolisState, Array, dict[str, Array]]:
        walkers, width = state
        chain.check_value(log_psi, params, walkers)
        stride_at = chain.checked_stride(stride, walkers)
        log_density = chain.log_density_of(log_psi, params)

        def sweep(carry: tuple[Array, Array], key: Array) -> tuple[tuple[Array, Array], Array]:
            key_move, key_accept = jax.random.split(key)
            walkers = carry[0]
            noise = jax.random.normal(key_move, walkers.shape, walkers.dtype)
            before = stride_at(walkers)
            proposed = walkers + width * before * noise
            proposed = proposed if wrap is None else wrap(proposed)
            way_back = chain.log_way_back(noise, before, stride_at(proposed))
            return chain.accept(key_accept, carry, proposed, log_density, way_back)

        start = (walkers, log_density(walkers))
        (walkers, _), accepted = jax.lax.scan(sweep, start, jax.random.split(key, sweeps))
        acceptance = jnp.mean(accepted).astype(width.dtype)
        metrics = {"acceptance": acceptance, "width": width}
        width = chain.adapted(width, acceptance, _WINDOW, adapt)
        return MetropolisState(walkers, width), walkers, metrics

    return Sampler(chain.start(initial, width, burn_in, sample), sample)
