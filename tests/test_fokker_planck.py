"""Diffusion in a potential: against a Gaussian that relaxes, published gaps, what is conserved."""

from __future__ import annotations

import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, NonFiniteError, ShapeError


def double(x):
    return (x**2 - 1) ** 2


def well(beta=1.0, **options):
    return pm.generative.FokkerPlanck(
        double, beta, **{"low": -3, "high": 3, "points": 401} | options
    )


def gaussian(mean, variance):
    return lambda x: np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


@pytest.mark.parametrize(("beta", "gap"), [(1.0, 0.748681), (3.0, 0.0806198)])
def test_gaps_of_the_double_well(beta, gap):
    """Published to six digits, cut after them."""
    found = well(beta)
    assert found.gap == pytest.approx(gap, abs=1.01e-6 if beta == 1 else 1e-7)
    finer = well(beta, points=801)
    assert abs(found.gap - finer.gap) < 2e-3 * found.gap_error < 3e-8
    assert abs(found.rates[1] - finer.gap) < 1.01 * found.gap_error


def test_rates_of_the_harmonic_well_are_whole_numbers():
    """``λ_k = k`` for ``V = x²/2``, whatever β."""
    found = pm.generative.FokkerPlanck(lambda x: x**2 / 2, beta=2.0, low=-6, high=6)
    np.testing.assert_allclose(found.rates[:6], range(6), rtol=5e-4)
    assert found.gap == pytest.approx(1.0, abs=1e-7)


def test_a_gaussian_stays_one():
    found = pm.generative.FokkerPlanck(lambda x: x**2 / 2, 1.0, low=-8, high=8)
    times, at = np.array([0.05, 0.5, 2.0]), np.linspace(-3, 4, 50)
    start = gaussian(1.5, 0.25)
    for t, p, between, error in zip(
        times,
        found.density(start, times),
        found.density(start, times, at),
        found.density_error(start, times),
        strict=True,
    ):
        exact = gaussian(1.5 * np.exp(-t), 1 - 0.75 * np.exp(-2 * t))
        missed = np.abs(p - exact(found.x)) @ found.cells
        assert 0.9 < missed / error < 1.1 and missed < 1e-4
        np.testing.assert_allclose(between, exact(at), atol=1e-4)


def test_densities_stay_positive_and_normalised_and_end_as_boltzmanns():
    """Also of a start whose tails are wider than those of the stationary density."""
    found = well(3.0)
    densities = found.density(gaussian(-1.0, 0.04), np.array([0.0, 1e-4, 0.1, 10.0, 500.0]))
    assert densities.min() >= 0
    np.testing.assert_allclose(densities @ found.cells, 1, atol=1e-10)
    far = found.distance(densities, found.stationary)
    assert (np.diff(far) < 0).all() and far[-1] < 1e-10
    np.testing.assert_allclose(found.stationary, found.stationary[::-1])
    np.testing.assert_allclose(
        found.stationary / found.stationary[200], np.exp(3 - 3 * double(found.x)), rtol=1e-11
    )


def test_the_last_of_it_decays_with_the_gap():
    found = well(3.0)
    near = found.distance(found.density(gaussian(-1.0, 0.04), [20.0, 30.0]), found.stationary)
    assert np.log(near[0] / near[1]) / 10 == pytest.approx(found.rates[1], rel=1e-6)


def test_walls_are_asked_for():
    with pytest.raises(ConfigurationError, match="walls=True"):
        pm.generative.FokkerPlanck(lambda x: x**2, 1.0, low=-1, high=1)
    box = pm.generative.FokkerPlanck(lambda x: 0 * x, 2.0, low=0, high=1, walls=True)
    np.testing.assert_allclose(box.gap, np.pi**2 / 2, rtol=1e-8)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"beta": 0.0}, ConfigurationError, "beta"),
        ({"beta": np.nan}, ConfigurationError, "beta"),
        ({"low": 3.0}, ConfigurationError, "in order"),
        ({"points": 400}, ConfigurationError, "odd"),
        ({"points": 10**6 + 1}, ConfigurationError, "at most"),
        ({"potential": lambda x: 1.0}, ShapeError, "one number for each"),
        ({"potential": 1.0}, ShapeError, "a function"),
        ({"potential": lambda x: np.where(x > 0, np.inf, 0.0)}, NonFiniteError, "at index 201"),
    ],
)
def test_what_is_no_diffusion_is_refused(options, error, message):
    given = {"potential": double, "low": -3, "high": 3, "points": 401} | options
    with pytest.raises(error, match=message):
        pm.generative.FokkerPlanck(**given)


@pytest.mark.parametrize(
    ("initial", "times", "at", "error", "message"),
    [
        (np.ones(5), [1.0], None, ShapeError, "initial"),
        (lambda x: x, [1.0], None, ConfigurationError, "nowhere negative"),
        (lambda x: 0 * x, [1.0], None, ConfigurationError, "a density"),
        (lambda x: x + np.nan, [1.0], None, NonFiniteError, "initial"),
        (lambda x: x**0, [-1.0], None, ConfigurationError, "times"),
        (lambda x: x**0, 1.0, None, ConfigurationError, "times"),
        (lambda x: x**0, [1.0], [4.0], ConfigurationError, "at: "),
    ],
)
def test_what_is_no_start_is_refused(initial, times, at, error, message):
    with pytest.raises(error, match=message):
        well(points=41).density(initial, times, at)
