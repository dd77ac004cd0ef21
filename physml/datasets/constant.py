"""What does not change from sample to sample, but by rounding."""

from __future__ import annotations

import numpy as np


def constant(numbers: np.ndarray) -> np.ndarray:
    """Which of the numbers ``(n, ...)`` are the same in all samples, ``(...)``.

    A mean of equal numbers may differ from them in the last digit: their deviation is then not 0.

    >>> constant(np.array([[0.3, 1.0], [0.1 + 0.2, 2.0]])).tolist()
    [True, False]
    """
    rounding = 4 * np.finfo(float).eps * np.abs(numbers).max(axis=0)
    same: np.ndarray = np.ptp(numbers, axis=0) <= rounding
    return same
