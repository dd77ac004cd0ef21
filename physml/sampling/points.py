"""Points in the unit cube, random and quasi-random."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.memory import Need, check_memory

Points = Callable[[Array, int, int], Array]
"""``(key, n, d) -> (n, d)`` in the unit cube, under ``jit``."""


def uniform(key: Array, n: int, d: int) -> Array:
    """Independent uniform points in ``[0, 1)ᵈ``.

    >>> import jax, physml as pm
    >>> pm.sampling.uniform(jax.random.key(0), 5, 2).shape
    (5, 2)
    """
    return jax.random.uniform(key, _shape(n, d))


def sobol(key: Array, n: int, d: int) -> Array:
    """Sobol points shifted at random modulo 1 (Cranley–Patterson), an unbiased net in ``[0, 1)ᵈ``.

    Args:
        key: a random key for the shift.
        n: how many; a power of two balances the net.
        d: dimension.

    Returns:
        ``(n, d)``.

    Raises:
        ConfigurationError: for more than this machine's memory holds.

    >>> import jax, physml as pm
    >>> pm.sampling.sobol(jax.random.key(0), 8, 2).shape
    (8, 2)
    """
    n, d = _shape(n, d)
    whole = 2 ** max(0, (n - 1).bit_length())
    check_memory("points", [Need(f"3 × {whole} Sobol points × {d}", 3 * whole * d)], "points")
    shift = jax.random.uniform(key, (1, d))
    return jnp.mod(jnp.asarray(_sobol(n, d), shift.dtype) + shift, 1.0)


def _shape(n: Any, d: Any) -> tuple[int, int]:
    """How many points of which dimension, as whole numbers."""
    return as_whole("points: n", n, least=0, most=2**63 - 1), as_whole("points: d", d, least=1)


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
    n, d = _shape(n, d)
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
    n, d = _shape(n, d)
    side = 1
    while side**d < n:
        side += 1
    cells = np.random.default_rng(0).permutation(np.arange(n) * side**d // n)
    centres = (np.stack(np.unravel_index(cells, (side,) * d), axis=1) + 0.5) / side
    return jnp.asarray(centres)
