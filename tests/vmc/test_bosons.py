"""Bosons: Calogero's exact states, and hard spheres in a trap."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm


@pytest.mark.parametrize(("particles", "beta", "omega"), [(5, 2.0, 1.0), (3, 1.0, 0.7), (4, 3, 2)])
def test_calogero_s_state_has_no_variance(particles, beta, omega):
    system = pm.vmc.Calogero(particles=particles, beta=beta, omega=omega)
    log_psi = lambda x: system.ansatz(lambda y: -0.25 * omega * jnp.sum(y**2), x)
    x = system.length * jax.random.normal(jax.random.key(0), (16, *system.shape))
    energy = jax.jit(jax.vmap(lambda x: system.local_energy(log_psi, x)))(x)
    np.testing.assert_allclose(energy, system.reference.energy, rtol=1e-7)


def test_known_energies():
    """``N/2 + βN(N − 1)/2``; β = 1 are free fermions, N²/2; one particle is an oscillator."""
    assert pm.vmc.Calogero().reference.energy == 22.5
    assert pm.vmc.Calogero(particles=6, beta=1.0).reference.energy == 18.0
    assert pm.vmc.Calogero(particles=1, omega=2.0).reference.energy == 1.0


@pytest.mark.slow
def test_a_network_finds_calogero_s_state():
    """A smooth positive factor is all that is missing from the ansatz."""
    system = pm.vmc.Calogero(particles=3)
    step = pm.natural_gradient(0.1, damping=1e-3, momentum=0.9)
    state = pm.ground_state(
        system, pm.MLP((12,)), optimizer=step, walkers=256, steps=120, measurements=100
    )
    above = state.energy.mean - system.reference.energy
    assert -4 * state.energy.error < above < 4 * state.energy.error + 0.02


@pytest.mark.parametrize(("particles", "expected"), [(10, 24.402), (50, 127.78), (100, 269.98)])
def test_first_order_energies_of_the_elliptic_trap(particles, expected):
    cloud = pm.vmc.TrappedBosons(particles=particles, elongation=math.sqrt(8), diameter=0.0043)
    assert cloud.mean_field_energy == pytest.approx(expected, rel=5e-5)
    assert cloud.ideal_energy / particles == pytest.approx(2.414214, abs=1e-6)
    assert cloud.reference is None


def test_the_ideal_gas_has_no_variance():
    cloud = pm.vmc.TrappedBosons(particles=4, omega=0.7, elongation=2.0, diameter=0.0)
    log_psi = lambda x: cloud.ansatz(lambda y: jnp.zeros(()), x)
    x = cloud.walkers(jax.random.key(0), 16)
    energy = jax.jit(jax.vmap(lambda x: cloud.local_energy(log_psi, x)))(x)
    np.testing.assert_allclose(energy, cloud.reference.energy, rtol=1e-12)
    np.testing.assert_allclose(energy, 4 * 0.7 * 2.0, rtol=1e-12)


@pytest.mark.slow
def test_the_wave_function_vanishes_in_the_core():
    cloud = pm.vmc.TrappedBosons(particles=2, diameter=0.5)
    log_psi = lambda x: cloud.ansatz(lambda y: jnp.zeros(()), x)
    x = jnp.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    assert float(log_psi(x)) == pytest.approx(-0.5 + math.log(0.5))
    assert float(log_psi(0.5 * x)) == -math.inf
    assert float(log_psi(0.49 * x)) == -math.inf
    assert np.isfinite(cloud.local_energy(log_psi, 0.51 * x))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: pm.vmc.Calogero(particles=0), "particles ≥ 1"),
        (lambda: pm.vmc.Calogero(beta=0.5), "beta > 1/2"),
        (lambda: pm.vmc.TrappedBosons(omega=0.0), "omega > 0"),
        (lambda: pm.vmc.TrappedBosons(diameter=-1.0), "diameter: expected a length ≥ 0"),
    ],
)
def test_bad_numbers_are_named(build, message):
    with pytest.raises(pm.errors.ConfigurationError, match=message):
        build()
