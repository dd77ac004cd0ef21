"""Metrics of classes: which labels were told right, and which for which."""

from __future__ import annotations

from typing import Any

import numpy as np

from physml.as_whole import as_whole
from physml.datasets.labels import as_labels
from physml.errors import ShapeError


def accuracy(labels: Any, predictions: Any) -> float:
    """The part of the samples whose class was told right.

    Args:
        labels: ``(n,)``.
        predictions: ``(n,)``, labels too: not probabilities.

    Raises:
        ShapeError: what is no label, or not as many.

    >>> import physml as pm
    >>> pm.learn.accuracy([0, 1, 2, 2], [0, 1, 2, 1])
    0.75
    """
    y, told = _both(labels, predictions)
    return float(np.mean(y == told))


def confusion_matrix(labels: Any, predictions: Any, *, classes: int | None = None) -> np.ndarray:
    """How many samples of class ``i`` were told to be of class ``j``.

    Args:
        labels: ``(n,)``.
        predictions: ``(n,)``.
        classes: ``K``; up to the largest of either if None.

    Returns:
        ``(K, K)``, true classes down, told ones across.

    Raises:
        ShapeError: what is no label, or not as many.

    >>> import physml as pm
    >>> pm.learn.confusion_matrix([0, 1, 1, 1], [0, 1, 0, 1]).tolist()
    [[1, 0], [1, 2]]
    """
    y, told = _both(labels, predictions, classes)
    classes = int(max(y.max(), told.max())) + 1 if classes is None else as_whole("classes", classes)
    return np.bincount(classes * y + told, minlength=classes**2).reshape(classes, classes)


def precision(labels: Any, predictions: Any, *, positive: int = 1) -> float:
    """Of the samples told to be of a class, the part that is: ``TP / (TP + FP)``.

    Of several classes: of one against all others.

    Args:
        labels: ``(n,)``.
        predictions: ``(n,)``.
        positive: the class.

    Raises:
        ShapeError: no sample was told to be of the class, so that there is no such part; what is
            no label, or not as many.

    >>> import physml as pm
    >>> pm.learn.precision([0, 1, 1, 0], [1, 1, 0, 0])
    0.5
    """
    right, told, _ = _counts(labels, predictions, positive)
    return _part("precision", right, told, f"told to be of class {positive}")


def recall(labels: Any, predictions: Any, *, positive: int = 1) -> float:
    """Of the samples of a class, the part told to be: ``TP / (TP + FN)``; see ``precision``.

    Raises:
        ShapeError: no sample is of the class.
    """
    right, _, there = _counts(labels, predictions, positive)
    return _part("recall", right, there, f"of class {positive}")


def f1(labels: Any, predictions: Any, *, positive: int = 1) -> float:
    """``2 TP / (2 TP + FP + FN)``, the harmonic mean of precision and recall; see ``precision``.

    Raises:
        ShapeError: no sample is of the class, and none was told to be.
    """
    right, told, there = _counts(labels, predictions, positive)
    return _part("f1", 2 * right, told + there, f"of class {positive}, or told to be")


def _both(labels: Any, predictions: Any, classes: int | None = None) -> tuple[np.ndarray, ...]:
    y = as_labels("labels", labels, classes=classes)
    told = as_labels("predictions", predictions, classes=classes)
    if y.shape != told.shape:
        raise ShapeError(f"predictions: expected one a label, {y.shape}, got {told.shape}")
    return y, told


def _counts(labels: Any, predictions: Any, positive: int) -> tuple[int, int, int]:
    """Of a class: told right, told, there."""
    y, told = _both(labels, predictions)
    there, said = y == positive, told == positive
    return int(np.sum(there & said)), int(np.sum(said)), int(np.sum(there))


def _part(name: str, some: int, of: int, what: str) -> float:
    if of == 0:
        raise ShapeError(f"{name}: expected at least one sample {what}, got none: undefined")
    return some / of
