"""Points in the unit cube, random and quasi-random, and choices among candidates."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError

Points = Callable[[Array, int, int], Array]
"""``(key, n, d) -> (n, d)`` in the unit cube, under ``jit``."""


def uniform(key: Array, n: int, d: int) -> Array:
    """Independent uniform points in ``[0, 1)ᵈ``.

    >>> import jax, physml as pm
    >>> pm.sampling.uniform(jax.random.key(0), 5, 2).shape
    (5, 2)
    """
    return jax.random.uniform(key, (n, d))


def sobol(key: Array, n: int, d: int) -> Array:
    """Sobol points shifted at random modulo 1 (Cranley–Patterson), an unbiased net in ``[0, 1)ᵈ``.

    Args:
        key: a random key for the shift.
        n: how many; a power of two balances the net.
        d: dimension.

    Returns:
        ``(n, d)``.

    >>> import jax, physml as pm
    >>> pm.sampling.sobol(jax.random.key(0), 8, 2).shape
    (8, 2)
    """
    shift = jax.random.uniform(key, (1, d))
    return jnp.mod(jnp.asarray(_sobol(n, d), shift.dtype) + shift, 1.0)


@lru_cache(maxsize=32)
def _sobol(n: int, d: int) -> np.ndarray:
    # scipy.stats takes a second to import, half of what importing physml would take.
    from scipy.stats import qmc

    return qmc.Sobol(d, scramble=False).random_base2(max(0, (n - 1).bit_length()))[:n]


def latin_hypercube(key: Array, n: int, d: int) -> Array:
    """Random points of ``[0, 1)ᵈ``, one in each of the ``n`` layers of every coordinate.

    ``z_ij = (π_j(i) + u_ij) / n`` with a random permutation ``π_j`` for each coordinate.

    Source: McKay, Beckman and Conover (1979), doi:10.2307/1268522.

    >>> import jax, physml as pm
    >>> pm.sampling.latin_hypercube(jax.random.key(0), 5, 2).shape
    (5, 2)
    """
    key_order, key_place = jax.random.split(key)
    orders = jnp.argsort(jax.random.uniform(key_order, (n, d)), axis=0)
    place = jax.random.uniform(key_place, (n, d))
    below_one = 1.0 - float(jnp.finfo(place.dtype).epsneg)
    return jnp.minimum((orders.astype(place.dtype) + place) / n, below_one)


def grid_points(key: Array, n: int, d: int) -> Array:
    """Centres of the cells of a regular grid in the unit cube, the same for every key.

    The grid is the smallest with as many cells an axis and at least ``n`` cells, of which ``n`` are
    taken, evenly. They come shuffled, always alike, so that any part of them covers the cube.

    >>> import jax, physml as pm
    >>> grid = pm.sampling.grid_points(jax.random.key(0), 4, 1)
    >>> sorted(grid[:, 0].tolist())
    [0.125, 0.375, 0.625, 0.875]
    """
    del key
    side = 1
    while side**d < n:
        side += 1
    cells = np.random.default_rng(0).permutation(np.arange(n) * side**d // n)
    centres = (np.stack(np.unravel_index(cells, (side,) * d), axis=1) + 0.5) / side
    return jnp.asarray(centres)


class Redraw(NamedTuple):
    """When points are drawn anew, and which of the candidates are kept.

    Attributes:
        every: steps between draws, counted from step 0.
        oversampling: candidates for each point kept.
        choose: ``(key, magnitudes (m,), count) -> indices (count,)``.
        size: ``(d,) -> ()``, the magnitude of a candidate; that of the residual if None.
    """

    every: int
    oversampling: int
    choose: Callable[[Array, Array, int], Array]
    size: Callable[[Array], Array] | None = None


def by_residual(
    every: int, *, exponent: float = 1.0, floor: float = 1.0, oversampling: int = 8
) -> Redraw:
    """Draw points where the residual is large: ``p ∝ |r|ᵏ / mean|r|ᵏ + c`` (RAD).

    Args:
        every: steps between draws.
        exponent: ``k``; 0 is uniform, large values concentrate.
        floor: ``c``; large values are uniform.
        oversampling: candidates for each point kept.

    Returns:
        A schedule for ``solve(..., redraw=...)``.

    Raises:
        ConfigurationError: for a period or oversampling below 1, a negative exponent or floor.

    Source: Wu, Zhu, Tan, Kartha and Lu (2023), doi:10.1016/j.cma.2022.115671.

    >>> import physml as pm
    >>> pm.sampling.by_residual(every=25).every
    25
    """
    if every < 1 or oversampling < 1 or exponent < 0 or floor < 0:
        raise ConfigurationError(
            "by_residual: expected every ≥ 1, oversampling ≥ 1, exponent ≥ 0 and floor ≥ 0, got "
            f"{every}, {oversampling}, {exponent}, {floor}"
        )
    return Redraw(every, oversampling, partial(_weighted, exponent=exponent, floor=floor))


def by_importance(
    density: Callable[[Array], Array], *, every: int, oversampling: int = 8
) -> Redraw:
    """Draw points where a given density is large: ``p ∝ ρ(z)``, whatever the residual.

    Candidates are uniform and none is kept twice: the points follow ``ρ`` where it is well below
    ``oversampling`` times its mean, and are more even where it is not.

    Args:
        density: ``ρ ≥ 0`` of a point, ``(d,) -> ()``, up to a factor.
        every: steps between draws.
        oversampling: candidates for each point kept.

    Returns:
        A schedule for ``solve(..., redraw=...)``.

    Raises:
        ConfigurationError: for a period or oversampling below 1, or a density that is no function.

    >>> import jax.numpy as jnp, physml as pm
    >>> near_zero = pm.sampling.by_importance(lambda z: jnp.exp(-10 * jnp.sum(z**2)), every=25)
    >>> float(near_zero.size(jnp.zeros(2)))
    1.0
    """
    if not callable(density):
        raise ConfigurationError(
            f"by_importance: density: expected a function of a point, got {density!r}"
        )
    if every < 1 or oversampling < 1:
        raise ConfigurationError(
            f"by_importance: expected every ≥ 1 and oversampling ≥ 1, got {every}, {oversampling}"
        )
    return Redraw(every, oversampling, partial(_weighted, exponent=1.0, floor=0.0), density)


def _weighted(key: Array, magnitudes: Array, count: int, *, exponent: float, floor: float) -> Array:
    weight = magnitudes**exponent
    mean = jnp.mean(weight)
    # Where the magnitude vanishes everywhere, no point is better than another.
    weight = jnp.where(mean > 0, weight / mean, 1.0) + floor
    chances = weight / jnp.sum(weight)
    return jax.random.choice(key, len(magnitudes), (count,), replace=False, p=chances)


def uniformly(every: int) -> Redraw:
    """Draw all points anew every so many steps.

    >>> import physml as pm
    >>> pm.sampling.uniformly(every=1).oversampling
    1
    """
    if every < 1:
        raise ConfigurationError(f"uniformly: expected every ≥ 1, got {every}")
    return Redraw(every, 1, lambda key, magnitudes, count: jnp.arange(count))
