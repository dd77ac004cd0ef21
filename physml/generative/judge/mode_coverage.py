"""Which modes of a density samples are of, and how many of them are of none."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from physml.as_numbers import as_numbers
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.generative.judge.point_samples import as_points
from physml.generative.judge.share import Share, share


class ModeCoverage(NamedTuple):
    """Samples counted by the mode that they are near.

    Attributes:
        shares: of all samples, near each mode, ``(K,)``.
        errors: of the shares.
        covered: modes whose share is, two errors below it, above a tenth of what is expected.
        modes: K.
        good: the share that is near any.
        imbalance: total variation, ``½ Σ |q − p|``, of the shares of those near any, ``q``, from
            the expected ones, ``p``; that of good samples is about ``√(K/2πn)``. Where none is
            near any it is 1, the most that it can be.
    """

    shares: np.ndarray
    errors: np.ndarray
    covered: int
    modes: int
    good: Share
    imbalance: float


def mode_coverage(
    samples: Any, centres: Any, radius: float, *, weights: Any = None, least: float = 0.1
) -> ModeCoverage:
    """Count samples within a radius of the nearest centre of a mode.

    Args:
        samples: ``(n, d)``.
        centres: ``(K, d)``.
        radius: such as three standard deviations of a mode.
        weights: the shares that are expected, ``(K,)``; ``1/K`` if None.
        least: the part of the expected share that covers a mode.

    Raises:
        ShapeError: samples or weights that do not fit the centres.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: a radius that is not positive, a part out of (0, 1], weights below 0.

    >>> import numpy as np, physml as pm
    >>> x = np.repeat([[0.0], [1.0], [5.0]], 100, axis=0)
    >>> found = pm.generative.mode_coverage(x, [[0.0], [1.0], [2.0]], 0.3)
    >>> found.covered, found.modes, round(found.good.value, 2)
    (2, 3, 0.67)
    """
    x, middle = as_points("samples", samples), as_numbers("centres", centres)
    if middle.ndim != 2 or middle.shape[1] != x.shape[1] or not len(middle):
        raise ShapeError(f"centres: expected (K, {x.shape[1]}), got {middle.shape}")
    if not np.isfinite(middle).all():
        raise NonFiniteError(f"centres: expected finite numbers, got {middle.tolist()}")
    for name, number, most in (("radius", radius, float("inf")), ("least", least, 1.0)):
        if not 0 < number <= most:
            raise ConfigurationError(f"{name}: expected a number in (0, {most:g}], got {number}")
    count = len(middle)
    p = np.full(count, 1 / count) if weights is None else as_numbers("weights", weights)
    if p.shape != (count,) or not np.all(p >= 0) or not 0 < p.sum() < np.inf:
        raise ShapeError(f"weights: expected one ≥ 0 for each of {count} modes, got {p}")
    p = p / p.sum()
    away = np.linalg.norm(x[:, None] - middle, axis=-1)
    nearest, near = away.argmin(axis=1), away.min(axis=1) <= radius
    counts = np.bincount(nearest[near], minlength=count)
    told = [share(int(k), len(x)) for k in counts]
    shares, errors = (np.array([one[i] for one in told]) for i in (0, 1))
    return ModeCoverage(
        shares,
        errors,
        int(np.sum(shares - 2 * errors > least * p)),
        count,
        share(int(near.sum()), len(x)),
        float(0.5 * np.sum(np.abs(counts / near.sum() - p))) if near.any() else 1.0,
    )
