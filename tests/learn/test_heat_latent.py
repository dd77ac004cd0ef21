"""Hot spots that are exact, and what tells them through few numbers."""

import dataclasses

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from physml.errors import ConfigurationError
from physml.learn.catalogue.heat_latent import ENTRY, CarriedHeat

KEY = jax.random.key(0)


def test_a_spot_is_a_sum_of_gaussians_around_the_ring():
    """Poisson's sum: of waves on one side, of images on the other."""
    heat = CarriedHeat(points=32, narrowest=0.07)
    width, place = np.array([0.07, 0.2]), np.array([0.3, 0.9])
    x = np.arange(32) / 32
    images = np.arange(-3, 4)[:, None, None]
    distance = (x - place[:, None] + images) / width[:, None]
    exact = np.sum(np.exp(-(distance**2) / 2), axis=0) / (np.sqrt(2 * np.pi) * width[:, None])
    assert_allclose(heat.temperature(width, place), exact, rtol=1e-9, atol=1e-12)


def test_trajectories_obey_the_equation_and_keep_their_heat():
    """``u_t + c u_x = κ u_xx`` by Fourier in space, by central differences of 1e-4 in time."""
    heat = CarriedHeat(points=64, interval=1e-4, snapshots=3, training=2, test=2)
    u = heat.trajectories(KEY)
    assert_allclose(u.mean(axis=-1), 1, rtol=1e-12)
    waves = 2j * np.pi * np.fft.rfftfreq(64, 1 / 64)
    slope, curvature = (np.fft.irfft(waves**k * np.fft.rfft(u[:, 1])) for k in (1, 2))
    rate = (u[:, 2] - u[:, 0]) / 2e-4
    assert_allclose(rate, heat.diffusivity * curvature - heat.speed * slope, atol=2e-3)
    assert np.abs(rate).max() > 20


@pytest.mark.slow
def test_an_autoencoder_tells_more_than_as_many_components():
    subject = CarriedHeat(points=32, narrowest=0.07, widest=0.08, training=12, test=3)
    recipe = dataclasses.replace(ENTRY.recipe, channels=(4, 8), steps=600, epochs=20)
    study = ENTRY.solve(subject, recipe, key=KEY)
    found = study.numbers()
    assert found["reconstruction"] < 0.5 * found["pca_reconstruction"]
    assert found["components_as_good"] > recipe.latent
    assert study.arrays["told"].shape == (3, 19, 32)


def test_more_numbers_than_snapshots_vary_in_are_refused_before_training(monkeypatch):
    def trained(*_):
        raise AssertionError("trained first")

    monkeypatch.setattr("physml.learn.catalogue.heat_latent._autoencoder", trained)
    with pytest.raises(ConfigurationError, match="components: expected from 1 to"):
        ENTRY.solve(CarriedHeat(), dataclasses.replace(ENTRY.recipe, latent=64), key=KEY)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CarriedHeat(points=60), "points: expected a multiple of 8, got 60"),
        (lambda: CarriedHeat(narrowest=0.02), "narrowest: expected 2/points"),
        (lambda: CarriedHeat(diffusivity=0.0), "diffusivity: expected a number > 0"),
        (lambda: CarriedHeat(snapshots=1), "snapshots: expected at least 2"),
        (lambda: dataclasses.replace(ENTRY.recipe, latent=0), "latent: expected at least 1"),
        (lambda: dataclasses.replace(ENTRY.recipe, cell="lsmt"), "cell: expected rnn, gru, lstm"),
        (
            lambda: ENTRY.check(CarriedHeat(), dataclasses.replace(ENTRY.recipe, window=20)),
            "window: expected fewer than 20",
        ),
        (
            lambda: ENTRY.check(CarriedHeat(), dataclasses.replace(ENTRY.recipe, size=841)),
            "at most 840 snapshots, got 841",
        ),
        (
            lambda: ENTRY.check(
                CarriedHeat(), dataclasses.replace(ENTRY.recipe, channels=(4, 4, 4, 4, 4, 4, 4))
            ),
            "shape: expected",
        ),
    ],
)
def test_what_cannot_be_told_is_refused_before_a_run(call, message):
    with pytest.raises(ConfigurationError, match=message):
        call()
