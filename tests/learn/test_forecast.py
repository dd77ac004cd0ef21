"""Series forecast step by step; their reference beside what is known of it."""

import dataclasses

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import ellipj, ellipk

from physml.errors import ConfigurationError, ConvergenceError
from physml.learn.catalogue import ENTRIES, forecast
from physml.learn.catalogue.lorenz_forecast import LorenzForecast
from physml.learn.catalogue.oscillator_rnn import Pendulum

KEY = jax.random.key(0)


def test_a_pendulum_without_damping_swings_as_jacobi_s_functions_say():
    """``sin(θ/2) = k sn(K − t, k²)``, ``k = sin(θ₀/2)``, of one released at rest."""
    system = Pendulum(damping=0.0, training=3, test=2, time=6.0)
    angles = system.trajectories(KEY)[..., 0]
    times = system.interval * np.arange(angles.shape[1])
    for swing in angles:
        m = np.sin(swing[0] / 2) ** 2
        sn = ellipj(ellipk(m) - times, m)[0]
        exact = 2 * np.arcsin(np.sqrt(m) * sn) * np.sign(swing[0])
        assert_allclose(swing, exact, atol=2e-11)


def test_lorenz_s_plane_of_z_alone_falls_exactly():
    """On the axis x = y = 0 it is ``z e^{−βt}``; off it the fixed points stay."""
    system = LorenzForecast()
    times = np.linspace(0, 1, 5)
    fixed = np.sqrt(system.beta * (system.rho - 1))
    starts = np.array([[0.0, 0.0, 3.0], [fixed, fixed, system.rho - 1]])
    found = forecast.integrated(system.rates, starts, times)
    assert_allclose(found[0, :, 2], 3 * np.exp(-system.beta * times), rtol=1e-11)
    assert_allclose(found[1], np.tile(starts[1], (5, 1)), rtol=1e-12)


def test_windows_and_free_runs_are_those_of_a_line():
    """Of ``x_t = (t, −2t)`` every increment is (1, −2), and a free run goes on so."""
    line = np.arange(8.0)[:, None] * [1.0, -2.0]
    cut = forecast.windows(np.stack([line, line + 5]), 3)
    assert cut.inputs.shape == (10, 3, 2)
    assert_allclose(cut.targets, np.tile([1.0, -2.0], (10, 1)))
    assert_allclose(cut.inputs[5], line[:3] + 5)
    told = forecast.free_run(lambda seen: seen[:, -1] - seen[:, -2], line[None, :3], 5)
    assert_allclose(told[0], line[3:])


@pytest.mark.slow
def test_networks_tell_more_than_the_last_value():
    system = Pendulum(training=5, test=2)
    recipe = forecast.ForecastRecipe(networks=("mlp",), window=3, width=6, steps=30)
    study = forecast.solve(system, recipe, key=KEY)
    found = study.numbers()
    by_model = found["by_model"]
    assert found["best"] == "mlp" and found["rmse"] == by_model["mlp"]["rmse"]
    assert by_model["mlp"]["rmse"] < 0.05 * by_model["last value"]["rmse"]
    assert by_model["degree 3"]["rmse"] < by_model["linear"]["rmse"]
    assert found["train"] == 5 * (81 - 3)
    assert study.arrays["exact"].shape == study.arrays["told mlp"].shape == (2, 78, 1)


def test_states_that_run_away_are_told():
    """``ẋ = x²`` from 1 is at infinity after a unit of time."""
    with pytest.raises(ConvergenceError, match="trajectories: expected them up to the time 2"):
        forecast.integrated(np.square, np.ones((1, 1)), np.array([0.0, 0.5, 2.0]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Pendulum(swing=3.2), "swing: expected an angle in"),
        (lambda: Pendulum(damping=-1.0), "damping: expected a number ≥ 0"),
        (lambda: LorenzForecast(interval=0.0), "interval: expected a number > 0"),
        (lambda: LorenzForecast(rho=float("nan")), "rho: expected a number > 0"),
        (lambda: LorenzForecast(beta=-1.0), "beta: expected a number > 0"),
        (lambda: forecast.ForecastRecipe(networks=("mpl",)), "networks: expected some of mlp"),
        (lambda: forecast.ForecastRecipe(networks=()), "networks: expected some of mlp"),
        (lambda: forecast.ForecastRecipe(window=0), "window: expected at least 1"),
        (
            lambda: forecast.check(Pendulum(), forecast.ForecastRecipe(window=80)),
            "window: expected far fewer than the 80 values",
        ),
    ],
)
def test_what_cannot_be_forecast_is_refused_before_a_run(call, message):
    with pytest.raises(ConfigurationError, match=message):
        call()


@pytest.mark.parametrize("name", ["lorenz-forecast", "oscillator-rnn"])
def test_entries_of_forecasts_build_what_they_name(name):
    entry = ENTRIES[name]
    for recipe in entry.recipes.values():
        entry.check(entry.subject, recipe)
    with pytest.raises(ConfigurationError, match="width: expected at least 1"):
        dataclasses.replace(entry.recipe, width=0)
