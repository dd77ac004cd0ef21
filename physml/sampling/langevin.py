"""Langevin sampling of ``|ψ|²``: Gaussian moves along the drift, accepted by Metropolis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.sampling import chain
from physml.sampling.chain import MetropolisState
from physml.types import Sampler

# The best acceptance of moves along the drift is 0.57: Roberts and Rosenthal (1998).
_WINDOW = (0.55, 0.62)


def langevin(
    log_psi: Callable[[Any, Array], Array],
    initial: Callable[[Array], Array],
    *,
    sweeps: int = 10,
    width: float = 0.5,
    adapt: bool | Array = True,
    burn_in: int = 0,
    wrap: Callable[[Array], Array] | None = None,
) -> Sampler:
    """Sample ``|ψ|²``: propose ``x' = x + v(x) + w η``, accept so that it stays invariant.

    The drift ``v = w² ∇log|ψ|`` of each particle is cut to the length ``w``, since it grows beyond
    bounds near a node. With ``q(x → x') ∝ exp(−|x' − x − v(x)|²/2w²)`` the chance of a move is
    ``min(1, |ψ(x')|² q(x' → x) / |ψ(x)|² q(x → x'))``. A gradient costs about three evaluations of
    ``log ψ``: where moves of all particles at once are short, fewer sweeps are worth it.

    Args:
        log_psi: ``(params, walker (N, d)) -> log ψ``; only its real part matters here.
        initial: ``key -> walkers (n, N, d)``.
        sweeps: moves of every walker between batches.
        width: ``w`` to start from, in bohr.
        adapt: steer ``w`` to an acceptance of 55 to 62%; switch off to measure.
        burn_in: batches to draw and drop before the first.
        wrap: brings proposed walkers back into a periodic cell, ``(n, N, d)`` to the same.

    Returns:
        A sampler whose batch is the walkers and whose metrics are ``acceptance`` and ``width``.

    Raises:
        ConfigurationError: for fewer than one sweep, a width not positive, a negative burn-in.
        ShapeError: when traced, if log ψ of one walker is not one number.

    Source: Umrigar, Nightingale and Runge (1993), doi:10.1063/1.465195 (drift near nodes).

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> sampler = pm.langevin(lambda params, x: -0.5 * jnp.sum(x**2),
    ...                       lambda key: jax.random.normal(key, (100, 1, 1)))
    """
    chain.check_chain(sweeps, burn_in)
    chain.check_width(width)

    def sample(
        key: Array, state: MetropolisState, params: Any
    ) -> tuple[MetropolisState, Array, dict[str, Array]]:
        walkers, width = state
        chain.check_value(log_psi, params, walkers)
        slope = jax.vmap(jax.value_and_grad(lambda x: jnp.real(log_psi(params, x))))

        def look(walkers: Array) -> tuple[Array, Array]:
            log, gradient = slope(walkers)
            drift = width**2 * gradient
            long = jnp.linalg.norm(drift, axis=-1, keepdims=True)
            shorter = jnp.minimum(1.0, width / jnp.maximum(long, jnp.finfo(long.dtype).tiny))
            # A walker outside the support has no gradient, and is not moved to.
            return 2 * log, jnp.where(jnp.isfinite(drift), drift * shorter, 0.0)

        def sweep(carry: tuple[Array, Array, Array], key: Array) -> tuple[Any, Array]:
            walkers, density, drift = carry
            key_move, key_accept = jax.random.split(key)
            noise = width * jax.random.normal(key_move, walkers.shape, walkers.dtype)
            proposed = walkers + drift + noise
            proposed = proposed if wrap is None else wrap(proposed)
            new_density, new_drift = look(proposed)
            # From x' back to x the noise would have to be −(v + w η) − v'.
            back = drift + noise + new_drift
            weight = jnp.sum(noise**2 - back**2, axis=(1, 2)) / (2 * width**2)
            chance = jax.random.uniform(key_accept, density.shape, density.dtype)
            moves = jnp.log(chance) < new_density - density + weight
            spread = moves[:, None, None]
            kept = (
                jnp.where(spread, proposed, walkers),
                jnp.where(moves, new_density, density),
                jnp.where(spread, new_drift, drift),
            )
            return kept, jnp.mean(moves)

        start = (walkers, *look(walkers))
        (walkers, _, _), accepted = jax.lax.scan(sweep, start, jax.random.split(key, sweeps))
        acceptance = jnp.mean(accepted).astype(width.dtype)
        metrics = {"acceptance": acceptance, "width": width}
        width = chain.adapted(width, acceptance, _WINDOW, adapt)
        return MetropolisState(walkers, width), walkers, metrics

    return Sampler(chain.start(initial, width, burn_in, sample), sample)
