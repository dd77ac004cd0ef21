"""Momenta and density matrix of one particle: free fermions, and a boson's condensate."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import j0

import physml as pm


@cache
def free_electrons(twist=None):
    """Five polarised ones in a plane: the gas, ψ, and walkers drawn from the determinant itself."""
    gas = pm.vmc.ElectronGas(n_up=5, n_down=0, rs=1.0, dimension=2, twist=twist)
    psi = pm.vmc.Slater(gas)
    x = gas.walkers(jax.random.key(0), 1)[0]
    params = jax.jit(psi.init)(jax.random.key(1), x)
    log_psi = lambda params, x: psi.apply(params, x).log
    start = lambda key: gas.walkers(key, 256)
    sampler = pm.metropolis(
        pm.vmc.log_density(log_psi), start, sweeps=20, width=0.7, burn_in=5, wrap=gas.cell.wrap
    )
    state = jax.jit(sampler.init)(jax.random.key(2), params)
    _, walkers, _ = jax.jit(sampler.sample)(jax.random.key(3), state, params)
    return gas, lambda x: psi.apply(params, x), np.asarray(walkers)[None]


@pytest.mark.slow
@pytest.mark.parametrize("twist", [None, (0.0, 0.0)], ids=["real", "complex"])
def test_free_electrons_fill_their_waves(twist):
    """1 for the occupied shells, 0 beyond: 4σ."""
    gas, psi, walkers = free_electrons(twist)
    found = pm.vmc.momentum_distribution(
        psi, walkers, gas.cell, key=jax.random.key(4), particles=5, waves=13
    )
    side = gas.cell.lengths[0]
    np.testing.assert_allclose(found.at * side / (2 * np.pi), [0, 1, 2**0.5, 2], atol=1e-8)
    assert found.sum_rule.holds and abs(found.sum_rule.found - 5) < 4 * found.sum_rule.error
    assert np.all(np.abs(found.values - [1, 1, 0, 0]) < 4 * found.errors)
    assert np.all(found.errors < 0.2)


@pytest.mark.slow
@pytest.mark.parametrize("twist", [(0.1, 0.25), (0.6, -0.2), (2.0, -1.0)], ids=str)
def test_twisted_electrons_fill_their_waves(twist):
    """The waves ``2π (n + t)/L``: 1 for the occupied, 0 beyond, in sum their number: 4σ."""
    gas, psi, walkers = free_electrons(twist)
    found = pm.vmc.momentum_distribution(
        psi, walkers, gas.cell, key=jax.random.key(4), particles=5, waves=9, twist=gas.twist
    )
    occupied = np.linalg.norm(gas.cell.waves(5, twist=twist), axis=1).max() + 1e-9
    sizes = np.linalg.norm(gas.cell.waves(9, twist=twist), axis=1)
    np.testing.assert_allclose(np.sort(np.unique(sizes.round(9))), found.at, rtol=1e-8, atol=1e-8)
    assert np.all(np.abs(found.values - (found.at < occupied)) < 4 * found.errors)
    rule = found.sum_rule
    assert rule.holds and abs(rule.found - 5) < 4 * rule.error and rule.error < 1


@pytest.mark.parametrize("asked", [None, (0.1, 0.3), (-0.1, 0.25)])
def test_another_twist_than_that_of_the_state_is_refused(asked):
    """It would give negative occupations; the message tells the right one."""
    gas, psi, walkers = free_electrons((0.1, 0.25))
    with pytest.raises(pm.errors.ConfigurationError, match=r"twist: .*phases of \(0\.1, 0\.25\)"):
        pm.vmc.momentum_distribution(
            psi, walkers, gas.cell, key=jax.random.key(4), particles=5, waves=9, twist=asked
        )


def test_another_cell_than_that_of_the_state_is_refused():
    gas, psi, walkers = free_electrons()
    other = pm.vmc.Cell(tuple(1.1 * length for length in gas.cell.lengths))
    with pytest.raises(pm.errors.ConfigurationError, match="is it the cell of ψ"):
        pm.vmc.momentum_distribution(
            psi, walkers, other, key=jax.random.key(4), particles=5, waves=9
        )


@pytest.mark.parametrize("twist", [None, (0.1, 0.25)], ids=str)
def test_the_density_matrix_of_free_electrons_is_the_mean_of_their_waves(twist):
    """``ρ(s) = Σ_k J₀(k s)/N`` over the occupied waves of a plane, averaged within a shell."""
    gas, psi, walkers = free_electrons(twist)
    found = pm.vmc.one_body_density_matrix(
        psi, walkers, gas.cell, key=jax.random.key(4), particles=5, bins=8
    )
    side = gas.cell.lengths[0]
    edges = np.linspace(0, side / 2, 9)
    np.testing.assert_allclose(found.at, (edges[1:] + edges[:-1]) / 2)
    wave = np.linalg.norm(gas.occupied(5), axis=1)
    inside = np.linspace(edges[:-1], edges[1:], 101)[..., None]
    expected = j0(wave * inside).mean(axis=(0, 2))
    assert np.all(np.abs(found.values - expected) < 4 * found.errors + 1e-3)
    assert np.all(found.errors < 0.2) and found.errors[0] < 0.05
    assert found.sum_rule.holds and found.sum_rule.high == 1.0


def test_a_flat_state_is_a_condensate():
    """ψ = 1: all N particles without momentum, exactly for k = 0, and none beside it."""
    cell = pm.vmc.Cell((2.0, 3.0))
    walkers = np.random.default_rng(0).uniform(size=(2, 500, 4, 2)) * cell.lengths
    flat = lambda x: pm.vmc.SignedLog(0.0 * jnp.sum(x), jnp.ones(()))
    found = pm.vmc.momentum_distribution(
        flat, walkers, cell, key=jax.random.key(0), particles=4, waves=5
    )
    assert found.values[0] == pytest.approx(4.0)
    assert np.all(np.abs(found.values[1:]) < 4 * found.errors[1:])
    far = pm.vmc.one_body_density_matrix(flat, walkers, cell, key=jax.random.key(0), particles=4)
    np.testing.assert_allclose(far.values, 1.0)
    with pytest.raises(pm.errors.ConfigurationError, match=r"bins: expected 1 to 250.* got 300"):
        pm.vmc.one_body_density_matrix(
            flat, walkers, cell, key=jax.random.key(0), particles=4, bins=300
        )


def test_a_sign_is_asked_for():
    """By ``log|ψ|`` alone momenta would be those of bosons; a positive ψ is said to be one."""
    gas, psi, walkers = free_electrons()
    options = {"key": jax.random.key(0), "particles": 5}
    for measure in (pm.vmc.momentum_distribution, pm.vmc.one_body_density_matrix):
        with pytest.raises(pm.errors.ConfigurationError, match="psi: expected a ψ with its sign"):
            measure(lambda x: psi(x).log, walkers, gas.cell, **options)
    flat = pm.vmc.Psi(lambda x: 0.0 * jnp.sum(x))
    found = pm.vmc.one_body_density_matrix(flat, walkers, gas.cell, bins=2, **options)
    np.testing.assert_allclose(found.values, 1.0)


def test_walkers_must_fit():
    flat = lambda x: pm.vmc.SignedLog(0.0 * jnp.sum(x), jnp.ones(()))
    for shape, particles in [((3, 4, 2), 1), ((1, 3, 4, 3), 1), ((1, 3, 4, 2), 5)]:
        with pytest.raises(pm.errors.ShapeError, match=r"expected \(snapshots, walkers, N, 2\)"):
            pm.vmc.momentum_distribution(
                flat,
                np.ones(shape),
                pm.vmc.Cell((1.0, 1.0)),
                key=jax.random.key(0),
                particles=particles,
            )
