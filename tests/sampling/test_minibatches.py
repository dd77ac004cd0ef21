"""Data in epochs: each once, in an order of its own, by a state that holds none of them."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm
from physml.sampling.shuffle import items_at
from physml.train.data_arguments import split


def indices(sampler, count, state=None):
    """The batches of so many steps, and the state after them."""
    state = sampler.init(jax.random.key(0), None) if state is None else state
    step, found, epochs = jax.jit(sampler.sample), [], []
    for i in range(count):
        state, batch, metrics = step(jax.random.key(i), state, None)
        found.append(np.asarray(batch))
        epochs.append(int(metrics["epoch"]))
    return np.array(found), epochs, state


@pytest.mark.parametrize(("n", "size"), [(12, 4), (10, 4), (7, 7), (5, 1), (11, 10)])
def test_each_datum_comes_once_an_epoch(n, size):
    """Whether or not the size divides the number: draws 1 to n, n + 1 to 2n, ... are all data."""
    sampler = pm.sampling.minibatches(np.arange(n), size=size)
    found, epochs, state = indices(sampler, 3 * n)
    for epoch in found.reshape(-1)[: 3 * n * size].reshape(-1, n):
        assert sorted(epoch) == list(range(n))
    assert epochs == [i * size // n for i in range(3 * n)]
    assert (int(state.epoch), int(state.position)) == (3 * size, 0)


def test_epochs_and_seeds_have_orders_of_their_own():
    sampler = pm.sampling.minibatches(np.arange(50), size=25)
    found, _, _ = indices(sampler, 6)
    other, _, _ = indices(sampler, 2, sampler.init(jax.random.key(1), None))
    orders = [*found.reshape(3, 50), other.ravel()]
    assert all((a != b).sum() > 40 for i, a in enumerate(orders) for b in orders[:i])


def test_whole_epochs_keep_their_order():
    """So that weights one a sample, which an objective has as an array, are those of theirs."""
    found, epochs, _ = indices(pm.sampling.minibatches(np.arange(7), size=7), 3)
    np.testing.assert_array_equal(found, [np.arange(7)] * 3)
    assert epochs == [0, 1, 2]


def test_all_orders_are_equally_likely():
    """Of four items χ² of 23; of seven, whose parity is that of a coin; 5 deviations each."""
    keys = jax.random.split(jax.random.key(0), 20_000)
    order = lambda n: np.asarray(
        jax.jit(jax.vmap(lambda key: items_at(key, jnp.arange(n), n)))(keys)
    )
    four = order(4) @ 4 ** np.arange(4)
    _, counts = np.unique(four, return_counts=True)
    expected = len(keys) / 24
    assert len(counts) == 24
    assert np.sum((counts - expected) ** 2 / expected) < 23 + 5 * 46**0.5
    seven = order(7)
    first, second = np.triu_indices(7, k=1)
    odd = np.sum(seven[:, first] > seven[:, second], axis=1) % 2
    assert abs(odd.mean() - 0.5) < 5 * 0.5 / len(keys) ** 0.5


def test_a_large_order_is_one_to_one():
    n = 100_003
    found = jax.jit(lambda key: items_at(key, jnp.arange(n), n))(jax.random.key(3))
    np.testing.assert_array_equal(np.sort(found), np.arange(n))
    # Neighbours of an order that is random are unrelated: a correlation below 5/√n.
    assert abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 5 / n**0.5


def test_data_are_arguments_and_the_state_is_a_key_and_two_numbers():
    data = {"x": np.ones((1000, 8)), "y": np.arange(1000)}
    sampler = pm.sampling.minibatches(data, size=10)
    arrays, _ = split(sampler)
    assert sorted(array.size for array in arrays) == [1000, 8000]
    state = sampler.init(jax.random.key(0), None)
    assert sum(leaf.size for leaf in jax.tree.leaves(state)) == 3


@pytest.mark.slow
def test_a_fit_stopped_within_an_epoch_resumes_to_the_same_bits(tmp_path):
    """With noise beside the data, and the key of a dropout for each sample."""
    x = np.linspace(-1, 1, 10)
    data = pm.sampling.minibatches((x, 2 * x), size=4)

    def noisy(key, batch):
        return {"line": (*batch, jax.random.split(key, 4))}

    def row(params, sample):
        x, y, key = sample
        return params * x * jax.random.bernoulli(key, 0.9) - y

    objective, sampler = pm.least_squares({"line": row}), pm.sampling.with_noise(data, noisy)

    def fitted(steps, run=None):
        options = {"steps": steps, "key": jax.random.key(0), "run": run}
        return pm.fit(objective, sampler, optax.sgd(0.1), jnp.array(0.0), **options)

    whole = fitted(7)
    with pm.Run.create(tmp_path / "run") as run:
        fitted(3, run)
    with pm.Run.reopen(tmp_path / "run") as run:
        resumed = fitted(7, run)
    np.testing.assert_array_equal(resumed.params, whole.params)
    np.testing.assert_array_equal(resumed.history["loss"], whole.history["loss"])
    assert whole.history["epoch"].tolist() == [0, 0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((np.ones(3), np.ones(4)), r"one leading axis, .* got shapes \(3,\), \(4,\)"),
        (np.ones(()), r"got shapes \(\)"),
        ({}, "got shapes of none"),
        (np.ones((0, 2)), r"got shapes \(0, 2\)"),
        (np.array(["a", "b"]), "data: expected arrays of numbers, got <U1"),
        (np.ma.array([1.0, -9999.0], mask=[False, True]), "got 1 of 2 entries masked"),
    ],
)
def test_data_that_cannot_be_meant_are_refused(data, message):
    with pytest.raises(pm.errors.ShapeError, match=message):
        pm.sampling.minibatches(data, size=1)


@pytest.mark.parametrize("size", [0, 4])
def test_a_size_beyond_the_data_is_refused(size):
    with pytest.raises(pm.errors.ConfigurationError, match=f"size: expected from 1 to 3.*{size}"):
        pm.sampling.minibatches(np.ones(3), size=size)


def test_samplers_together_do_not_depend_on_the_order_of_their_names():
    parts = {
        name: pm.drawn(lambda key, params: jax.random.normal(key, (3,)), every=1) for name in "ab"
    }
    both, swapped = (
        pm.sampling.together({name: parts[name] for name in names}) for names in ("ab", "ba")
    )
    first, second = (s.init(jax.random.key(0), None) for s in (both, swapped))
    assert not np.array_equal(first["a"].batch, first["b"].batch)
    np.testing.assert_array_equal(first["a"].batch, second["a"].batch)


@pytest.mark.parametrize("samplers", [{}, {"a": 1}, {1: pm.fixed(np.ones(1))}])
def test_together_takes_samplers_by_names(samplers):
    with pytest.raises(pm.errors.ConfigurationError, match="samplers: expected"):
        pm.sampling.together(samplers)


def test_together_keeps_data_as_arguments():
    sampler = pm.sampling.together({"a": pm.fixed(np.ones(5)), "b": pm.fixed(np.zeros(6))})
    assert sorted(array.size for array in split(sampler)[0]) == [5, 6]
