"""Metrics of probabilities: their order (ROC), and whether they are what they say (calibration)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from physml.as_whole import as_whole
from physml.datasets.labels import as_labels
from physml.errors import ShapeError
from physml.learn.metrics.shapes import finite


class Roc(NamedTuple):
    """Receiver operating characteristic: one point for each threshold, from none told to all.

    Attributes:
        false_positive_rate: of class 0, the part told to be 1.
        true_positive_rate: of class 1, the part told to be.
        threshold: scores from it on are told to be 1; the first is +∞.
    """

    false_positive_rate: np.ndarray
    true_positive_rate: np.ndarray
    threshold: np.ndarray


def roc_curve(labels: Any, scores: Any) -> Roc:
    """Both rates against the threshold; equal scores are one point.

    Args:
        labels: ``(n,)``, 0 and 1, some of each.
        scores: ``(n,)``: probabilities of class 1, logits, or whatever grows with them.

    Raises:
        ShapeError: labels of one class alone, or of more than two; not as many scores.
        NonFiniteError: a score that is not finite.
    """
    y, s = as_labels("labels", labels, classes=2), finite("scores", scores)
    if s.shape != y.shape:
        raise ShapeError(f"scores: expected one a label, {y.shape}, got {s.shape}")
    there = int(y.sum())
    if there in (0, len(y)):
        raise ShapeError(f"labels: expected some of either class, got {there} of {len(y)} ones")
    order = np.argsort(-s, kind="stable")
    s, y = s[order], y[order]
    ends = np.append(np.flatnonzero(np.diff(s)), len(s) - 1)  # the last of equal scores
    right = np.cumsum(y)[ends]
    wrong = ends + 1 - right
    return Roc(
        np.append(0, wrong / (len(y) - there)),
        np.append(0, right / there),
        np.append(np.inf, s[ends]),
    )


def auc(labels: Any, scores: Any) -> float:
    """The area under the ROC curve: ``P(s₁ > s₀) + ½ P(s₁ = s₀)`` of a pair, one of each class.

    Args:
        labels: ``(n,)``, 0 and 1, some of each.
        scores: ``(n,)``; see ``roc_curve``.

    Raises:
        ShapeError, NonFiniteError: see ``roc_curve``.

    Source: Hanley and McNeil (1982), doi:10.1148/radiology.143.1.7063747.

    >>> import physml as pm
    >>> pm.learn.auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    curve = roc_curve(labels, scores)
    return float(np.trapezoid(curve.true_positive_rate, curve.false_positive_rate))


class Calibration(NamedTuple):
    """How often what was told with a confidence is right; empty bins are left out.

    Attributes:
        confidence: mean probability of the class told, by bin.
        accuracy: the part told right, by bin.
        samples: how many, by bin.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    samples: np.ndarray

    @property
    def error(self) -> float:
        """The expected calibration error, ``Σ (n_b/n) |accuracy_b − confidence_b|``."""
        weights = self.samples / self.samples.sum()
        return float(np.sum(weights * np.abs(self.accuracy - self.confidence)))


def calibration(labels: Any, probabilities: Any, *, bins: int = 10) -> Calibration:
    """Confidence against accuracy, in bins of equal width of the confidence.

    Args:
        labels: ``(n,)``.
        probabilities: ``(n, K)``, each row summing to 1; of two classes ``(n,)``, of class 1.
        bins: how many, from 0 to 1.

    Raises:
        ShapeError: labels and probabilities that do not fit, rows that do not sum to 1, or numbers
            that are no probabilities, such as logits.
        ConfigurationError: fewer than one bin.

    Source: Guo, Pleiss, Sun and Weinberger (2017), arXiv:1706.04599.

    >>> import physml as pm
    >>> round(pm.learn.calibration([0, 1, 1, 1], [0.3, 0.7, 0.7, 0.7]).error, 6)
    0.3
    """
    bins = as_whole("bins", bins, least=1)
    p = finite("probabilities", probabilities)
    if p.ndim == 1:
        p = np.stack([1 - p, p], axis=1)
    if p.ndim != 2 or (p < 0).any() or (abs(p.sum(axis=1) - 1) > 1e-3).any():
        raise ShapeError(
            "probabilities: expected rows (n, K) of numbers ≥ 0 that sum to 1, got "
            f"{p.shape}, from {p.min():.3g} to {p.max():.3g}; take the softmax of logits"
        )
    y = as_labels("labels", labels, classes=p.shape[1])
    if len(y) != len(p):
        raise ShapeError(f"probabilities: expected {len(y)} rows, one a label, got {len(p)}")
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    samples = np.bincount(place, minlength=bins)
    used = samples > 0
    sums = [np.bincount(place, weights=w, minlength=bins)[used] for w in (confidence, right)]
    return Calibration(sums[0] / samples[used], sums[1] / samples[used], samples[used])
