"""What samples of a model are worth: against sums over all states."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, NonFiniteError, ShapeError

GLASS = pm.generative.SherringtonKirkpatrick(spins=6, temperature=0.7)


def test_a_glass_is_what_its_couplings_say():
    signs = 1.0 - 2.0 * (np.arange(64)[:, None] >> np.arange(6) & 1)
    energies = [
        -sum(GLASS.couplings[i, j] * s[i] * s[j] for i in range(6) for j in range(i)) for s in signs
    ]
    assert GLASS.log_partition() == pytest.approx(
        np.log(np.sum(np.exp(-np.array(energies) / 0.7))), abs=1e-12
    )
    np.testing.assert_allclose(
        [float(GLASS.energy(jnp.asarray(s))) for s in signs[:4]], energies[:4], rtol=1e-12
    )
    assert pm.generative.SherringtonKirkpatrick(spins=21).log_partition() is None


def test_of_the_exact_density_nothing_is_lost():
    exact = GLASS.log_partition()
    found = pm.generative.enumerated(GLASS, lambda s: GLASS.log_density(s) - exact)
    assert found.log_partition == pytest.approx(exact, abs=1e-12)
    np.testing.assert_allclose(found[1:], (0, 0, 1), atol=1e-12)


def test_divergences_of_the_uniform_density():
    """KL(u‖p) = ln Z − ⟨−βE⟩_u − N ln 2, whose mean is 0 without a diagonal."""
    found = pm.generative.enumerated(GLASS, lambda s: -6 * jnp.log(2.0))
    assert found.excess == pytest.approx(GLASS.log_partition() - 6 * np.log(2), abs=1e-12)
    assert found.kl > 0 and 0 < found.ess < 1


def test_states_that_are_never_drawn_add_nothing():
    """Two spins drawn alike: KL(q‖p) = −ln 2 − 1 + ln Z, and p/q has no bound."""
    pair = pm.generative.Spins((2,), lambda s: -s[0] * s[1])
    alike = lambda s: jnp.where(s[0] * s[1] > 0, -jnp.log(2.0), -jnp.inf)
    found = pm.generative.enumerated(pair, alike)
    assert found.excess == pytest.approx(np.log(4 * np.cosh(1)) - 1 - np.log(2), abs=1e-12)
    assert found.kl == np.inf and found.ess == 0


def test_a_density_that_is_none_is_refused():
    with pytest.raises(ConfigurationError, match=r"whose sum is exp\(0.1"):
        pm.generative.enumerated(GLASS, lambda s: 0.1 - 6 * jnp.log(2.0))
    with pytest.raises(ConfigurationError, match="from 1 to 24"):
        pm.generative.enumerated(pm.generative.Ising(side=5), lambda s: jnp.sum(s))


def test_bars_of_ln_z_hold_what_they_say():
    """Log-normal weights, Z = e^½ · e^{σ²/2}: of 400 estimates 68% lie within one bar."""
    random, sigma, inside = np.random.default_rng(0), 0.4, 0
    exact = 0.5 + sigma**2 / 2
    for _ in range(400):
        found = pm.generative.log_partition(0.5 + sigma * random.normal(size=500))
        inside += abs(found.value - exact) < found.error
    assert abs(inside / 400 - 0.683) < 3 * np.sqrt(0.683 * 0.317 / 400)
    assert found.bound == pytest.approx(0.5, abs=4 * found.bound_error)
    assert found.ess == pytest.approx(np.exp(-(sigma**2)), abs=0.05)


def test_large_logs_do_not_overflow():
    found = pm.generative.log_partition(np.array([1e5, 1e5 + 1.0]))
    assert found.value == pytest.approx(1e5 + np.log((1 + np.e) / 2))


@pytest.mark.parametrize(
    ("logs", "error", "message"),
    [
        ([1.0], ShapeError, "two samples or more"),
        (np.ones((2, 2)), ShapeError, r"got \(2, 2\)"),
        ([1.0, np.nan], NonFiniteError, "got nan of sample 1"),
        (np.ma.masked_array([1.0, 2.0], [True, False]), ShapeError, "masked"),
    ],
)
def test_what_is_no_weight_is_refused(logs, error, message):
    with pytest.raises(error, match=message):
        pm.generative.log_partition(logs)
