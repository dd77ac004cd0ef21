"""Slater determinants times a restricted Boltzmann machine."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

DOT = pm.QuantumDot(n_up=3, n_down=3)


def state(hidden=3):
    psi = pm.vmc.SlaterRBM(DOT, hidden=hidden)
    x = jax.random.normal(jax.random.key(0), DOT.shape)
    return psi, psi.init(jax.random.key(1), x), x


def test_it_is_the_product_of_its_factors():
    """The factor beside the determinants, from its formula with numpy."""
    psi, params, x = state()
    slater = pm.vmc.Slater(DOT)
    alone = slater.apply({"params": params["params"]["slater"]}, x)
    found = psi.apply(params, x)
    own = {name: np.asarray(value) for name, value in params["params"].items() if name != "slater"}
    seen = own["bias"].copy()
    for i, place in enumerate(np.asarray(x)):
        seen += own["kernel"][0 if i < 3 else 1] @ place / DOT.length
    np.testing.assert_allclose(found.log - alone.log, np.log1p(np.exp(seen)).sum(), rtol=1e-10)
    assert found.sign == alone.sign


def test_exchange_of_like_electrons_changes_the_sign_alone():
    psi, params, x = state()
    before = psi.apply(params, x)
    for i, j in ((0, 2), (3, 5)):
        after = psi.apply(params, x.at[jnp.array([i, j])].set(x[jnp.array([j, i])]))
        np.testing.assert_allclose(after.log, before.log, rtol=1e-12)
        assert after.sign == -before.sign


def test_what_does_not_fit_is_named():
    with pytest.raises(pm.errors.ConfigurationError, match="hidden: expected at least 1, got 0"):
        pm.vmc.SlaterRBM(DOT, hidden=0).init(jax.random.key(0), jnp.ones(DOT.shape))
    gas = pm.vmc.ElectronGas(n_up=7, n_down=7, rs=2.0)
    with pytest.raises(pm.errors.ConfigurationError, match="open space, got"):
        pm.vmc.SlaterRBM(gas).init(jax.random.key(0), jnp.ones(gas.shape))
