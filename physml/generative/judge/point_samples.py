"""Samples that are judged, as points."""

from __future__ import annotations

from typing import Any

import numpy as np

from physml.as_numbers import as_numbers
from physml.errors import NonFiniteError, ShapeError


def as_points(name: str, samples: Any, *, least: int = 2) -> np.ndarray:
    """Samples ``(n,)``, ``(n, d)`` or ``(n, ...)`` as points ``(n, d)``, ``n ≥ least``.

    Raises:
        ShapeError: fewer samples, or no numbers.
        NonFiniteError: a NaN or an infinity; the message names the sample.

    >>> as_points("x", [1.0, 2.0]).shape
    (2, 1)
    """
    x = as_numbers(name, samples)
    if x.ndim == 0 or len(x) < least or x.size == 0:
        few = "two samples" if least == 2 else f"{least} sample" + "s" * (least > 1)
        raise ShapeError(f"{name}: expected at least {few} (n, ...), got {x.shape}")
    x = x.reshape(len(x), -1)
    bad = ~np.isfinite(x).all(axis=1)
    if bad.any():
        raise NonFiniteError(
            f"{name}: expected finite samples, got a NaN or an infinity in sample "
            f"{int(np.flatnonzero(bad)[0])}"
        )
    return x


def two_sets(first: Any, second: Any) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of points of one dimension.

    Raises:
        ShapeError: points of different dimensions, too.
    """
    x, y = as_points("first", first), as_points("second", second)
    if x.shape[1] != y.shape[1]:
        raise ShapeError(f"second: expected points of dimension {x.shape[1]}, got {y.shape[1]}")
    return x, y
