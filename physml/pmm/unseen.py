"""What is asked for is none of what was seen."""

from __future__ import annotations

import numpy as np


def unseen(asked: np.ndarray, seen: np.ndarray, step: float) -> np.ndarray:
    """Values to judge by, those that are seen moved half a step on: they tell nothing of others.

    Args:
        asked: ``(n,)``, where they would be.
        seen: ``(k,)``, trained on.
        step: at most the distance of two that are seen, or of one asked for from the end.

    >>> unseen(np.array([0.5, 0.8]), np.array([0.0, 0.5, 1.0]), 0.2).tolist()
    [0.6, 0.8]
    """
    met = np.abs(asked[:, None] - seen).min(axis=1) < 1e-6 * step
    return np.where(met, asked + 0.5 * step, asked)
