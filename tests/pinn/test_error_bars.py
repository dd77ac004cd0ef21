"""Error bars of inverse problems: those of the regression whose model is solved in closed form."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy.optimize import curve_fit

import physml as pm

TIMES = np.linspace(0, 1, 20)[:, None]
UNKNOWNS = {"u": pm.MLP((8,)), "k": pm.networks.Constant(1.0, positive=True)}
POINTS = np.array([[0.0], [0.5], [1.0]])


def decay(t, amplitude, rate):
    return amplitude * np.exp(-rate * t)


def noisy(unit):
    values = decay(TIMES[:, 0], 1.0, 2.0) + 0.05 * np.random.default_rng(1).normal(size=20)
    return unit * values


def solved(unit=1.0, steps=40, weight=0.1):
    """``u' = −k u``, amplitude and rate to be found from 20 noisy values."""
    problem = pm.Problem(
        domain=pm.Box(t=(0, 1)),
        equation=lambda f, z: pm.partial(f["u"], 0)(z) + f["k"](z) * f["u"](z),
        conditions=[pm.pinn.measured(TIMES, noisy(unit), unknown="u", weight=weight)],
        exact={"k": lambda t: np.full(len(t), 2.0)},
        name="decay",
    )
    return pm.solve(problem, UNKNOWNS, points=24, steps=steps, check=False)


@pytest.fixture(scope="module")
def solution():
    return solved()


def regression(unit):
    """Two-parameter nonlinear regression: rate, its error, the noise, deviations at POINTS."""
    best, covariance = curve_fit(decay, TIMES[:, 0], noisy(unit), p0=(unit, 1))
    left = decay(TIMES[:, 0], *best) - noisy(unit)
    slopes = np.stack(
        [np.exp(-best[1] * POINTS[:, 0]), -POINTS[:, 0] * decay(POINTS[:, 0], *best)], axis=1
    )
    deviations = np.sqrt(np.sum(slopes @ covariance * slopes, axis=1))
    return best[1], np.sqrt(covariance[1, 1]), np.sqrt(left @ left / 18), deviations


@pytest.mark.slow
@pytest.mark.parametrize("unit", [1.0, 3e4])
def test_bars_are_those_of_the_closed_form(unit, solution):
    """Amplitude and rate are what the equation leaves, in any unit; bars are up to 5% wider."""
    bars = pm.posterior(solution if unit == 1.0 else solved(unit))
    rate, error, noise, deviations = regression(unit)
    assert bars.unknown_numbers["k"].value == pytest.approx(rate, rel=2e-3)
    assert 0.99 < bars.unknown_numbers["k"].standard_error / error < 1.05
    assert bars.noise["data"] == pytest.approx(noise, rel=0.01)
    found = bars.standard_deviation(POINTS)["u"]
    assert np.all((found / deviations > 0.99) & (found / deviations < 1.05))
    assert bars.determined == pytest.approx(2, abs=0.1)
    new = bars.interval(POINTS, observed="data")
    half = 0.5 * (new.high - new.low)
    field = bars.interval(POINTS)
    own = 0.5 * (field.high["u"] - field.low["u"])
    np.testing.assert_allclose(half / own, np.sqrt(1 + (noise / found) ** 2), rtol=0.01)
    assert f"k: {rate:.2f}" in repr(bars)


@pytest.mark.slow
def test_an_equation_left_free_widens_the_bars_and_shows(solution):
    """By 1/σ² the data outweigh the equation: seven numbers are determined where two are told."""
    loose, tight = (pm.posterior(s) for s in (solved(weight=400.0, steps=60), solution))
    assert loose.determined > 4
    assert loose.unknown_numbers["k"].standard_error > 3 * tight.unknown_numbers["k"].standard_error


@pytest.mark.slow
def test_probes_agree(solution):
    """Of 200 probes a deviation is within √(1/400) = 5%: five of them."""
    exact = pm.posterior(solution, damping=1e-3, prior=solution.params)
    probed = pm.posterior(
        solution, damping=1e-3, prior=solution.params, probes=200, key=jax.random.key(0)
    )
    found, expected = (bars.standard_deviation(POINTS)["u"] for bars in (probed, exact))
    np.testing.assert_allclose(found, expected, rtol=0.25)


@pytest.mark.slow
def test_a_figure(tmp_path, solution):
    bars = pm.posterior(solution)
    path = bars.plot(tmp_path / "decay.png", np.linspace(0, 1, 50)[:, None])
    assert path.stat().st_size > 5000


@pytest.mark.slow
def test_what_has_no_bars_is_refused(tmp_path, solution):
    with pytest.raises(pm.errors.ShapeError, match=r"points: expected \(n, 1\)"):
        pm.posterior(solution).standard_deviation(np.zeros((3, 2)))
    solution.save(tmp_path / "saved")
    loaded = pm.Solution.load(tmp_path / "saved", solution.problem, UNKNOWNS)
    with pytest.raises(pm.errors.ConfigurationError, match="got one that was loaded"):
        pm.posterior(loaded)
    exact = pm.Problem(
        domain=pm.Box(t=(0, 1)),
        equation=lambda u, z: pm.partial(u, 0)(z) + u(z),
        conditions=[pm.initial(1.0)],
    )
    forward = pm.solve(exact, pm.MLP((4,)), points=8, steps=1, check=False)
    with pytest.raises(pm.errors.ConfigurationError, match="no term holds observations"):
        pm.posterior(forward)


@pytest.mark.slow
def test_the_report_has_the_bar_or_the_reason_for_none(solution):
    bars = pm.posterior(solution).unknown_numbers["k"]
    told = solution.numbers()["unknown_numbers"]["k"]
    assert told["value"] == pytest.approx(float(bars.value))
    assert told["standard_error"] == pytest.approx(float(bars.standard_error))
    assert solution.words()["k"] == bars.words()
    lost = pm.Solution(solution.problem, solution.network, solution.params)
    told = lost.numbers()["unknown_numbers"]["k"]
    assert told["value"] == pytest.approx(float(bars.value)) and told["standard_error"] is None
    assert "without an error bar (posterior: 'decay'" in lost.words()["k"]
