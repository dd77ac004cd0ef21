"""Networks for identical bosons, and the two exactly known gases that they describe."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

import physml as pm


@pytest.mark.slow
def test_the_order_of_the_particles_does_not_matter():
    network = pm.vmc.DeepSet((8, 8))
    x = jax.random.normal(jax.random.key(0), (5, 3))
    params = network.init(jax.random.key(1), x)
    value = network.apply(params, x)
    assert value.shape == ()
    for order in ([1, 0, 2, 3, 4], [4, 2, 0, 1, 3]):
        np.testing.assert_allclose(network.apply(params, x[np.array(order)]), value, rtol=1e-12)


@pytest.mark.slow
def test_calogero_s_gas_is_found_to_a_thousandth():
    """22.5 for five particles at β = 2, from a trap that starts too wide (28.1)."""
    entry = pm.vmc.SYSTEMS["calogero"]
    recipe = replace(entry.recipe, walkers=256, steps=80, measurements=50)
    state = entry.solve(entry.subject, recipe, key=jax.random.key(0))
    assert abs(state.energy.mean - 22.5) < 0.02
    assert state.variance < 0.01
