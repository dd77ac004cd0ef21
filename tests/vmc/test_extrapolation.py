"""Extrapolation to zero variance: exact lines, Gaussians about an oscillator's ground state."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm


def estimate(mean, error, variance):
    return pm.sampling.Estimate(mean, error, 1.0, 1.0, variance, 1000)


def test_a_line_is_found_with_its_error_bar():
    """Two energies: E₀ = E₂ − v₂ (E₁ − E₂)/(v₁ − v₂), with the error of that sum."""
    line = pm.vmc.extrapolate_in_variance([estimate(-1.0, 0.01, 0.4), estimate(-1.1, 0.02, 0.2)])
    assert line.energy == pytest.approx(-1.2)
    assert line.slope == pytest.approx(0.5)
    assert line.error == pytest.approx(np.hypot(0.01, 2 * 0.02))
    assert line.chi_square == pytest.approx(0.0, abs=1e-20)


def test_a_bar_in_doubt_makes_that_of_the_line_one():
    energies = [estimate(-1.0, 0.01, 0.4), estimate(-1.1, 0.02, 0.2)]
    assert pm.vmc.extrapolate_in_variance(energies).converged
    energies[0] = energies[0]._replace(converged=False)
    assert not pm.vmc.extrapolate_in_variance(energies).converged


def test_the_error_bar_covers_the_scatter():
    """Of a thousand sets of energies with Gaussian errors about a line, 68% hit it within one σ."""
    random = np.random.default_rng(0)
    variance = np.array([0.1, 0.2, 0.3, 0.4])
    hits = []
    for _ in range(1000):
        means = -1 + 0.3 * variance + 0.01 * random.normal(size=4)
        line = pm.vmc.extrapolate_in_variance(
            [estimate(m, 0.01, v) for m, v in zip(means, variance, strict=True)]
        )
        hits.append(abs(line.energy + 1) < line.error)
    # The error bar is never below that of the energies and often above.
    assert 0.66 < np.mean(hits) < 0.85


def test_energies_off_a_line_widen_the_error_bar():
    energies = [estimate(m, 1e-3, v) for m, v in [(-1.0, 0.1), (-0.9, 0.2), (-1.0, 0.3)]]
    line = pm.vmc.extrapolate_in_variance(energies)
    assert line.chi_square > 1000
    assert line.error > 0.1


def test_gaussians_about_the_oscillators_ground_state():
    """ψ = e^{−a x²/2}: E = (a + 1/a)/4, σ² = (a − 1/a)²/8; the curvature is of order (a − 1)³.

    From a = 1.1 and 1.2 the exact line ends 1.9e-5 above 1/2; the measured one by its error bar.
    """
    system = pm.vmc.HarmonicOscillator()
    walkers = jax.random.normal(jax.random.key(0), (40, 500, 1, 1))

    def measured(a):
        x = walkers / np.sqrt(2 * a)
        log_psi = lambda x: -0.5 * a * jnp.sum(x**2)
        local = jax.vmap(jax.vmap(lambda y: system.local_energy(log_psi, y)))(x)
        return pm.sampling.estimate(local)

    line = pm.vmc.extrapolate_in_variance([measured(1.1), measured(1.2)])
    energy, variance = (lambda a: (a + 1 / a) / 4), (lambda a: (a - 1 / a) ** 2 / 8)
    slope = (energy(1.2) - energy(1.1)) / (variance(1.2) - variance(1.1))
    exact = energy(1.1) - slope * variance(1.1)
    assert 0 < exact - 0.5 < 2e-5
    assert abs(line.energy - exact) < 4 * line.error
    assert line.error < 2e-3


@pytest.mark.parametrize(
    ("energies", "error", "message"),
    [
        ([estimate(1, 1, 1)], pm.errors.ShapeError, "at least two states, got 1"),
        (
            [estimate(1, 1, 1), estimate(2, 1, 1)],
            pm.errors.ConfigurationError,
            "different variance, got 1 hartree²",
        ),
        ([estimate(1, 0, 1), estimate(2, 1, 2)], pm.errors.ConfigurationError, "error bars > 0"),
        ([-1.0, -1.1], pm.errors.ConfigurationError, "expected Estimates, .* got float"),
        ([estimate(np.nan, 1, 1), estimate(2, 1, 2)], pm.errors.NonFiniteError, "finite"),
    ],
)
def test_what_has_no_line_is_refused(energies, error, message):
    with pytest.raises(error, match=message):
        pm.vmc.extrapolate_in_variance(energies)
