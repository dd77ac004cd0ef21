"""The Gaussian restricted Boltzmann machine: its sum over hidden units, its energies."""

from __future__ import annotations

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

DOT = pm.QuantumDot(n_up=1, n_down=1, omega=0.5)


def test_it_is_the_sum_over_its_hidden_units():
    """ψ = Σ_h exp(−(X − a)²/2σ² + b·h + h·W X/σ) over h in {0, 1}³, with X = x/ℓ."""
    psi = pm.vmc.GaussianRBM(DOT, hidden=3)
    x = jax.random.normal(jax.random.key(0), DOT.shape)
    params = psi.init(jax.random.key(1), x)
    params = jax.tree.map(lambda leaf: leaf + 0.3, params)
    own = params["params"]
    units = np.ravel(x) / DOT.length
    width = np.exp(own["log_width"])
    total = 0.0
    for h in product((0, 1), repeat=3):
        energy = -np.sum((units - own["visible_bias"]) ** 2) / (2 * width**2)
        energy += np.dot(own["bias"], h) + np.dot(h, own["kernel"] @ units) / width
        total += np.exp(energy)
    log, sign = psi.apply(params, x)
    np.testing.assert_allclose(log, np.log(total), rtol=1e-12)
    assert float(sign) == 1.0


def test_without_interaction_it_is_exact():
    """A Gaussian of the trap's width: the local energy of 3 particles in 2D is 3ω everywhere."""
    trap = pm.vmc.HarmonicOscillator(particles=3, dimension=2, omega=0.7)
    psi = pm.vmc.GaussianRBM(trap, hidden=2)
    zero = psi.init(jax.random.key(0), jnp.ones(trap.shape))
    zero = jax.tree.map(jnp.zeros_like, zero)
    walkers = jax.random.normal(jax.random.key(1), (5, *trap.shape))
    log_psi = lambda x: psi.apply(zero, x).log
    local = jax.vmap(lambda x: trap.local_energy(log_psi, x))(walkers)
    np.testing.assert_allclose(local, 3 * 0.7, rtol=1e-12)


@pytest.mark.slow
def test_two_electrons_in_a_dot_lack_their_cusp():
    """Above the exact 3 by two to five percent, as the course finds; below the Gaussian's 3.25."""
    dot = pm.QuantumDot(n_up=1, n_down=1, omega=1.0)
    step = pm.natural_gradient(0.1, damping=1e-3, momentum=0.9)
    state = pm.ground_state(
        dot,
        pm.vmc.GaussianRBM(dot, hidden=4),
        optimizer=step,
        walkers=512,
        steps=150,
        measurements=100,
    )
    assert 3.02 < state.energy.mean < 3.16


def test_no_hidden_units_are_refused():
    with pytest.raises(pm.errors.ConfigurationError, match="hidden: expected at least 1, got 0"):
        pm.vmc.GaussianRBM(DOT, hidden=0).init(jax.random.key(0), jnp.ones(DOT.shape))


def test_it_is_chosen_by_name():
    chosen = pm.vmc.WavefunctionSettings(name="gaussian-rbm", hidden=5).build(DOT)
    assert chosen == pm.vmc.GaussianRBM(DOT, hidden=5)
