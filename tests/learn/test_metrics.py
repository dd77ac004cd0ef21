"""Metrics against their definitions, sample by sample or pair by pair."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from physml import learn
from physml.errors import ConfigurationError, NonFiniteError, ShapeError

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(3, size=40)
TOLD = np.where(RANDOM.random(40) < 0.6, LABELS, RANDOM.integers(3, size=40))
BINARY = LABELS % 2
SCORES = np.round(BINARY + RANDOM.normal(size=40), 1)  # rounded, so that some are equal


def test_errors_of_numbers():
    y, f = RANDOM.normal(size=(9, 2)), RANDOM.normal(size=(9, 2))
    d = (y - f).ravel()
    assert learn.mean_squared_error(y, f) == pytest.approx(sum(x**2 for x in d) / 18, rel=1e-14)
    assert learn.mean_absolute_error(y, f) == pytest.approx(sum(abs(x) for x in d) / 18, rel=1e-14)
    assert learn.root_mean_squared_error(y, f) ** 2 == pytest.approx(np.mean(d**2), rel=1e-14)
    assert learn.r2(y, y) == 1
    assert learn.r2(y, np.broadcast_to(y.mean(axis=0), y.shape)) == pytest.approx(0, abs=1e-14)
    each = [learn.r2(y[:, i], f[:, i]) for i in (0, 1)]
    assert learn.r2(y, f) == pytest.approx(np.mean(each), rel=1e-14)


@pytest.mark.parametrize("metric", [learn.mean_squared_error, learn.mean_absolute_error, learn.r2])
def test_shapes_never_broadcast(metric):
    y = np.arange(4.0)
    with pytest.raises(ShapeError, match=r"the shape of the targets, \(4,\), got \(4, 1\)"):
        metric(y, y[:, None])
    with pytest.raises(NonFiniteError, match=r"predictions: .* nan at index 2$"):
        metric(y, [0, 1, np.nan, 3])
    with pytest.raises(ShapeError, match="at least one sample"):
        metric([], [])


def test_r2_of_a_constant_says_nothing():
    with pytest.raises(ShapeError, match="targets that differ"):
        learn.r2([0.1, 0.1, 0.1], [0.1, 0.2, 0.3])
    with pytest.raises(ShapeError, match="targets that differ"):
        learn.r2([0.3, 0.1 + 0.2, 0.3], [0.1, 0.2, 0.3])  # which differ in the last digit


def test_classes_are_counted():
    counts = learn.confusion_matrix(LABELS, TOLD)
    for i, j in product(range(3), repeat=2):
        assert counts[i, j] == np.sum((i == LABELS) & (j == TOLD))
    assert learn.accuracy(LABELS, TOLD) == pytest.approx(np.trace(counts) / 40)
    for k in range(3):
        p = counts[k, k] / counts[:, k].sum()
        r = counts[k, k] / counts[k].sum()
        assert learn.precision(LABELS, TOLD, positive=k) == pytest.approx(p)
        assert learn.recall(LABELS, TOLD, positive=k) == pytest.approx(r)
        assert learn.f1(LABELS, TOLD, positive=k) == pytest.approx(2 / (1 / p + 1 / r))
    assert learn.confusion_matrix([0], [0], classes=3).shape == (3, 3)


def test_what_is_undefined_is_no_number():
    with pytest.raises(ShapeError, match=r"precision: .* told to be of class 1, got none"):
        learn.precision([0, 1], [0, 0])
    with pytest.raises(ShapeError, match=r"recall: .* of class 2, got none"):
        learn.recall([0, 1], [0, 2], positive=2)
    assert learn.f1([0, 1], [0, 0]) == 0.0
    with pytest.raises(ShapeError, match="f1"):
        learn.f1([0, 0], [0, 0])
    with pytest.raises(ShapeError, match=r"predictions: .* got 0.9 as label 0"):
        learn.accuracy([0, 1], [0.9, 0.1])
    with pytest.raises(ShapeError, match=r"got shape \(2, 2\)"):
        learn.accuracy([0, 1], [[0.9, 0.1], [0.1, 0.9]])


def test_auc_is_the_chance_of_a_pair_in_order():
    pairs = [(a > b) + 0.5 * (a == b) for a, b in product(SCORES[BINARY == 1], SCORES[BINARY == 0])]
    assert len(set(SCORES)) < len(SCORES)
    assert learn.auc(BINARY, SCORES) == pytest.approx(np.mean(pairs), rel=1e-14)
    assert learn.auc(BINARY, np.exp(3 * SCORES)) == pytest.approx(np.mean(pairs), rel=1e-14)
    assert learn.auc(BINARY, -SCORES) == pytest.approx(1 - np.mean(pairs), rel=1e-14)
    assert learn.auc(BINARY, np.ones(40)) == 0.5


def test_a_roc_curve_counts_at_each_threshold():
    curve = learn.roc_curve(BINARY, SCORES)
    assert (curve.false_positive_rate[0], curve.true_positive_rate[0]) == (0, 0)
    assert (curve.false_positive_rate[-1], curve.true_positive_rate[-1]) == (1, 1)
    for fpr, tpr, threshold in zip(*curve, strict=True):
        told = threshold <= SCORES
        assert tpr == told[BINARY == 1].mean() and fpr == told[BINARY == 0].mean()


@pytest.mark.parametrize(
    ("labels", "scores", "error", "message"),
    [
        ([1, 1], [0.1, 0.2], ShapeError, "some of either class, got 2 of 2 ones"),
        ([0, 2], [0.1, 0.2], ShapeError, "from 0 to 1, got 2"),
        ([0, 1], [0.1], ShapeError, r"one a label, \(2,\)"),
        ([0, 1], [0.1, np.nan], NonFiniteError, "scores"),
    ],
)
def test_scores_that_have_no_curve(labels, scores, error, message):
    with pytest.raises(error, match=message):
        learn.auc(labels, scores)


def test_calibration_of_what_is_and_what_is_not():
    """Labels drawn by the probabilities themselves: the error is noise, √(p(1 − p)/n) a bin."""
    random = np.random.default_rng(2)
    p = random.random(20_000)
    labels = (random.random(20_000) < p).astype(int)
    found = learn.calibration(labels, p, bins=5)
    assert found.samples.sum() == 20_000
    assert found.error < 4 * 0.5 / np.sqrt(20_000 / 3)
    np.testing.assert_allclose(found.confidence, [0.55, 0.7, 0.9], atol=0.01)
    sure = learn.calibration([0, 1], [[0.0, 1.0], [0.0, 1.0]])
    assert sure.error == 0.5 and sure.samples.tolist() == [2]


@pytest.mark.parametrize(
    ("probabilities", "bins", "error", "message"),
    [
        ([[2.0, -1.0], [0.5, 0.5]], 10, ShapeError, "take the softmax of logits"),
        ([[0.5, 0.4], [0.5, 0.5]], 10, ShapeError, "sum to 1"),
        ([[0.5, 0.5]], 10, ShapeError, "expected 2 rows"),
        ([0.5, 1.5], 10, ShapeError, "numbers ≥ 0"),
        ([0.5, 0.5], 0, ConfigurationError, "bins"),
    ],
)
def test_what_are_no_probabilities(probabilities, bins, error, message):
    with pytest.raises(error, match=message):
        learn.calibration([0, 1], probabilities, bins=bins)


def test_each_metric_has_a_figure(tmp_path):
    p = 1 / (1 + np.exp(-SCORES))
    made = [
        learn.plot_predictions(tmp_path / "predictions.png", BINARY, SCORES),
        learn.plot_confusion(tmp_path / "confusion.png", LABELS, TOLD, class_names=("a", "b", "c")),
        learn.plot_roc(tmp_path / "roc.png", BINARY, SCORES),
        learn.plot_calibration(tmp_path / "calibration.png", BINARY, p),
    ]
    assert all(path.stat().st_size > 5000 for path in made)
