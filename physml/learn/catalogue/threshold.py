"""The classifier of one number: above or below."""

from __future__ import annotations

import numpy as np


def best_threshold(values: np.ndarray, ordered: np.ndarray) -> float:
    """That which tells most of the training part; the middle of the gap between two values."""
    order = np.argsort(values, kind="stable")
    values, ordered = values[order], ordered[order]
    # Below cut k everything is told disordered, from k on ordered.
    right = np.concatenate([[0], np.cumsum(~ordered)]) + np.concatenate(
        [np.cumsum(ordered[::-1])[::-1], [0]]
    )
    apart = np.concatenate([[True], values[1:] > values[:-1], [True]])
    best = np.flatnonzero(apart & (right == right[apart].max()))
    ends = np.concatenate([[0.0], values, [2 * values[-1] + 1]])
    middles = (ends[best] + ends[best + 1]) / 2
    return float(middles[len(middles) // 2])
