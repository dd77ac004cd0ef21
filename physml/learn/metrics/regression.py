"""Metrics of numbers: how far predictions are from targets."""

from __future__ import annotations

from typing import Any

import numpy as np

from physml.datasets.constant import constant
from physml.errors import ShapeError
from physml.learn.metrics.shapes import pair


def mean_squared_error(targets: Any, predictions: Any) -> float:
    """``(1/n) Σ (y − f)²``, the mean over samples and outputs.

    Args:
        targets: ``y``, ``(n,)`` or ``(n, m)``.
        predictions: ``f``, of the same shape.

    Raises:
        ShapeError, NonFiniteError: other shapes, no numbers.

    >>> import physml as pm
    >>> pm.learn.mean_squared_error([0.0, 0.0], [1.0, 3.0])
    5.0
    """
    y, f = pair(targets, predictions)
    return float(np.mean((y - f) ** 2))


def root_mean_squared_error(targets: Any, predictions: Any) -> float:
    """``√((1/n) Σ (y − f)²)``, in the unit of the targets; see ``mean_squared_error``."""
    return float(np.sqrt(mean_squared_error(targets, predictions)))


def mean_absolute_error(targets: Any, predictions: Any) -> float:
    """``(1/n) Σ |y − f|``, the mean over samples and outputs; see ``mean_squared_error``."""
    y, f = pair(targets, predictions)
    return float(np.mean(np.abs(y - f)))


def r2(targets: Any, predictions: Any) -> float:
    """``R² = 1 − Σ (y − f)² / Σ (y − ȳ)²``: 1 where exact, 0 for the mean of the targets.

    Of several outputs it is the mean over them.

    Args:
        targets: ``y``, ``(n,)`` or ``(n, m)``.
        predictions: ``f``, of the same shape.

    Raises:
        ShapeError: targets that are all the same, of which it says nothing; other shapes.
        NonFiniteError: a NaN or an infinity.

    >>> import physml as pm
    >>> pm.learn.r2([0.0, 1.0, 2.0], [0.0, 1.0, 2.5])
    0.875
    """
    y, f = pair(targets, predictions)
    if np.any(constant(y)):
        raise ShapeError("r2: expected targets that differ, got the same number in every sample")
    spread = np.sum((y - y.mean(axis=0)) ** 2, axis=0)
    return float(np.mean(1 - np.sum((y - f) ** 2, axis=0) / spread))
