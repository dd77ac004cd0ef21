"""Walkers against the Fokker–Planck equation, in time."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, SamplingError

g = pm.generative
WELL = g.FokkerPlanck(lambda x: (x**2 - 1) ** 2, 1.0, -3.5, 3.5, 401)
FLOW = {"step": 0.005, "between": 80, "times": 6, "walkers": 8000, "key": jax.random.key(0)}


@pytest.fixture(scope="module")
def flows():
    return [g.gradient_flow(WELL, (-1.0, 0.2), adjusted=way, **FLOW) for way in (False, True)]


def test_walkers_follow_the_equation(flows):
    """Within the distance that independent draws of the exact density would have."""
    for flow in flows:
        off = (flow.distance - flow.expected[:, 0]) / flow.expected[:, 1]
        assert np.abs(off).max() < 4.5
        assert 0.5 * np.abs(flow.exact[0] - flow.exact[-1]).sum() > 0.3  # it moved
        assert abs(flow.square - flow.exact_square) < 4 * flow.square_error


def test_the_rate_of_relaxation_is_the_gap(flows):
    for flow in flows:
        assert abs(flow.rate - WELL.gap) < 4 * flow.rate_error < 0.3 * WELL.gap
    assert flows[0].acceptance == 1 > flows[1].acceptance > 0.97


def test_long_steps_are_biased_and_metropolis_is_not():
    long = {"step": 0.05, "between": 16, "times": 8, "walkers": 8000, "key": jax.random.key(1)}
    free, kept = (g.gradient_flow(WELL, (-1.0, 0.2), adjusted=way, **long) for way in (False, True))
    assert abs(free.square - free.exact_square) > 4.5 * free.square_error
    assert abs(kept.square - kept.exact_square) < 4 * kept.square_error + 0.02


def test_bars_of_the_rate_hold_what_they_say():
    quick = FLOW | {"walkers": 500, "step": 0.02, "between": 25, "times": 3}
    off = []
    for i in range(24):
        flow = g.gradient_flow(WELL, (-1.0, 0.2), **(quick | {"key": jax.random.key(i)}))
        off.append((flow.rate - WELL.gap) / flow.rate_error)
    assert 0.6 < np.std(off) < 1.5


def test_the_slowest_mode_is_odd_and_normalised():
    u = WELL.mode(1)
    inside = np.abs(WELL.x) < 2
    np.testing.assert_allclose(u[inside], -u[inside][::-1], atol=1e-6)
    assert (WELL.cells * WELL.stationary * u**2).sum() == pytest.approx(1, abs=1e-10)
    with pytest.raises(ConfigurationError, match="k: "):
        WELL.mode(401)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"step": 0.0}, ConfigurationError, "step"),
        ({"bins": 7}, ConfigurationError, "bins"),
        ({"walkers": 3}, ConfigurationError, "walkers"),
        ({"times": 1}, ConfigurationError, "times"),
        ({"step": 0.9}, SamplingError, "shorter step"),
    ],
)
def test_walks_that_are_none_are_refused(options, error, message):
    given = FLOW | {"walkers": 100, "between": 3, "times": 3} | options
    with pytest.raises(error, match=message):
        g.gradient_flow(WELL, (-1.0, 0.2), **given)


def test_a_start_off_the_line_is_refused():
    for initial in ((9.0, 0.2), (0.0, 0.0), (WELL.high - 0.5, 0.5), (-1.0, 1e-3)):
        with pytest.raises(ConfigurationError, match="initial"):
            g.gradient_flow(WELL, initial, **FLOW)


def test_a_start_of_which_nothing_relaxes_is_refused():
    """By symmetry ⟨u₁⟩ = 0: a rate would be noise over noise."""
    with pytest.raises(ConfigurationError, match="a start off the middle"):
        g.gradient_flow(WELL, (0.0, 0.2), **FLOW)
    entry = g.catalogue.ENTRIES["langevin-relaxation"]
    with pytest.raises(ConfigurationError, match="a start off the middle"):
        entry.check(type(entry.subject)(start=0.0), entry.recipe)
