"""What judges samples: against what is known, and bars that cover."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy import stats

import physml as pm
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.generative import (
    class_judge,
    mean_discrepancy,
    mode_coverage,
    share,
    sliced_wasserstein_distance,
    wasserstein_distance,
)

KEY = jax.random.key(0)


@pytest.mark.parametrize("sizes", [(40, 40), (30, 50), (7, 3)])
def test_distances_along_a_line_are_those_of_scipy(sizes):
    random = np.random.default_rng(0)
    x, y = random.normal(size=sizes[0]), 0.5 + 2 * random.normal(size=sizes[1])
    told = wasserstein_distance(x, y, key=KEY, resamples=2)
    assert told.value == pytest.approx(stats.wasserstein_distance(x, y), rel=1e-12)


def test_the_distance_of_two_normal_densities_is_met_within_its_bar():
    """``|μ₁ − μ₂|`` of equal deviations; of 60 repeats the bar is the spread."""
    random = np.random.default_rng(1)
    told = [
        wasserstein_distance(
            random.normal(size=200), 1.5 + random.normal(size=200), key=KEY, resamples=40
        )
        for _ in range(60)
    ]
    values, errors = (np.array([getattr(t, name) for t in told]) for name in ("value", "error"))
    assert abs(values.mean() - 1.5) < 4 * values.std() / 60**0.5
    assert 0.7 < values.std() / errors.mean() < 1.4


def test_distances_of_one_density_are_at_their_floor():
    random = np.random.default_rng(2)
    for _ in range(5):
        x, y = random.normal(size=(2, 150, 3))
        told = sliced_wasserstein_distance(x, y, key=KEY, directions=30)
        assert abs(told.value - told.floor) < 4 * told.floor_error


def test_a_translation_seen_from_all_sides():
    """``|t| · 2/π`` in two dimensions, within what directions and their number leave."""
    x = np.random.default_rng(3).normal(size=(300, 2))
    told = sliced_wasserstein_distance(x, x + [3.0, 4.0], key=KEY, directions=2000, resamples=2)
    assert told.value == pytest.approx(5 * 2 / np.pi, rel=0.03)


def test_the_bar_of_a_sliced_distance_covers_its_directions():
    """Of a translation far beyond the samples' spread nearly all of the error is theirs."""
    x = np.random.default_rng(3).normal(size=(30, 2))
    told = [
        sliced_wasserstein_distance(x, x + [12.0, 16.0], key=jax.random.key(i), resamples=2)
        for i in range(60)
    ]
    off = np.array([(t.value - 20 * 2 / np.pi) / t.error for t in told])
    assert 0.5 < np.mean(np.abs(off) < 1) < 0.86 and np.abs(off).max() < 4


def test_the_discrepancy_is_that_of_all_pairs():
    random = np.random.default_rng(4)
    x, y = random.normal(size=(6, 2)), random.normal(size=(5, 2)) + 0.5
    kernel = lambda a, b: np.exp(-0.5 * np.sum((a - b) ** 2) / 0.7**2)
    mean = lambda a, b: np.mean(
        [kernel(p, q) for i, p in enumerate(a) for j, q in enumerate(b) if a is not b or i != j]
    )
    exact = mean(x, x) + mean(y, y) - 2 * mean(x, y)
    told = mean_discrepancy(x, y, key=KEY, bandwidth=0.7)
    assert told.value == pytest.approx(exact, abs=1e-12)


def test_the_discrepancy_s_bars_cover():
    """Of equal densities chance is right and its probability uniform; of others the error is."""
    random = np.random.default_rng(5)
    for shift in (0.0, 1.0):
        told = [
            mean_discrepancy(
                random.normal(size=(60, 1)),
                random.normal(size=(60, 1)) + shift,
                key=KEY,
                bandwidth=1.0,
                partings=100,
            )
            for _ in range(80)
        ]
        values = np.array([t.value for t in told])
        if shift:
            # E k(x, y) of normal numbers at distance s: exp(−s²/6)/√3 with h = 1.
            exact = 2 / 3**0.5 * (1 - np.exp(-(shift**2) / 6))
            assert abs(values.mean() - exact) < 4 * values.std() / 80**0.5
            assert 0.75 < values.std() / np.mean([t.error for t in told]) < 1.3
        else:
            assert abs(values.mean()) < 4 * values.std() / 80**0.5
            assert 0.7 < values.std() / np.mean([t.chance for t in told]) < 1.4
            assert stats.kstest([t.p_value for t in told], "uniform").pvalue > 1e-3


def test_shares_cover():
    """Wilson's bar of one deviation holds the truth about two times in three, near 0 and 1 too."""
    random = np.random.default_rng(6)
    for p in (0.5, 0.02):
        hits = random.binomial(200, p, size=2000)
        told = [share(int(k), 200) for k in hits]
        inside = np.mean([abs(t.value - p) <= t.error for t in told])
        assert 0.6 < inside < 0.85
    assert share(0, 10).error > 0


def test_modes_are_counted():
    random = np.random.default_rng(7)
    centres = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0], [5.0, 5.0]])
    which = random.choice(4, size=2000, p=[0.5, 0.3, 0.198, 0.002])
    x = centres[which] + 0.5 * random.normal(size=(2000, 2))
    told = mode_coverage(x, centres, 1.5)
    assert told.covered == 3 and told.modes == 4
    # Within three deviations of two dimensions: 1 − e^{−9/2}.
    assert abs(told.good.value - (1 - np.exp(-4.5))) < 4 * told.good.error
    assert abs(told.imbalance - 0.3) < 0.05
    weighted = mode_coverage(x, centres, 1.5, weights=[0.5, 0.3, 0.198, 0.002])
    assert weighted.imbalance < 0.03 < told.imbalance
    assert mode_coverage(x + 99, centres, 1.5).imbalance == 1, "of none near any nothing is even"


@pytest.mark.slow
def test_a_judge_of_classes():
    random = np.random.default_rng(8)
    labels = np.arange(400) % 2
    x = random.normal(size=(400, 2)) + 3 * labels[:, None]
    data = pm.datasets.split(pm.Dataset(x, labels), 0.5, key=KEY)
    judge = class_judge(data, pm.MLP((), outputs=2), steps=300, key=KEY)
    best = stats.norm.cdf(3 / 2**0.5)  # of the best line between them
    assert abs(judge.accuracy.value - best) < 4 * judge.accuracy.error
    assert judge.agreement(x, 1 - labels).value < 0.05
    np.testing.assert_allclose(judge.histogram(x), [0.5, 0.5], atol=0.03)
    with pytest.raises(NonFiniteError, match=r"samples: .* in sample 1"):
        judge.histogram(np.array([[0.0, 0.0], [np.nan, 0.0]]))
    for bad in (np.ma.array(x, mask=x > 3), x * 1j, x[:0]):
        with pytest.raises(ShapeError, match="samples: expected"):
            judge.predict(bad)


def test_modes_of_a_mixture_are_judged_by_both_sets():
    """Also a mode that the fresh samples lack: one in a hundred is no surprise, thirty are."""
    rare = pm.generative.GaussianMixture.of([0.99, 0.01], [[-9.0], [9.0]], 0.1)
    judged = pm.generative.mixture_samples

    def points(rare_ones, n=100):
        return np.where(np.arange(n) < rare_ones, 9.0, -9.0)[:, None]

    assert 0.9 < judged(rare, points(1), points(0)).worst_mode < 1.1
    assert judged(rare, points(30), points(0)).worst_mode > 4
    assert judged(rare, points(0), points(0)).mode_errors.min() > 0
    with pytest.raises(ShapeError, match=r"fresh: .*masked"):
        judged(rare, points(1), np.ma.array(points(1), mask=points(1) > 0))


def test_the_discrepancy_is_the_same_far_from_zero():
    x, y = np.random.default_rng(10).normal(size=(2, 50, 2))
    near, far = (mean_discrepancy(x + s, y + s + 1, key=KEY, partings=5) for s in (0.0, 1e8))
    assert far.value == pytest.approx(near.value, rel=1e-5)
    assert far.bandwidth == pytest.approx(near.bandwidth, rel=1e-5)


POINTS = np.zeros((4, 2))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: wasserstein_distance(POINTS, POINTS, key=KEY), ShapeError, "of one component"),
        (lambda: wasserstein_distance([1.0], [1.0, 2.0], key=KEY), ShapeError, "at least two"),
        (
            lambda: wasserstein_distance([1.0, np.nan], [1.0, 2.0], key=KEY),
            NonFiniteError,
            "in sample 1",
        ),
        (
            lambda: sliced_wasserstein_distance(POINTS, np.zeros((4, 3)), key=KEY),
            ShapeError,
            "dimension 2",
        ),
        (lambda: mean_discrepancy(POINTS, POINTS, key=KEY), ConfigurationError, "bandwidth"),
        (lambda: mode_coverage(POINTS, np.zeros((2, 3)), 1.0), ShapeError, r"\(K, 2\)"),
        (lambda: mode_coverage(POINTS, POINTS, 0.0), ConfigurationError, "radius"),
        (lambda: mode_coverage(POINTS, POINTS, 1.0, weights=[1.0]), ShapeError, "weights"),
        (lambda: share(3, 2), ConfigurationError, "at most 2"),
        (lambda: class_judge(POINTS), ConfigurationError, "pm.Dataset"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
