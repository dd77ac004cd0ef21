"""Samplers of batches: when they draw, from what, and that nothing else depends on it."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm


def batches(sampler, count, params=None):
    """The batches of so many steps, as ``fit`` would ask for them."""
    state, found = sampler.init(jax.random.key(0), params), []
    step = jax.jit(sampler.sample)
    for i in range(count):
        state, batch, metrics = step(jax.random.fold_in(jax.random.key(1), i), state, params)
        assert metrics == {}
        found.append(batch)
    return found


def test_the_start_of_a_fixed_batch_is_the_constant_that_stored_runs_know():
    """A zero made in the program is another program, and runs of before would not be resumed."""
    program = jax.make_jaxpr(pm.fixed(jnp.ones(3)).init)(jax.random.key(0), None)
    assert len(program.consts) == 1 and not program.jaxpr.eqns


def test_a_fixed_batch_stays():
    data = {"a": jnp.arange(3.0), "b": jnp.ones((2, 2))}
    for batch in batches(pm.fixed(data), 3):
        jax.tree.map(np.testing.assert_array_equal, batch, data)


def test_a_batch_with_a_mask_is_refused():
    """Of which what lies under the mask would be trained on."""
    hidden = np.ma.array([1.0, -9999.0], mask=[False, True])
    with pytest.raises(pm.errors.ShapeError, match=r"batch: .* got 1 of 2 entries masked"):
        pm.fixed({"data": hidden})


def test_draws_lie_on_a_grid_counted_from_step_zero():
    found = batches(pm.drawn(lambda key, params: jax.random.normal(key, (4,)), every=3), 10)
    changes = [i for i in range(1, 10) if not np.array_equal(found[i], found[i - 1])]
    assert changes == [3, 6, 9]


def test_later_draws_have_their_own_function_and_see_the_parameters():
    sampler = pm.drawn(
        lambda key, params: jnp.zeros(2), every=2, redraw=lambda key, params: params * jnp.ones(2)
    )
    found = batches(sampler, 4, params=jnp.array(7.0))
    np.testing.assert_array_equal(jnp.stack(found)[:, 0], [0.0, 0.0, 7.0, 7.0])


def test_a_resumed_sampler_goes_on_with_the_same_bits():
    sampler = pm.drawn(lambda key, params: jax.random.normal(key, (4,)), every=2)
    whole = batches(sampler, 6)
    state = sampler.init(jax.random.key(0), None)
    for i in range(6):
        if i == 3:  # what a checkpoint keeps
            state = jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf)), state)
        state, batch, _ = sampler.sample(jax.random.fold_in(jax.random.key(1), i), state, None)
        np.testing.assert_array_equal(batch, whole[i])


def test_a_period_below_one_is_refused():
    with pytest.raises(pm.errors.ConfigurationError, match="every: expected at least 1, got 0"):
        pm.drawn(lambda key, params: jnp.zeros(1), every=0)
