"""A figure of each metric."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from physml.figures import figure
from physml.learn.metrics import auc, calibration, confusion_matrix, r2, roc_curve
from physml.learn.metrics import root_mean_squared_error as rmse
from physml.learn.metrics.shapes import pair


def plot_predictions(path: str | Path, targets: Any, predictions: Any) -> Path:
    """Save a figure of predictions against targets, with R² and the root mean squared error.

    Args:
        path: a file whose ending names the format.
        targets: ``(n,)`` or ``(n, m)``.
        predictions: of the same shape.

    Raises:
        ShapeError, NonFiniteError: see ``r2``.
        MissingDependencyError: without matplotlib.
    """
    y, f = pair(targets, predictions)
    title = f"R² = {r2(y, f):.4g}, RMSE = {rmse(y, f):.3g}"
    ends = [min(y.min(), f.min()), max(y.max(), f.max())]
    with figure(path, 1, 1) as axis:
        axis.plot(ends, ends, color="0.6", linewidth=0.8)
        axis.plot(y.ravel(), f.ravel(), ".", markersize=3)
        axis.set(xlabel="target", ylabel="prediction", title=title)
    return Path(path)


def plot_confusion(
    path: str | Path, labels: Any, predictions: Any, *, class_names: Sequence[str] = ()
) -> Path:
    """Save a figure of the confusion matrix, each row divided by the samples of its class.

    Args:
        path: a file whose ending names the format.
        labels: ``(n,)``.
        predictions: ``(n,)``.
        class_names: written at the axes; the labels where empty.

    Raises:
        ShapeError: see ``confusion_matrix``.
        MissingDependencyError: without matplotlib.
    """
    counts = confusion_matrix(labels, predictions, classes=len(class_names) or None)
    parts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    words = list(class_names) or [str(label) for label in range(len(counts))]
    with figure(path, 1, 1) as axis:
        axis.imshow(parts, vmin=0, vmax=1, cmap="Blues", interpolation="nearest")
        for (i, j), count in np.ndenumerate(counts):
            if count:
                shade = "white" if parts[i, j] > 0.5 else "black"
                axis.text(j, i, count, ha="center", va="center", fontsize=6, color=shade)
        axis.set_xticks(range(len(words)), words, rotation=90 if class_names else 0)
        axis.set_yticks(range(len(words)), words)
        axis.grid(False)
        axis.set(xlabel="told", ylabel="true class")
    return Path(path)


def plot_roc(path: str | Path, labels: Any, scores: Any) -> Path:
    """Save a figure of the ROC curve, with the area under it; see ``roc_curve``.

    Raises:
        ShapeError, NonFiniteError: see ``roc_curve``.
        MissingDependencyError: without matplotlib.
    """
    curve, area = roc_curve(labels, scores), auc(labels, scores)
    with figure(path, 1, 1) as axis:
        axis.plot([0, 1], [0, 1], color="0.6", linewidth=0.8)
        axis.plot(curve.false_positive_rate, curve.true_positive_rate)
        axis.set(
            xlabel="false positive rate", ylabel="true positive rate", title=f"AUC = {area:.4g}"
        )
    return Path(path)


def plot_calibration(path: str | Path, labels: Any, probabilities: Any, *, bins: int = 10) -> Path:
    """Save a figure of accuracy against confidence; see ``calibration``.

    Raises:
        ShapeError, ConfigurationError: see ``calibration``.
        MissingDependencyError: without matplotlib.
    """
    found = calibration(labels, probabilities, bins=bins)
    with figure(path, 1, 1) as axis:
        axis.plot([0, 1], [0, 1], color="0.6", linewidth=0.8)
        axis.plot(found.confidence, found.accuracy, "o-", markersize=4)
        axis.set(
            xlabel="confidence", ylabel="accuracy", title=f"calibration error {found.error:.3g}"
        )
    return Path(path)
