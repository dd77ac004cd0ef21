"""Measurement on fresh walkers: known means and variances, and what cannot be measured."""

from __future__ import annotations

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.vmc.left_out import filled


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
    return pm.vmc.measure(
        log_psi,
        jnp.asarray(params),
        local_energy,
        partial(make, pm.vmc.log_density(log_psi), start, **moves),
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
    assert abs(result.imaginary.mean) < 4 * result.imaginary.error
    np.testing.assert_allclose(
        result.energy.variance, result.imaginary.variance, rtol=1e-12
    )  # of i k x alone, k²/2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("log_psi", "variance"),
    [
        # E_L = ½ + ½k² + i k x, with ⟨x²⟩ = ½.
        (lambda k, x: -0.5 * jnp.sum(x**2) + 1j * k * jnp.sum(x), lambda k: k**2 / 2),
        # E_L = ½ + ik(½ − x²)·… : a chirp e^{ikx²/2} has E_L = ½ + ½k²x² + ik(x² − ½)
        (
            lambda k, x: -0.5 * (1 - 1j * k) * jnp.sum(x**2),
            lambda k: k**4 / 8 + k**2 / 2,
        ),
    ],
    ids=["boost", "chirp"],
)
def test_the_variance_of_a_complex_state_has_its_imaginary_part(log_psi, variance):
    """``⟨|E_L − Ē|²⟩``, not that of Re E_L, which of the boost by 1 was 9e-34 for 0.5."""
    k = 1.0
    result = measured(log_psi, k, steps=200)
    assert abs(result.energy.variance / variance(k) - 1) < 0.2
    assert abs(result.imaginary.mean) < 4 * result.imaginary.error
    walkers = start(jax.random.key(5)) / jnp.sqrt(2.0)
    evaluation, _ = pm.vmc.energy(log_psi, oscillator).evaluate(jnp.asarray(k), (), walkers)
    local = jax.vmap(lambda x: oscillator(partial(log_psi, k), x))(walkers)
    np.testing.assert_allclose(evaluation.metrics["variance"], np.var(local), rtol=1e-12)
    np.testing.assert_allclose(
        evaluation.metrics["energy_error"], np.std(local.real) / 8, rtol=1e-6, atol=1e-15
    )


def test_a_hamiltonian_that_is_not_hermitian_shows():
    """The free check: a gain of ½ stands in the imaginary part, and a real ψ has none."""
    gain = lambda log_psi, x: oscillator(log_psi, x) + 0.5j
    result = measured(local_energy=gain, steps=8)
    assert result.imaginary.mean == pytest.approx(0.5)
    assert measured(steps=8).imaginary is None


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
    assert len(widths) == result.burn_in + 30
    assert len(set(widths[: result.burn_in])) > 5
    assert len(set(widths[result.burn_in :])) == 1


def test_local_energies_that_are_not_finite_are_counted():
    """NaN left of −2, where one walker in 400 stands at a time: far above one in 10⁴.

    What was measured by then is kept by the error.
    """
    broken = lambda log_psi, x: jnp.sum(jnp.where(x > -2, 1.0, jnp.nan))
    with pytest.raises(pm.errors.NonFiniteError) as caught:
        measured(local_energy=broken)
    pattern = r"(\d+) of 1600 local energies are not finite, of 200 × 64 at most 1 .*\[\[(-.*)\]\]"
    bad, place = re.match(pattern, str(caught.value)).groups()
    assert 0 < int(bad) < 30
    assert float(place) < -2
    kept = caught.value.kept
    assert kept.local_energies.shape == (25, 64) and kept.not_finite == int(bad)
    assert np.isnan(kept.local_energies).sum() == int(bad)
    assert kept.energy.mean == 1.0 and kept.energy.samples == 1600 - int(bad)


@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf, -jnp.inf])
def test_one_walker_that_is_not_finite_does_not_end_a_measurement(bad):
    """The farthest of 16,000 is not finite: it is counted and named, all others are kept.

    The cut is put between the two farthest of a measurement, which is then done again.
    """
    whole = measured(params=1.3, steps=250, seed=4)
    far = np.sort(np.abs(np.asarray(whole.local_energies)).ravel())
    cut = float(np.mean(far[-2:]))

    def holed(log_psi, x):
        local = oscillator(log_psi, x)
        return jnp.where(jnp.abs(local) > cut, bad, local)

    result = measured(params=1.3, local_energy=holed, steps=250, seed=4)
    assert result.burn_in == whole.burn_in
    assert result.not_finite == 1 and result.energy.samples == whole.energy.samples - 1
    step, walker = np.argwhere(~np.isfinite(result.local_energies))[0]
    np.testing.assert_array_equal(
        np.delete(result.local_energies.ravel(), step * 64 + walker),
        np.delete(whole.local_energies.ravel(), step * 64 + walker),
    )
    # Left out, it moves the mean by its distance over the number of samples, below the bar.
    distance = abs(whole.local_energies[step, walker] - whole.energy.mean)
    moved = abs(result.energy.mean - whole.energy.mean)
    np.testing.assert_allclose(moved, distance / whole.energy.samples, rtol=0.03)
    assert moved < 0.1 * whole.energy.error
    np.testing.assert_allclose(result.energy.error, whole.energy.error, rtol=0.02)
    place = jnp.asarray(result.first_not_finite)
    assert abs(oscillator(lambda x: gaussian(1.3, x), place)) > cut


def test_holes_leave_autocorrelation_and_blocking_as_they_are():
    """One in 10⁴ of AR(1) chains with tau = 9, filled by its step's mean: 1% of bar, tau and mean.

    The mean may move by ten samples of unit variance in 100,000, 3e-5 of a bar of 9e-3.
    """
    rng = np.random.default_rng(5)
    chains = np.empty((1000, 100))
    chains[0] = rng.normal(size=100)
    for step in range(1, 1000):
        chains[step] = 0.8 * chains[step - 1] + 0.6 * rng.normal(size=100)
    holed = chains.copy()
    holed.ravel()[rng.choice(chains.size, 10, replace=False)] = np.nan
    whole = pm.sampling.estimate(chains)
    mended = pm.sampling.estimate(filled(holed, np.zeros((1000, 100, 1, 1))))
    assert mended.converged and whole.converged
    assert abs(mended.mean - whole.mean) < 0.01 * whole.error
    np.testing.assert_allclose(mended.error, whole.error, rtol=0.01)
    np.testing.assert_allclose([mended.tau, mended.rhat], [whole.tau, whole.rhat], rtol=0.01)


def test_no_finite_local_energy_at_all_is_refused_at_once():
    with pytest.raises(pm.errors.NonFiniteError, match="none of 1600 local energies is finite"):
        measured(local_energy=lambda log_psi, x: jnp.nan * jnp.sum(x))


def test_walkers_grouped_by_their_start_are_compared():
    """Two wells 30 apart that no move joins, of energies 0 and 0.08: R̂ is 1, yet groups differ.

    Local energies scatter by 1 about them; a quarter of the walkers start on the right.
    """
    wells = jnp.array([-15.0, 15.0])
    log_psi = lambda params, x: 0.5 * jax.nn.logsumexp(-((x[0, 0] - wells) ** 2))
    start = lambda key: (
        jax.random.normal(key, (512, 1, 1))
        + jnp.where(jnp.arange(512) % 4 == 0, 15.0, -15.0).reshape(-1, 1, 1)
    )

    def energy(log_psi, x):
        side = jnp.where(x[0, 0] > 0, 0.08, 0.0)
        return side + 2**0.5 * (jnp.abs(x[0, 0]) - 15.0)

    def look(groups):
        make = partial(pm.metropolis, pm.vmc.log_density(log_psi), start, sweeps=20)
        options = {"key": jax.random.key(1), "steps": 100, "groups": groups}
        return pm.vmc.measure(log_psi, None, energy, make, **options).energy

    alone, grouped = look(None), look(lambda x: x[:, 0, 0] > 0)
    assert alone.rhat < 1.02 and alone.converged
    assert alone.mean == grouped.mean and not grouped.converged


def test_a_sampler_need_not_tell_how_walkers_started():
    """A state of the user's own, of another structure, is measured as one group."""

    def mine(*args, **options):
        inner = pm.metropolis(*args, **options)

        def sample(key, state, params):
            state, walkers, metrics = inner.sample(key, state["own"], params)
            return {"own": state}, walkers, metrics

        return pm.Sampler(lambda key, params: {"own": inner.init(key, params)}, sample)

    found = measured(make=mine, groups=lambda x: x[:, 0, 0] > 0, steps=8)
    assert abs(found.energy.mean - 0.5) < 1e-14


@pytest.mark.parametrize(
    ("local_energy", "message"),
    [
        (
            lambda log_psi, x: jnp.sum(x**2),
            r"no equilibrium after 1000 .* acceptance 0\.00\): walkers have nowhere",
        ),
        (lambda log_psi, x: 1.0 + 0 * jnp.sum(x), "chains do not move: acceptance 0.000"),
    ],
    ids=["walkers disagree", "walkers agree"],
)
def test_frozen_chains_are_refused(local_energy, message):
    """With a log ψ that is NaN no move is ever accepted; what is bounded has a norm."""
    frozen = lambda params, x: jnp.nan * jnp.sum(x)
    with pytest.raises(pm.errors.SamplingError, match=message):
        measured(frozen, local_energy=local_energy, steps=8, sweeps=1, bounded=True)


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
    with pytest.raises(pm.errors.ConfigurationError, match="steps: expected at least 8, got 7"):
        measured(steps=7)
