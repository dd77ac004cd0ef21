"""Boltzmann machines: their free energies against sums over hidden units, their sampling exact."""

from __future__ import annotations

import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from physml.errors import ConfigurationError
from physml.networks import BoltzmannMachine, RestrictedBoltzmannMachine, UnitEnergy

KEY = jax.random.key(0)
N, M = 3, 2


class Ring(UnitEnergy):
    """A class of one's own, which has an energy and nothing else."""

    @nn.compact
    def __call__(self, v):
        flat = jnp.ravel(v)
        return -jnp.sum(self.param("J", nn.initializers.zeros, (N,)) * flat * jnp.roll(flat, 1))


def machines(spins):
    return {
        "restricted": RestrictedBoltzmannMachine(hidden=M, spins=spins),
        "without biases": RestrictedBoltzmannMachine(hidden=M, spins=spins, bias=False),
        "visible": BoltzmannMachine(spins=spins),
        "own": Ring(spins=spins),
    }


def params_of(network):
    first = network.init(KEY, jnp.ones(N))
    return jax.tree.map(lambda x: x + 0.7 * jnp.sin(1 + jnp.arange(x.size)).reshape(x.shape), first)


def states(n, low):
    return np.array(list(itertools.product((low, 1.0), repeat=n)))


EVERY = pytest.mark.parametrize("name", machines(True))
BOTH = pytest.mark.parametrize("spins", [True, False])


def pairs(*fast):
    """Every machine of either kind of units, all but some with the slow tests."""
    every = [(name, spins) for name in machines(True) for spins in (True, False)]
    cases = [
        pytest.param(*one, marks=() if one in fast else pytest.mark.slow, id=f"{one[0]} {one[1]}")
        for one in every
    ]
    return pytest.mark.parametrize(("name", "spins"), cases)


@BOTH
@pytest.mark.parametrize("bias", [True, False])
def test_a_free_energy_is_a_sum_over_hidden_units(spins, bias):
    network = RestrictedBoltzmannMachine(hidden=M, spins=spins, bias=bias)
    params = params_of(network)
    w, a, b = (
        np.asarray(params["params"].get(name, 0)) for name in ("weights", "visible", "hidden")
    )
    for v in states(N, network.low):
        terms = [np.sum(a * v) + np.sum(b * h) + v @ w @ h for h in states(M, network.low)]
        found = network.apply(params, jnp.asarray(v))
        np.testing.assert_allclose(found, -np.log(np.sum(np.exp(terms))), rtol=1e-12)


@BOTH
def test_pairs_are_counted_once(spins):
    network = BoltzmannMachine(spins=spins)
    params = params_of(network)
    J = np.zeros((N, N))
    J[np.triu_indices(N, 1)] = params["params"]["couplings"]
    for v in states(N, network.low):
        energy = -sum(J[i, j] * v[i] * v[j] for j in range(N) for i in range(j))
        found = network.apply(params, jnp.asarray(v).reshape(1, N))
        np.testing.assert_allclose(found, energy - params["params"]["visible"] @ v, rtol=1e-12)


@pairs(("restricted", True), ("restricted", False), ("visible", False), ("own", True))
def test_a_sweep_leaves_the_density_as_it_is(name, spins):
    """Of 8,000 exact samples, by Pearson's test of eight states at one in a thousand."""
    from scipy import stats

    network, n = machines(spins)[name], 8000
    params, all_of = params_of(network), states(N, network.low)
    p = np.array(jax.nn.softmax(-jax.vmap(lambda v: network.apply(params, v))(jnp.array(all_of))))
    start = jnp.asarray(all_of[np.random.default_rng(0).choice(8, n, p=p / p.sum())])
    move = jax.jit(jax.vmap(lambda key, v: network.resample(params, key, v)))
    after = np.asarray(move(jax.random.split(KEY, n), start))
    assert set(np.unique(after)) == {network.low, 1.0} and after.dtype == start.dtype
    assert np.mean(np.any(after != start, axis=1)) > 0.2
    counts = [np.sum(np.all(after == v, axis=1)) for v in all_of]
    assert stats.chisquare(counts, n * p / p.sum()).pvalue > 1e-3


@pairs(("restricted", True), ("without biases", False))
def test_a_layer_sums_up_to_the_same(name, spins):
    network = machines(spins)[name]
    params, energy = params_of(network), lambda v: network.apply(params, v)
    visible = np.asarray(jax.vmap(energy)(jnp.asarray(states(N, network.low))))
    layer = network.layer(params, (N,))
    assert layer.units == (M if name in ("restricted", "without biases") else N)
    of_layer = jax.vmap(layer.free_energy)(jnp.asarray(states(layer.units, network.low)))
    np.testing.assert_allclose(
        jax.nn.logsumexp(-of_layer), np.log(np.sum(np.exp(-visible))), rtol=1e-12
    )


@EVERY
def test_units_without_couplings_do_not_see_one_another(name):
    network = machines(True)[name]
    base = network.independent(params_of(network))
    F = lambda *v: float(network.apply(base, jnp.array(v, float)))
    assert F(1, 1, -1) + F(-1, -1, -1) == pytest.approx(F(1, -1, -1) + F(-1, 1, -1))


def test_first_biases_are_the_odds_of_units_alone():
    for spins in (True, False):
        network = RestrictedBoltzmannMachine(hidden=M, spins=spins, spread=0.0)
        means = jnp.array([0.2, 0.5, 0.9])
        params = network.begun(network.init(KEY, jnp.ones(N)), means)
        v = jnp.asarray(states(N, network.low))
        p = jax.nn.softmax(-jax.vmap(partial(network.apply, params))(v))
        np.testing.assert_allclose(p @ (v > 0), means, rtol=1e-12)
    bare = RestrictedBoltzmannMachine(hidden=M, bias=False)
    params = bare.init(KEY, jnp.ones(N))
    assert bare.begun(params, means) is params


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RestrictedBoltzmannMachine(hidden=0), "expected"),
        (lambda: RestrictedBoltzmannMachine(hidden=2.5), "expected"),
        (lambda: RestrictedBoltzmannMachine(spread=-1.0), "spread"),
    ],
)
def test_what_is_no_machine_is_refused(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make()
