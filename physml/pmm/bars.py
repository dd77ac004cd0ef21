"""How far an emulated level may be off: the rows of a fit, its other starts, a smaller matrix.

Levels that were computed have no noise, and what is off is the model. Three deviations add in
squares, in units of the scaled levels::

    rows      √(∂u Σ ∂uᵀ),  Σ = (JᵀJ/s² + I)⁻¹       s² = |r|²/(n − tr H), entries ± 1 before
    starts    root mean square of the other fits' differences from this one
    size      |u − u'| of a matrix with one row less in each block: more than what is still off,
              where each row at least halves that
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

Levels = Callable[[Any, Array], Array]
"""``(params, point) -> (m,)``."""

Rows = Callable[[Array], np.ndarray]
"""``points (k, ...) -> (k m, p)``, the derivatives of levels by ``p`` parameters."""


def rows_of(levels: Levels, params: Any) -> Rows:
    """The derivatives of levels by the parameters, compiled once for points of one number."""
    flat, unravel = ravel_pytree(params)
    slope = jax.jit(jax.vmap(jax.jacrev(lambda flat, x: levels(unravel(flat), x)), (None, 0)))
    return lambda x: np.asarray(slope(flat, x), np.float64).reshape(-1, flat.size)


def of_rows(rows: Rows, residual: np.ndarray, seen: Array, points: Array) -> np.ndarray:
    """The deviation of levels at points, ``(k, m)``, by the rows of the fit.

    Args:
        rows: of scaled levels.
        residual: of them at the points of the fit, ``(n m,)``.
        seen: the points of the fit, ``n``.
        points: where it is asked.
    """
    known = rows(seen)
    size = known.shape[1]
    # Of more rows than parameters the left vectors, a square of all rows, are not asked for.
    _, values, axes = np.linalg.svd(known, full_matrices=len(known) < size)
    # A direction that no row knows is as known as before.
    values = np.concatenate([values, np.zeros(size - len(values))])
    deviation = _row_deviation(residual, values)
    turned = rows(points) @ axes.T
    variance = np.sum(turned**2 / ((values / deviation) ** 2 + 1.0), axis=1)
    return np.sqrt(variance).reshape(len(points), -1)


def _row_deviation(residual: np.ndarray, values: np.ndarray) -> float:
    """``s`` of ``s² = |r|²/(n − tr H)``, by iteration from ``|r|²/n``; never below rounding."""
    square, rounding = float(residual @ residual), float(np.finfo(np.float64).eps)
    s = np.sqrt(square / len(residual)) + rounding
    for _ in range(20):
        determined = float(np.sum(values**2 / (values**2 + s**2)))
        s = np.sqrt(square / max(len(residual) - determined, 1.0)) + rounding
    return float(s)


def of_others(level: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """Root mean square of the differences of others from a level; 0 of none."""
    if not others:
        return np.zeros_like(level)
    return np.sqrt(np.mean([(other - level) ** 2 for other in others], axis=0))
