"""Occupations of plane waves: the step of free fermions, and a boson's condensate."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm


@pytest.mark.parametrize("twist", [None, (0.0, 0.0)], ids=["real", "complex"])
def test_free_electrons_fill_their_waves(twist):
    """1 for the occupied shells, 0 beyond: 4σ. Walkers drawn from the determinant itself."""
    gas = pm.ElectronGas(n_up=5, n_down=0, rs=1.0, dimension=2, twist=twist)
    psi = pm.Slater(gas)
    x = gas.walkers(jax.random.key(0), 1)[0]
    params = psi.init(jax.random.key(1), x)
    log_psi = lambda params, x: psi.apply(params, x).log
    start = lambda key: gas.walkers(key, 256)
    sampler = pm.metropolis(log_psi, start, sweeps=20, width=0.7, burn_in=5, wrap=gas.cell.wrap)
    state = sampler.init(jax.random.key(2), params)
    _, walkers, _ = jax.jit(sampler.sample)(jax.random.key(3), state, params)
    found = pm.momentum_distribution(
        lambda x: psi.apply(params, x),
        np.asarray(walkers)[None],
        gas.cell,
        key=jax.random.key(4),
        particles=5,
        waves=13,
    )
    side = gas.cell.lengths[0]
    np.testing.assert_allclose(found.at * side / (2 * np.pi), [0, 1, 2**0.5, 2], atol=1e-8)
    assert np.all(np.abs(found.values - [1, 1, 0, 0]) < 4 * found.errors)
    assert np.all(found.errors < 0.2)


def test_a_flat_state_is_a_condensate():
    """ψ = 1: all N particles without momentum, exactly for k = 0, and none beside it."""
    cell = pm.Cell((2.0, 3.0))
    walkers = np.random.default_rng(0).uniform(size=(2, 500, 4, 2)) * cell.lengths
    flat = lambda x: pm.SignedLog(0.0 * jnp.sum(x), jnp.ones(()))
    found = pm.momentum_distribution(
        flat, walkers, cell, key=jax.random.key(0), particles=4, waves=5
    )
    assert found.values[0] == pytest.approx(4.0)
    assert np.all(np.abs(found.values[1:]) < 4 * found.errors[1:])


def test_walkers_must_fit():
    flat = lambda x: pm.SignedLog(0.0 * jnp.sum(x), jnp.ones(()))
    for shape, particles in [((3, 4, 2), 1), ((1, 3, 4, 3), 1), ((1, 3, 4, 2), 5)]:
        with pytest.raises(pm.errors.ShapeError, match=r"expected \(snapshots, walkers, N, 2\)"):
            pm.momentum_distribution(
                flat,
                np.ones(shape),
                pm.Cell((1.0, 1.0)),
                key=jax.random.key(0),
                particles=particles,
            )
