"""Points in the unit cube, random and quasi-random, and choices among candidates."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
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
    >>> pm.uniform(jax.random.key(0), 5, 2).shape
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
    >>> pm.sobol(jax.random.key(0), 8, 2).shape
    (8, 2)
    """
    shift = jax.random.uniform(key, (1, d))
    return jnp.mod(jnp.asarray(_sobol(n, d), shift.dtype) + shift, 1.0)


@lru_cache(maxsize=32)
def _sobol(n: int, d: int) -> np.ndarray:
    # scipy.stats takes a second to import, half of what importing physml would take.
    from scipy.stats import qmc

    return qmc.Sobol(d, scramble=False).random_base2(max(0, (n - 1).bit_length()))[:n]


class Redraw(NamedTuple):
    """When points are drawn anew, and which of the candidates are kept.

    Attributes:
        every: steps between draws, counted from step 0.
        oversampling: candidates for each point kept.
        choose: ``(key, magnitudes (m,), count) -> indices (count,)``.
    """

    every: int
    oversampling: int
    choose: Callable[[Array, Array, int], Array]


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
    >>> pm.by_residual(every=25).every
    25
    """
    if every < 1 or oversampling < 1 or exponent < 0 or floor < 0:
        raise ConfigurationError(
            "by_residual: expected every ≥ 1, oversampling ≥ 1, exponent ≥ 0 and floor ≥ 0, got "
            f"{every}, {oversampling}, {exponent}, {floor}"
        )

    def choose(key: Array, magnitudes: Array, count: int) -> Array:
        weight = magnitudes**exponent
        mean = jnp.mean(weight)
        # Where the residual vanishes everywhere, no point is better than another.
        weight = jnp.where(mean > 0, weight / mean, 1.0) + floor
        chances = weight / jnp.sum(weight)
        return jax.random.choice(key, len(magnitudes), (count,), replace=False, p=chances)

    return Redraw(every, oversampling, choose)


def uniformly(every: int) -> Redraw:
    """Draw all points anew every so many steps.

    >>> import physml as pm
    >>> pm.uniformly(every=1).oversampling
    1
    """
    if every < 1:
        raise ConfigurationError(f"uniformly: expected every ≥ 1, got {every}")
    return Redraw(every, 1, lambda key, magnitudes, count: jnp.arange(count))
