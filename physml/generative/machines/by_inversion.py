"""Independent numbers of a density of one coordinate, by its cumulated density on a fine grid."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

_POINTS = 20_001


def by_inversion(
    log_density: Callable[[np.ndarray], np.ndarray], low: float, high: float, key: Array, n: int
) -> Array:
    """``n`` numbers, ``P(x) = u`` solved by linear interpolation between 20,001 points.

    Args:
        log_density: of points ``(k,)``, up to a constant.
        low: where it begins.
        high: where it ends.
        key: a random key.
        n: how many.

    >>> import jax
    >>> x = by_inversion(lambda x: -0.5 * x**2, -8.0, 8.0, jax.random.key(0), 10_000)
    >>> abs(float(x.mean())) < 0.03 and abs(float(x.std()) - 1) < 0.03
    True
    """
    x = np.linspace(low, high, _POINTS)
    logs = log_density(x)
    p = np.exp(logs - logs.max())
    cumulated = np.concatenate([[0.0], np.cumsum((p[1:] + p[:-1]) / 2)])
    chances = np.asarray(jax.random.uniform(key, (n,), jnp.result_type(float)))
    return jnp.asarray(np.interp(chances * cumulated[-1], cumulated, x))
