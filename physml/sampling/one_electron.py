"""Metropolis sampling of a density by moves of one electron after another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ShapeError
from physml.sampling import chain
from physml.sampling.chain import LogDensity, MetropolisState
from physml.sampling.stride import check_stride, log_way_back
from physml.types import Sampler

# One electron has few coordinates, whose best acceptance lies near a half.
_WINDOW = (0.45, 0.55)


class OneElectronMoves(NamedTuple):
    """How a density changes when one electron moves, as pure functions of one walker.

    Whatever makes the ratio cheap is kept in a memory, such as the inverse of a Slater matrix.

    Attributes:
        begin: ``(params, walker (N, d)) -> memory``, any pytree of arrays.
        move: ``(params, memory, walker, i, place (d,)) -> (ln p'/p, memory)``: electron ``i`` of
            the walker goes to a place, and the memory is that of the walker afterwards. The ratio
            is +∞ where the density of the walker is zero. Of a wave function it is
            ``2 log|ψ'/ψ|``, and ``vmc.one_electron_moves`` makes these moves.
    """

    begin: Callable[[Any, Array], Any]
    move: Callable[[Any, Any, Array, Array, Array], tuple[Array, Any]]


def metropolis_one_electron(
    log_density: LogDensity | OneElectronMoves,
    initial: Callable[[Array], Array],
    *,
    sweeps: int = 1,
    width: float = 1.0,
    adapt: bool | Array = True,
    burn_in: int = 0,
    wrap: Callable[[Array], Array] | None = None,
    stride: Callable[[Array], Array] | None = None,
) -> Sampler:
    """Sample a density ``p``: propose ``r_i' = r_i + w η`` for each electron in turn.

    Each move is accepted alone with ``min(1, p'/p)``, so that its width need not shrink with the
    number of electrons. A sweep costs N evaluations of ``ln p``, or N cheaper ratios of
    ``OneElectronMoves``; their memory is made afresh at each sweep, against accumulated rounding.
    A walker whose density is 0 or not a number goes anywhere, until it is one.

    Args:
        log_density: ``(params, walker (N, d)) -> ln p``, or a density's own moves; of a wave
            function ``vmc.log_density(log_psi)`` or ``vmc.one_electron_moves(wavefunction)``.
        initial: ``key -> walkers (n, N, d)``.
        sweeps: moves of every electron between batches.
        width: ``w`` to start from, in the walkers' unit of length.
        adapt: steer ``w`` to an acceptance of 45 to 55%; switch off to measure.
        burn_in: batches to draw and drop before the first.
        wrap: brings places back into a periodic cell, ``(n, 1, d)`` to the same.
        stride: what ``w`` is multiplied by at a place, ``(n, 1, d) -> (n, 1, 1)``; see
            ``metropolis``.

    Returns:
        A sampler whose batch is the walkers and whose metrics are ``acceptance`` and ``width``.

    Raises:
        ConfigurationError: for fewer than one sweep, a width not positive, a negative burn-in, a
            wave function in place of a density.
        ShapeError: when traced, if walkers are not ``(n, N, d)``, ln p of one is not one real
            number, or the stride not one of each particle.

    Source: Ceperley, Chester and Kalos (1977), doi:10.1103/PhysRevB.16.3081.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> sampler = pm.sampling.metropolis_one_electron(lambda params, x: -0.5 * jnp.sum(x**2),
    ...                                      lambda key: jax.random.normal(key, (100, 4, 2)))
    >>> state = sampler.init(jax.random.key(0), None)
    >>> state, walkers, metrics = sampler.sample(jax.random.key(1), state, None)
    >>> walkers.shape
    (100, 4, 2)
    """
    sweeps, burn_in = chain.counts(sweeps, burn_in)
    chain.check_width(width)

    def sample(
        log_density: LogDensity | OneElectronMoves, key: Array, state: MetropolisState, params: Any
    ) -> tuple[MetropolisState, Array, dict[str, Array]]:
        walkers, width = state
        n, electrons, dimension = _shape_of(walkers)
        moves = log_density
        if not isinstance(moves, OneElectronMoves):
            chain.densities_of(moves, params, walkers)
            moves = _by_evaluation(moves)
        if stride is not None:
            check_stride(stride, walkers)
        begin = jax.vmap(lambda x: moves.begin(params, x))
        move = jax.vmap(lambda *given: moves.move(params, *given), in_axes=(0, 0, None, 0))

        def propose(start: Array, noise: Array) -> tuple[Array, Array | float]:
            before = stride(start) if stride is not None else jnp.ones((1, 1, 1), noise.dtype)
            place = start + width * before * noise
            place = place if wrap is None else wrap(place)
            return place, 0.0 if stride is None else log_way_back(noise, before, stride(place))

        def one(now: tuple[Array, Any], drawn: tuple[Array, ...]) -> tuple[Any, Array]:
            walkers, memory = now
            i, noise, chance = drawn
            start = jax.lax.dynamic_slice_in_dim(walkers, i, 1, axis=1)
            noise = noise[:, None]
            place, way_back = propose(start, noise)
            place = place[:, 0]
            ratio, changed = move(memory, walkers, i, place)
            accepted = jnp.log(chance) < ratio + way_back

            def kept(new: Array, old: Array) -> Array:
                return jnp.where(accepted.reshape((-1,) + (1,) * (new.ndim - 1)), new, old)

            walkers = walkers.at[:, i].set(kept(place, walkers[:, i]))
            return (walkers, jax.tree.map(kept, changed, memory)), jnp.mean(accepted)

        def sweep(walkers: Array, key: Array) -> tuple[Array, Array]:
            key_move, key_accept = jax.random.split(key)
            noise = jax.random.normal(key_move, (electrons, n, dimension), walkers.dtype)
            chance = jax.random.uniform(key_accept, (electrons, n), walkers.dtype)
            drawn = (jnp.arange(electrons), noise, chance)
            (walkers, _), accepted = jax.lax.scan(one, (walkers, begin(walkers)), drawn)
            return walkers, jnp.mean(accepted)

        walkers, accepted = jax.lax.scan(sweep, walkers, jax.random.split(key, sweeps))
        acceptance = jnp.mean(accepted).astype(width.dtype)
        metrics = {"acceptance": acceptance, "width": width}
        width = chain.adapted(width, acceptance, _WINDOW, adapt)
        return MetropolisState(walkers, width), walkers, metrics

    return chain.sampler_of(sample, log_density, initial, width=width, burn_in=burn_in)


def _shape_of(walkers: Any) -> tuple[int, int, int]:
    """``(n, N, d)``, or an error."""
    shapes = [x.shape for x in jax.tree.leaves(walkers)]
    if len(shapes) != 1 or len(shapes[0]) != 3:
        raise ShapeError(
            f"walkers: expected one array (n, N, d), of which electrons move one by one, got "
            f"{', '.join(map(str, shapes))}; metropolis moves walkers of any shape"
        )
    n, electrons, dimension = shapes[0]
    return n, electrons, dimension


def _by_evaluation(log_density: LogDensity) -> OneElectronMoves:
    """The moves of any ln p, which is its own memory."""

    def begin(params: Any, walker: Array) -> Array:
        return log_density(params, walker)

    def move(params: Any, log: Array, walker: Array, i: Array, place: Array) -> tuple[Array, Array]:
        new = begin(params, walker.at[i].set(place))
        nowhere = (log == -jnp.inf) | jnp.isnan(log)
        return jnp.where(nowhere, jnp.inf, new - log), new

    return OneElectronMoves(begin, move)
