"""The Fourier series whose coefficients a network gives."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm


def embedded(t, theta):
    return jnp.array([t, np.cos(theta), np.sin(theta)])


@pytest.mark.parametrize("outputs", [None, 2])
def test_it_has_the_period_and_no_higher_waves(outputs):
    network = pm.FourierSeries((8,), waves=5, outputs=outputs)
    params = network.init(jax.random.key(0), embedded(0.3, 0.2))
    angles = 2 * np.pi * np.arange(64) / 64
    values = np.array([network.apply(params, embedded(0.3, angle)) for angle in angles])
    assert values.shape == (64,) if outputs is None else (64, outputs)
    spectrum = np.abs(np.fft.rfft(values, axis=0)) / 64
    assert spectrum[1:6].max() > 1e-2
    np.testing.assert_allclose(spectrum[6:], 0, atol=1e-12)


def test_derivatives_along_the_circle_are_exact():
    """``∂⁴/∂θ⁴`` of a wave is k⁴ times the wave."""
    network = pm.FourierSeries((4,), waves=3)
    params = network.init(jax.random.key(1), embedded(0.0, 0.0))
    field = lambda z: network.apply(params, jnp.stack([z[0], jnp.cos(z[1]), jnp.sin(z[1])]))
    z = jnp.array([0.4, 2.9])
    angles = 2 * np.pi * np.arange(16) / 16
    values = np.array([field(z.at[1].set(angle)) for angle in angles])
    c, k = np.fft.rfft(values) / 16, np.arange(9)
    waves = c * np.exp(1j * k * 2.9) * np.where(k > 0, 2, 1)
    np.testing.assert_allclose(pm.partial(field, 1, 1, 1, 1)(z), np.sum(k**4 * waves).real)


def test_what_does_not_fit_is_named():
    with pytest.raises(pm.errors.ShapeError, match="cos θ, sin θ"):
        pm.FourierSeries((4,), waves=2).init(jax.random.key(0), jnp.ones(2))
    with pytest.raises(pm.errors.ConfigurationError, match="waves"):
        pm.FourierSeries((4,), waves=0)
