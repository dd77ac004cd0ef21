"""How far two densities of one, two or three coordinates are apart, on a grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.special import logsumexp

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import ConfigurationError, NonFiniteError, ShapeError

_AT_ONCE = 4096
_MOST = 2**24
_EDGE = 1e-3

# Midpoints are exact to 1e-3 for a normal density of which a slice holds less; ln ∫ of two grids
# tells of what is narrow along no axis.
_SLICE = 0.5
_SUMS = 0.1


class TotalVariation(NamedTuple):
    """The distance of two densities, and what else the grid tells.

    Attributes:
        value: ``½ ∫|p − q|``, in [0, 1]: the largest difference of the probabilities of any set.
        error: of the grid: what it changes by with every other point left out.
        kl: ``KL(p‖q)``.
        log_partitions: ``ln ∫`` of both as they were given.
    """

    value: float
    error: float
    kl: float
    log_partitions: tuple[float, float]


def total_variation(
    log_p: Callable[[Array], Array],
    log_q: Callable[[Array], Array],
    low: Any,
    high: Any,
    *,
    points: int = 256,
) -> TotalVariation:
    """``½ ∫|p − q| dx`` of two densities that need not be normalised, by the midpoint rule.

    Nothing is drawn: the only error is that of the grid, and of what lies outside of the box, which
    may be nearly nothing: its outermost cells are looked at.

    Args:
        log_p: ``(x) -> ln p``, of one point ``(d,)``, up to a constant.
        log_q: the other one.
        low: the lower corner of the box, ``(d,)``, of at most three coordinates.
        high: the upper one.
        points: cells along each, even.

    Raises:
        ShapeError: corners of different lengths, or of more coordinates.
        ConfigurationError: corners out of order; a box at whose edge there is much of a density;
            an odd number of cells, or too many; a density so narrow that the cells miss it.
        NonFiniteError: a density that is NaN or infinite.

    >>> import jax.numpy as jnp, physml as pm
    >>> normal = lambda mean: lambda x: -0.5 * jnp.sum((x - mean) ** 2)
    >>> found = pm.generative.total_variation(normal(0.0), normal(1.0), [-7.0], [8.0])
    >>> f"{found.value:.4f}"  # erf(1/√8)
    '0.3829'
    """
    low, high = as_numbers("low", low), as_numbers("high", high)
    if low.ndim != 1 or low.shape != high.shape or not 1 <= len(low) <= 3:
        raise ShapeError(
            f"low, high: expected two corners (d,) with d from 1 to 3, got {low.shape} and "
            f"{high.shape}"
        )
    if not np.all(low < high):
        raise ConfigurationError(f"low, high: expected low < high, got {low} and {high}")
    points = as_whole("points", points, least=4)
    if points % 2 or points ** len(low) > _MOST:
        raise ConfigurationError(
            f"points: expected an even number, at most {_MOST} cells in all, got {points} along "
            f"each of {len(low)}"
        )
    fine = _on_grid(log_p, log_q, low, high, points, narrowest=_SLICE)
    coarse = _on_grid(log_p, log_q, low, high, points // 2, narrowest=1.0)
    for name, one, two in zip(
        ("log_p", "log_q"), fine.log_partitions, coarse.log_partitions, strict=True
    ):
        if abs(one - two) > _SUMS:
            raise ConfigurationError(
                f"points: expected cells that are small beside both densities, got ln ∫ of {name} "
                f"{one:.4g}, and {two:.4g} with every other point left out; take more, or a "
                "smaller box"
            )
    return fine._replace(error=abs(fine.value - coarse.value))


def _on_grid(
    log_p: Callable[[Array], Array],
    log_q: Callable[[Array], Array],
    low: np.ndarray,
    high: np.ndarray,
    points: int,
    narrowest: float,
) -> TotalVariation:
    cells = (high - low) / points
    axes = [low[i] + cells[i] * (np.arange(points) + 0.5) for i in range(len(low))]
    grid = jnp.asarray(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)).reshape(-1, len(low))

    @jax.jit
    def both(grid: Array) -> Array:
        return jax.lax.map(
            lambda x: jnp.stack([jnp.asarray(log(x)) for log in (log_p, log_q)]),
            grid,
            batch_size=_AT_ONCE,
        )

    found = np.asarray(both(grid), np.float64)
    if found.shape != (len(grid), 2):
        raise ShapeError(f"log_p, log_q: expected one number a point, got values {found.shape[2:]}")
    logs = []
    for name, values in zip(("log_p", "log_q"), found.T, strict=True):
        if np.isnan(values).any() or not values.max() < np.inf or values.max() == -np.inf:
            raise NonFiniteError(f"{name}: expected numbers on the grid, got a NaN or an infinity")
        logs.append(logsumexp(values))
    p, q = (np.exp(values - log) for values, log in zip(found.T, logs, strict=True))
    _check_edge(p, q, points, len(low))
    _check_slices(p, q, points, len(low), narrowest)
    kl = float(np.sum(np.where(p > 0, p * (found[:, 0] - logs[0] - found[:, 1] + logs[1]), 0.0)))
    cell = float(np.log(cells).sum())
    sums = (float(logs[0] + cell), float(logs[1] + cell))
    return TotalVariation(float(0.5 * np.abs(p - q).sum()), 0.0, kl, sums)


def _check_edge(p: np.ndarray, q: np.ndarray, points: int, d: int) -> None:
    """Refuse a box that cuts a density off."""
    for name, values in (("log_p", p), ("log_q", q)):
        inner = values.reshape((points,) * d)[(slice(1, -1),) * d].sum()
        if values.sum() - inner > _EDGE:
            raise ConfigurationError(
                f"low, high: expected a box around both densities, got one whose outermost cells "
                f"hold {values.sum() - inner:.1e} of {name}"
            )


def _check_slices(p: np.ndarray, q: np.ndarray, points: int, d: int, most: float) -> None:
    """Refuse cells of which a layer holds a large part: what lies between midpoints is unseen."""
    for name, values in (("log_p", p), ("log_q", q)):
        grid = values.reshape((points,) * d)
        for axis in range(d):
            held = grid.sum(axis=tuple(i for i in range(d) if i != axis)).max()
            if held > most + 1e-9:
                raise ConfigurationError(
                    f"points: expected cells that are small beside both densities, got one layer "
                    f"across coordinate {axis} that holds {held:.2f} of {name}; take more, or a "
                    "smaller box"
                )
