"""Samples as chains: `(steps, walkers)`, each walker independent, along the first axis.

All that judges them runs after the simulation, in float64 numpy, and never under `jit`.
"""

from typing import Any

import numpy as np

from physml.as_numbers import as_numbers
from physml.errors import NonFiniteError, ShapeError


def chains_of(samples: Any, *, steps: int = 1) -> np.ndarray:
    """The samples as finite float64 chains `(steps, walkers)`, or a named error."""
    array = as_numbers("samples", samples)
    if array.ndim not in (1, 2) or array.size == 0:
        raise ShapeError(
            f"samples: expected shape (steps, walkers) or (steps,), not empty, got {array.shape}."
        )
    if array.shape[0] < steps:
        raise ShapeError(
            f"samples: expected at least {steps} steps (first axis), got shape {array.shape}."
        )
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        first = tuple(int(i) for i in bad[0])
        raise NonFiniteError(
            f"samples: expected finite numbers, got {len(bad)} of {array.size} that are not, the "
            f"first {array[first]} at index {first}. Find out what made them; dropping them biases "
            "the mean."
        )
    return array if array.ndim == 2 else array[:, None]


def labels_of(groups: Any, chains: np.ndarray) -> np.ndarray:
    """The group of each walker, `(walkers,)`, counted from 0."""
    walkers = chains.shape[1]
    if groups is None:
        return np.zeros(walkers, int)
    labels = np.asarray(groups)
    if labels.shape != (walkers,):
        raise ShapeError(
            f"groups: expected one label for each of {walkers} walkers, got an array "
            f"of shape {labels.shape}"
        )
    return np.unique(labels, return_inverse=True)[1]
