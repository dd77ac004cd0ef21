"""Langevin sampling of a density: Gaussian moves along the drift, accepted by Metropolis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.sampling import chain
from physml.sampling.chain import LogDensity, MetropolisState
from physml.sampling.walkers import Walkers, noise_like, sum_of_each
from physml.types import Sampler

# The best acceptance of moves along the drift is 0.57: Roberts and Rosenthal (1998).
_WINDOW = (0.55, 0.62)


def langevin(
    log_density: LogDensity,
    initial: Callable[[Array], Walkers],
    *,
    sweeps: int = 10,
    width: float = 0.5,
    adapt: bool | Array = True,
    burn_in: int = 0,
    wrap: Callable[[Walkers], Walkers] | None = None,
) -> Sampler:
    """Sample a density ``p``: propose ``x' = x + v(x) + w η``, accept so that it stays invariant.

    The drift ``v = ½ w² ∇ln p`` is cut to the length ``w``, since it grows beyond bounds near a
    node: that of each particle of walkers ``(N, d)``, and where a walker is ``(d,)`` or a number,
    each of its coordinates by itself. With ``q(x → x') ∝ exp(−|x' − x − v(x)|²/2w²)`` the chance of
    a move is ``min(1, p(x') q(x' → x) / p(x) q(x → x'))``. A gradient costs about three evaluations
    of ``ln p``: where moves of all coordinates at once are short, fewer sweeps are worth it.

    Args:
        log_density: ``(params, walker) -> ln p``, up to a constant; of a wave function
            ``vmc.log_density(log_psi)``, which is ``2 log|ψ|``.
        initial: ``key -> walkers (n, ...)``, an array or a pytree of arrays of real numbers, such
            as ``(n, N, d)``.
        sweeps: moves of every walker between batches.
        width: ``w`` to start from, in the walkers' unit of length.
        adapt: steer ``w`` to an acceptance of 55 to 62%; switch off to measure.
        burn_in: batches to draw and drop before the first.
        wrap: brings proposed walkers back into a periodic cell, ``(n, ...)`` to the same.

    Returns:
        A sampler whose batch is the walkers and whose metrics are ``acceptance`` and ``width``.

    Raises:
        ConfigurationError: for fewer than one sweep, a width not positive, a negative burn-in, a
            wave function in place of a density.
        ShapeError: when traced, if ln p of one walker is not one real number, or the walkers are
            not real numbers.

    Sources: Roberts and Tweedie (1996), doi:10.2307/3318418; Umrigar, Nightingale and Runge (1993),
    doi:10.1063/1.465195 (drift near nodes).

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> sampler = pm.langevin(lambda params, x: -0.5 * jnp.sum(x**2),
    ...                       lambda key: jax.random.normal(key, (100, 3)))
    """
    sweeps, burn_in = chain.counts(sweeps, burn_in)
    chain.check_width(width)

    def sample(
        log_density: LogDensity, key: Array, state: MetropolisState, params: Any
    ) -> tuple[MetropolisState, Walkers, dict[str, Array]]:
        walkers, width = state
        chain.densities_of(log_density, params, walkers)
        slope = jax.vmap(jax.value_and_grad(lambda x: log_density(params, x)))

        def look(walkers: Walkers) -> tuple[Walkers, Array, Walkers]:
            log, gradient = slope(walkers)
            return walkers, log, jax.tree.map(lambda g: _drift(g, width.astype(g.dtype)), gradient)

        def sweep(carry: tuple[Walkers, Array, Walkers], key: Array) -> tuple[Any, Array]:
            walkers, _, drift = carry
            key_move, key_accept = jax.random.split(key)
            noise = noise_like(key_move, walkers)
            noise = jax.tree.map(lambda n: width.astype(n.dtype) * n, noise)
            proposed = jax.tree.map(lambda x, v, n: x + v + n, walkers, drift, noise)
            there = look(proposed if wrap is None else wrap(proposed))
            # From x' back to x the noise would have to be −(v + w η) − v'.
            back = jax.tree.map(lambda v, n, w: v + n + w, drift, noise, there[2])
            unlike = jax.tree.map(lambda n, b: n**2 - b**2, noise, back)
            way_back = sum_of_each(unlike) / (2 * width**2)
            return chain.accept(key_accept, carry, there, way_back)

        keys = jax.random.split(key, sweeps)
        (walkers, _, _), accepted = jax.lax.scan(sweep, look(walkers), keys)
        acceptance = jnp.mean(accepted).astype(width.dtype)
        metrics = {"acceptance": acceptance, "width": width}
        width = chain.adapted(width, acceptance, _WINDOW, adapt)
        return MetropolisState(walkers, width), walkers, metrics

    return chain.sampler_of(sample, log_density, initial, width=width, burn_in=burn_in)


def _drift(gradient: Array, width: Array) -> Array:
    """``½ w² ∇ln p``, cut to the length ``w`` particle by particle, or number by number."""
    drift = 0.5 * width**2 * gradient
    particles = gradient.ndim > 2
    long = jnp.linalg.norm(drift, axis=-1, keepdims=True) if particles else jnp.abs(drift)
    shorter = jnp.minimum(1.0, width / jnp.maximum(long, jnp.finfo(long.dtype).tiny))
    # A walker outside the support has no gradient, and is not moved to.
    return jnp.where(jnp.isfinite(drift), drift * shorter, 0.0)
