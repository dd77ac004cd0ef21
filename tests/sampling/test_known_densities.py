"""Chains against numbers known otherwise: a correlated pair, a double well, a ring of spins."""

from __future__ import annotations

import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial
from scipy.integrate import quad

import physml as pm

# A normal pair of variances 1 and 4 and correlation 0.8, and a coordinate in a double well.
COVARIANCE = np.array([[1.0, 1.6], [1.6, 4.0]])
PRECISION = np.linalg.inv(COVARIANCE)
MEAN = np.array([1.0, -2.0])


def well(x):
    """``p ∝ exp(−2 (x² − 1)² + x/2)``: two wells, of which the right one is deeper."""
    return -2 * (x**2 - 1) ** 2 + 0.5 * x


def log_density(params, walker):
    away = walker["pair"] - MEAN
    return -0.5 * away @ jnp.asarray(PRECISION, away.dtype) @ away + well(walker["well"])


def start(key):
    return {"pair": jnp.zeros((200, 2)), "well": jnp.ones((200,))}


def chains(make, *, steps=250):
    """Chains of ``(steps, walkers)`` of a frozen sampler, after as many that adapt its width."""
    moves = partial(make, log_density, start)

    @jax.jit
    def advance(key, state, adapt):
        def step(state, key):
            state, walkers, metrics = moves(adapt=adapt).sample(key, state, None)
            return state, (walkers, metrics)

        return jax.lax.scan(step, state, jax.random.split(key, steps))

    state, _ = advance(jax.random.key(0), moves().init(jax.random.key(1), None), True)
    return jax.tree.map(np.asarray, advance(jax.random.key(2), state, False)[1])


@pytest.mark.parametrize(
    ("make", "window"),
    [
        (pm.metropolis, (0.45, 0.60)),
        (pm.langevin, (0.50, 0.67)),
        (partial(pm.sampling.hamiltonian, leapfrogs=8), (0.50, 0.75)),
    ],
    ids=["metropolis", "langevin", "hamiltonian"],
)
def test_moments_of_a_pair_and_a_double_well(make, window):
    """Means and covariances to 4 blocked error bars; walkers are pytrees, and start far away."""
    walkers, metrics = chains(make)
    x, y, z = walkers["pair"][..., 0], walkers["pair"][..., 1], walkers["well"]
    weight = lambda power: quad(lambda t: t**power * np.exp(well(t)), -4, 4)[0]
    norm = weight(0)
    for samples, exact in (
        (x, 1.0),
        (y, -2.0),
        ((x - 1) ** 2, 1.0),
        ((y + 2) ** 2, 4.0),
        ((x - 1) * (y + 2), 1.6),
        (z, weight(1) / norm),
        (z**2, weight(2) / norm),
        (x * z, weight(1) / norm),
    ):
        found = pm.sampling.estimate(samples)
        assert found.converged and found.error < 0.1
        assert abs(found.mean - exact) < 4 * found.error
    assert window[0] < metrics["acceptance"].mean() < window[1]
    assert np.ptp(metrics["width"]) == 0


def test_trajectories_forget_sooner_in_many_dimensions():
    """Of a normal density in 20 dimensions with scales from 1 to 10, at as many gradients."""
    scales = jnp.linspace(1, 10, 20)
    log_density = lambda params, x: -0.5 * jnp.sum((x / scales) ** 2)
    taus = []
    start = lambda key: scales[None] * jax.random.normal(key, (30, 20))  # in equilibrium
    for make in (  # with the widths that they adapt to
        partial(pm.langevin, sweeps=10, width=1.57),
        partial(pm.sampling.hamiltonian, leapfrogs=10, sweeps=1, width=2.0),
    ):
        sampler = make(log_density, start, adapt=False)

        def step(state, key, sampler=sampler):
            state, x, _ = sampler.sample(key, state, None)
            return state, x[:, -1]

        keys, state = (
            jax.random.split(jax.random.key(1), 200),
            sampler.init(jax.random.key(0), None),
        )
        slowest = jax.jit(lambda state, keys=keys, step=step: jax.lax.scan(step, state, keys)[1])
        taus.append(pm.sampling.autocorrelation_time(slowest(state)))
    assert taus[1] < 0.5 * taus[0]


def test_trajectories_of_a_harmonic_well_do_not_come_back_for_ever():
    """Ten leapfrogs that turn the phase by π/5 are a whole period: not all are as long."""
    sampler = pm.sampling.hamiltonian(
        lambda params, x: -0.5 * x**2,
        lambda key: jnp.full((4000,), 3.0),
        width=2 * np.sin(np.pi / 10),  # by 2 arcsin(w/2)
        sweeps=20,
        adapt=False,
    )
    state = sampler.init(jax.random.key(0), None)
    x = np.asarray(jax.jit(sampler.sample)(jax.random.key(1), state, None)[1])
    assert abs(x.mean()) < 4 / 4000**0.5 and abs(x.var() - 1) < 5 * (2 / 4000) ** 0.5


def test_gibbs_draws_a_ring_of_six_spins():
    """Even sites given odd ones, then the reverse: χ² of 63 over all 64 configurations."""
    coupling, field, n = 0.6, 0.2, 20_000

    def resample(key, s, params):
        for parity, key_of in enumerate(jax.random.split(key)):
            around = coupling * (jnp.roll(s, 1) + jnp.roll(s, -1)) + field
            up = jax.random.bernoulli(key_of, jax.nn.sigmoid(2 * around))
            s = jnp.where(jnp.arange(6) % 2 == parity, jnp.where(up, 1, -1), s)
        return s

    start = lambda key: jnp.ones((n, 6), jnp.int32)
    sampler = pm.sampling.gibbs(resample, start, sweeps=30)
    state = sampler.init(jax.random.key(0), None)
    _, spins, metrics = jax.jit(sampler.sample)(jax.random.key(1), state, None)
    all_spins = np.array(list(itertools.product([-1, 1], repeat=6)))
    energy = coupling * np.sum(all_spins * np.roll(all_spins, 1, axis=1), axis=1)
    weight = np.exp(energy + field * all_spins.sum(axis=1))
    expected = n * weight / weight.sum()
    counts = np.bincount((np.asarray(spins) > 0) @ 2 ** np.arange(5, -1, -1), minlength=64)
    assert np.sum((counts - expected) ** 2 / expected) < 63 + 5 * (2 * 63) ** 0.5
    assert float(metrics["moved"]) > 0.5


@pytest.mark.slow
def test_a_walker_without_a_density_finds_its_way_out():
    """Where ln p is no number or −∞ a walker moves freely, and is never entered again."""

    def half(params, x):
        return jnp.where(x > 0, -x, jnp.where(x > -1, jnp.nan, -jnp.inf))

    for make in (pm.metropolis, pm.langevin, pm.sampling.hamiltonian):
        sampler = make(half, lambda key: jnp.linspace(-1.5, 1, 50), width=1.0, burn_in=20)
        state = jax.jit(sampler.init)(jax.random.key(0), None)
        assert float(state.walkers.min()) > 0


@pytest.mark.parametrize("make", [pm.metropolis, pm.langevin, pm.sampling.hamiltonian])
def test_data_of_a_log_density_are_arguments(make):
    """A posterior's data, in a ``Partial``, are leaves of the sampler and not its constants."""
    data = jnp.arange(100.0)
    posterior = Partial(lambda data, params, x: -0.5 * jnp.sum((data - x) ** 2), data)
    sampler = make(posterior, lambda key: jnp.zeros((8,)))
    assert any(leaf is data for leaf in jax.tree.leaves(sampler))
    sample = jax.tree.map(lambda leaf: leaf, sampler.sample)
    leaves, structure = jax.tree.flatten(sample)

    def step(leaves, key, state):
        return jax.tree.unflatten(structure, leaves)(key, state, None)

    arrays = [leaf for leaf in leaves if isinstance(leaf, jax.Array)]
    assert len(arrays) == 1
    state = sampler.init(jax.random.key(0), None)
    traced = jax.make_jaxpr(lambda data: step([data], jax.random.key(1), state))(data)
    assert all(const.size < 100 for const in map(jnp.asarray, traced.consts))


@pytest.mark.parametrize(
    ("walkers", "message"),
    [
        (jnp.ones((4, 2), jnp.int32), "walkers: expected real floating-point numbers, got int32"),
        (jnp.ones((4, 2), complex), "walkers: expected real floating-point numbers, got complex"),
        (jnp.ones(()), r"walkers: expected arrays with one leading axis .*, got shapes \(\)"),
        ({"a": jnp.ones((4,)), "b": jnp.ones((3,))}, r"got shapes \(4,\), \(3,\)"),
        ({}, "got shapes of none"),
    ],
)
def test_walkers_that_cannot_be_moved_are_refused(walkers, message):
    sampler = pm.metropolis(lambda params, x: 0.0, lambda key: walkers)
    with pytest.raises(pm.errors.ShapeError, match=message):
        sampler.init(jax.random.key(0), None)


def test_a_wave_function_in_place_of_its_density_is_refused():
    """It would be sampled as ``|ψ|`` without a word."""
    psi = pm.vmc.Psi(lambda params, x: -jnp.sum(x**2))
    for make in (
        pm.metropolis,
        pm.langevin,
        pm.sampling.hamiltonian,
        pm.sampling.metropolis_one_electron,
        pm.sampling.spin_metropolis,
    ):
        with pytest.raises(pm.errors.ConfigurationError, match=r"vmc\.log_density\(log_psi\)"):
            make(psi, lambda key: jnp.ones((3, 1, 1)))


def test_spins_of_another_alphabet_are_refused():
    flips = pm.sampling.spin_metropolis(lambda params, s: 0.0, lambda key: jnp.zeros((3, 4, 1)))
    with pytest.raises(pm.errors.ShapeError, match=r"expected spins ±1, got entries such as \[0"):
        flips.init(jax.random.key(0), None)


def test_occupations_exchange_like_spins():
    """Two particles on four sites, as 0 and 1: every one of the six places, equally often."""
    start = lambda key: jnp.tile(jnp.array([0.0, 0.0, 1.0, 1.0]), (6000, 1))
    sampler = pm.sampling.spin_metropolis(
        lambda params, s: 0.0 * jnp.sum(s), start, propose=pm.sampling.exchange, sweeps=10
    )
    state = sampler.init(jax.random.key(0), None)
    _, sites, _ = jax.jit(sampler.sample)(jax.random.key(1), state, None)
    assert np.all(np.asarray(sites).sum(axis=1) == 2)
    counts = np.bincount(np.asarray(sites, int) @ 2 ** np.arange(4))
    counts = counts[counts > 0]
    assert len(counts) == 6 and np.sum((counts - 1000) ** 2 / 1000) < 5 + 5 * 10**0.5


@pytest.mark.parametrize(
    "made",
    [lambda x: x[:1], lambda x: x.astype(jnp.float32), lambda x: {"x": x}],
    ids=["shape", "type", "tree"],
)
def test_a_resampled_walker_is_like_the_one_before(made):
    sampler = pm.sampling.gibbs(lambda key, x, params: made(x), lambda key: jnp.ones((3, 2)))
    with pytest.raises(pm.errors.ShapeError, match="resample: expected a walker of the shapes"):
        sampler.sample(jax.random.key(0), sampler.init(jax.random.key(0), None), None)


def test_options_out_of_range_are_named():
    start = lambda key: jnp.ones((3, 2))
    for make, message in (
        (lambda: pm.sampling.hamiltonian(None, start, leapfrogs=0), "leapfrogs: expected at"),
        (lambda: pm.sampling.hamiltonian(None, start, width=-1.0), "width: expected a length"),
        (lambda: pm.sampling.gibbs(None, start, sweeps=0), "sweeps: expected at least 1"),
        (lambda: pm.sampling.ancestral(None, size=0), "size: expected at least 1"),
    ):
        with pytest.raises(pm.errors.ConfigurationError, match=message):
            make()
