"""Measurement on fresh walkers: known means and variances, and what cannot be measured."""

from __future__ import annotations

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm


def oscillator(log_psi, x):
    return pm.kinetic_energy(log_psi)(x) + 0.5 * jnp.sum(x**2)


def gaussian(a, x):
    return -0.5 * a * jnp.sum(x**2)


def start(key):
    return jax.random.normal(key, (64, 1, 1))


def measured(
    log_psi=gaussian, params=1.0, local_energy=oscillator, seed=0, make=pm.metropolis, **options
):
    moves = {name: options.pop(name) for name in ("sweeps", "width") if name in options}
    return pm.measure(
        log_psi,
        jnp.asarray(params),
        local_energy,
        partial(make, log_psi, start, **moves),
        key=jax.random.key(seed),
        **options,
    )


def test_an_exact_state_has_no_error_bar():
    result = measured(steps=30)
    assert abs(result.energy.mean - 0.5) < 1e-14
    assert result.energy.error < 1e-15
    assert result.energy.variance < 1e-28
    assert result.local_energies.shape == (30, 64)
    assert result.walkers.shape == (6, 64, 1, 1)
    assert result.burn_in % 25 == 0


def test_a_trial_state_within_its_error_bar():
    """``e^{−ax²/2}``: E = (a + 1/a)/4, variance (1 − a²)²/8a²; 4σ, and 6σ of the variance.

    The local energy is linear in x², which has a kurtosis of 15 about its mean: 12,800 samples with
    τ near 2 know the variance to √(14 · 2/12800) = 5%.
    """
    a = 1.6
    result = measured(params=a, steps=200, seed=3)
    energy = result.energy
    assert abs(energy.mean - (a + 1 / a) / 4) < 4 * energy.error
    assert energy.converged
    assert 1e-3 < energy.error < 1e-2
    assert abs(energy.variance / ((1 - a**2) ** 2 / (8 * a**2)) - 1) < 0.3
    assert 0.4 < result.acceptance < 0.65
    np.testing.assert_allclose(energy.mean, result.local_energies.mean(), rtol=1e-12)


def test_a_complex_state_measures_its_real_energy():
    """A boost by k adds ½k² to the energy of the ground state, and no imaginary part."""
    boosted = lambda k, x: -0.5 * jnp.sum(x**2) + 1j * k * jnp.sum(x)
    result = measured(boosted, 0.8, steps=8)
    assert result.local_energies.dtype == np.float64
    np.testing.assert_allclose(result.energy.mean, 0.5 + 0.8**2 / 2, rtol=1e-12)


def test_the_width_adapts_before_the_measurement_and_never_in_it():
    widths = []

    def watched(*args, **options):
        sampler = pm.metropolis(*args, **options)

        def sample(key, state, params):
            state, walkers, metrics = sampler.sample(key, state, params)
            jax.debug.callback(lambda w: widths.append(float(w)), metrics["width"], ordered=True)
            return state, walkers, metrics

        return pm.Sampler(sampler.init, sample)

    result = measured(make=watched, steps=30, sweeps=1, width=0.5)
    jax.effects_barrier()
    assert len(widths) == result.burn_in + 50
    assert len(set(widths[: result.burn_in])) > 5
    assert len(set(widths[result.burn_in :])) == 1


def test_local_energies_that_are_not_finite_are_counted():
    """NaN left of −2, where one walker in 400 stands at a time."""
    broken = lambda log_psi, x: jnp.sum(jnp.where(x > -2, 1.0, jnp.nan))
    with pytest.raises(pm.errors.NonFiniteError) as caught:
        measured(local_energy=broken)
    pattern = r"(\d+) of 1600 local energies are not finite; first at step .* at \[\[(-.*)\]\]"
    bad, place = re.match(pattern, str(caught.value)).groups()
    assert 0 < int(bad) < 30
    assert float(place) < -2


@pytest.mark.parametrize(
    ("local_energy", "message"),
    [
        (lambda log_psi, x: jnp.sum(x**2), "no equilibrium after 1000 steps .* acceptance 0.00"),
        (lambda log_psi, x: 1.0 + 0 * jnp.sum(x), "chains do not move: acceptance 0.000"),
    ],
    ids=["walkers disagree", "walkers agree"],
)
def test_frozen_chains_are_refused(local_energy, message):
    """With a log ψ that is NaN no move is ever accepted."""
    frozen = lambda params, x: jnp.nan * jnp.sum(x)
    with pytest.raises(pm.errors.SamplingError, match=message):
        measured(frozen, local_energy=local_energy, steps=8, sweeps=1)


@pytest.mark.parametrize(
    "local_energy",
    [lambda log_psi, x: jnp.tanh(jnp.sum(x**2)), lambda log_psi, x: pm.kinetic_energy(log_psi)(x)],
    ids=["potential", "free"],
)
def test_states_that_cannot_be_normalised_are_refused(local_energy):
    """ψ = 1: the walkers spread for ever, and every move is accepted."""
    flat = lambda params, x: 0.0 * jnp.sum(x)
    with pytest.raises(pm.errors.SamplingError, match="square-integrable"):
        measured(flat, local_energy=local_energy, steps=8, sweeps=1)


def test_too_few_measurements_are_refused():
    with pytest.raises(pm.errors.ConfigurationError, match=r"steps: expected at least 8 .* got 7"):
        measured(steps=7)
