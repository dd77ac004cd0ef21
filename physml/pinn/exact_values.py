"""An exact solution at points, as it must be to be compared with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from physml.as_numbers import as_numbers
from physml.errors import ConfigurationError, NonFiniteError, PhysmlError, ShapeError


def exact_values(
    where: str,
    exact: Callable[[Any], Any],
    points: np.ndarray,
    shape: tuple[int, ...],
    *,
    finite: bool = True,
) -> np.ndarray:
    """The exact solution at points, of the same shape as the solution there.

    Args:
        where: problem and unknown, for errors.
        exact: ``(n, d) -> (n,)`` or ``(n, components)``.
        points: ``(n, d)``.
        shape: of the solution there.
        finite: whether it must be known everywhere; a figure may have gaps.

    Returns:
        float64, or complex128 where the exact solution is complex.

    Raises:
        ConfigurationError: an exact solution that fails.
        ShapeError: another shape, masked entries, or no numbers.
        NonFiniteError: a NaN or an infinity; the message names the point.
    """
    try:
        found = exact(points)
    except PhysmlError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"{where}: exact: expected a function of all points at once, (n, {points.shape[1]}), "
            f"whose first coordinate is z[:, 0], got one that fails there: "
            f"{type(error).__name__}: {error}"
        ) from error
    target = as_numbers(f"{where}: exact", found, or_complex=True)
    if target.shape != shape:
        raise ShapeError(
            f"{where}: exact: expected {shape} for points {points.shape}, as the solution gives, "
            f"got {target.shape}"
        )
    bad = ~np.isfinite(target.reshape(len(target), -1)).all(axis=1)
    if finite and bad.any():
        raise NonFiniteError(
            f"{where}: exact: expected finite numbers, got {bad.sum()} of {len(bad)} points where "
            f"it is not, the first {points[np.argmax(bad)].tolist()}; measure the error where the "
            "solution is known, errors(points)"
        )
    return target
