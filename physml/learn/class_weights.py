"""Weights of classes: what a mistake about each of them costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from physml.errors import ConfigurationError, ShapeError
from physml.train.sample_weights import checked_sample_weights

ClassWeights = Sequence[float] | Literal["balanced"]
"""One number ``w ≥ 0`` a class, or ``n/(K n_k)`` of a class with ``n_k`` of ``n`` samples."""


def weights_of_samples(weights: Any, labels: np.ndarray, classes: int) -> np.ndarray:
    """The weight of each sample, that of its class.

    Args:
        weights: of the classes, ``(K,)``; or "balanced", as scikit-learn's ``class_weight``.
        labels: ``(n,)``.
        classes: K.

    Returns:
        ``(n,)``; of "balanced" ones the mean is 1.

    Raises:
        ShapeError: another number of them.
        ConfigurationError: a negative one, one that is not finite; another word; a class without
            samples, which nothing balances.

    >>> weights_of_samples("balanced", np.array([0, 0, 0, 1]), 2).round(4).tolist()
    [0.6667, 0.6667, 0.6667, 2.0]
    """
    if isinstance(weights, str):
        if weights != "balanced":
            raise ConfigurationError(
                f"class_weights: expected 'balanced', or a number for each class, got {weights!r}"
            )
        counts = np.bincount(labels, minlength=classes)
        if not counts.all():
            raise ConfigurationError(
                f"class_weights: expected samples of each class to balance them, got none of class "
                f"{int(np.argmin(counts))}"
            )
        return (len(labels) / (classes * counts))[labels]
    each = checked_sample_weights("class_weights", weights)
    if len(each) != classes:
        raise ShapeError(f"class_weights: expected one a class, ({classes},), got {each.shape}")
    if not each[labels].any():
        raise ConfigurationError("class_weights: expected one above 0 of a class with samples")
    return each[labels]
