"""What metrics are given, checked: numpy would broadcast ``(n,)`` and ``(n, 1)`` to ``(n, n)``."""

from __future__ import annotations

from typing import Any

import numpy as np

from physml.as_numbers import as_numbers, check_finite
from physml.errors import ShapeError


def pair(targets: Any, predictions: Any) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of one shape with finite numbers.

    Raises:
        ShapeError: two shapes, no samples.
        NonFiniteError: a NaN or an infinity.
    """
    y, f = finite("targets", targets), finite("predictions", predictions)
    if y.shape != f.shape or y.ndim == 0:
        raise ShapeError(
            f"predictions: expected the shape of the targets, {y.shape}, got {f.shape}"
        )
    return y, f


def finite(name: str, values: Any) -> np.ndarray:
    """An array of finite numbers, at least one of them.

    Raises:
        ShapeError: no numbers.
        NonFiniteError: a NaN or an infinity.
    """
    numbers = as_numbers(name, values)
    if numbers.size == 0:
        raise ShapeError(f"{name}: expected at least one sample, got none")
    check_finite(name, numbers)
    return numbers
