"""What every sampler keeps: one program, its state to the bit, precision, distribution."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.sampling.jumps import hop, with_jumps

N = 2000
SAMPLING = pm.sampling


class Case(NamedTuple):
    """A sampler of ``N`` numbers, by ``numbers(batch)``, whose mean and variance are known."""

    make: Callable[[], pm.Sampler]
    metrics: set[str]
    mean: float
    variance: float
    numbers: Callable[[Any], jax.Array] = lambda batch: batch.ravel()


def normal(params, x):
    """Mean 1 and variance ¼ of each coordinate."""
    return -2 * jnp.sum((x - 1) ** 2)


def chain(make, **options):
    """From far away, all at one place, by enough sweeps of one batch to forget it."""
    return partial(make, normal, lambda key: jnp.full((N, 1, 1), 4.0), **options)


def resample(key, x, params):
    """The conditionals of a normal pair of correlation ½."""
    for i, key_of in enumerate(jax.random.split(key)):
        x = x.at[i].set(0.5 * x[1 - i] + 0.75**0.5 * jax.random.normal(key_of))
    return x


GAUSSIAN = {"mean": 1.0, "variance": 0.25}
CHAIN = {"metrics": {"acceptance", "width"}, **GAUSSIAN}
DATA = np.random.default_rng(0).permutation(np.linspace(-1, 1, N))  # of variance ⅓ (1 + 2/(N − 1))
CASES = {
    "fixed": Case(lambda: pm.fixed(DATA), set(), 0.0, 1 / 3),
    "drawn": Case(
        lambda: pm.drawn(lambda key, params: jax.random.normal(key, (N,)), every=1), set(), 0.0, 1.0
    ),
    "minibatches": Case(lambda: SAMPLING.minibatches(DATA, size=N), {"epoch"}, 0.0, 1 / 3),
    "together": Case(
        lambda: SAMPLING.together(
            {
                "data": SAMPLING.minibatches(DATA, size=30),
                "walkers": chain(pm.metropolis, sweeps=150)(),
            }
        ),
        {"epoch/data", "acceptance/walkers", "width/walkers"},
        **GAUSSIAN,
        numbers=lambda batch: batch["walkers"].ravel(),
    ),
    "with_noise": Case(
        lambda: SAMPLING.with_noise(
            pm.fixed(DATA), lambda key, x: (x, 1 + 0.5 * jax.random.normal(key, x.shape))
        ),
        set(),
        **GAUSSIAN,
        numbers=lambda batch: batch[1],
    ),
    "ancestral": Case(
        lambda: SAMPLING.ancestral(lambda key, params: 1 + 0.5 * jax.random.normal(key), size=N),
        set(),
        **GAUSSIAN,
    ),
    "metropolis": Case(chain(pm.metropolis, sweeps=150), **CHAIN),
    "langevin": Case(chain(pm.langevin, sweeps=100), **CHAIN),
    "hamiltonian": Case(chain(SAMPLING.hamiltonian, sweeps=40), **CHAIN),
    "metropolis_one_electron": Case(chain(SAMPLING.metropolis_one_electron, sweeps=100), **CHAIN),
    "with_jumps": Case(
        lambda: with_jumps(
            chain(pm.metropolis, sweeps=150), normal, [hop(np.array([[1.5], [-1.5]]))]
        )(),
        {"acceptance", "width", "jumps"},
        **GAUSSIAN,
    ),
    "spin_metropolis": Case(
        lambda: SAMPLING.spin_metropolis(
            lambda params, s: 0.5 * jnp.sum(s), lambda key: jnp.ones((N, 1)), sweeps=20
        ),
        {"acceptance"},
        np.tanh(0.5),
        1 - np.tanh(0.5) ** 2,
    ),
    "ising_spins": Case(
        lambda: SAMPLING.ising_spins(0.2, lambda key: jnp.ones((N, 2, 2)), sweeps=15),
        {"cluster"},
        0.0,
        1.0,
        numbers=lambda batch: batch[:, 0, 0],
    ),
    "gibbs": Case(
        lambda: SAMPLING.gibbs(resample, lambda key: jnp.full((N, 2), 4.0), sweeps=20),
        {"moved"},
        0.0,
        1.0,
        numbers=lambda batch: batch[:, 0],
    ),
}
every = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def stored(state):
    """A state as a checkpoint brings it back."""

    def leaf(x):
        if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
            return jax.random.wrap_key_data(jnp.asarray(np.asarray(jax.random.key_data(x))))
        return jnp.asarray(np.asarray(x))

    return jax.tree.map(leaf, state)


def test_no_sampler_is_left_out():
    found = {name for name in SAMPLING.__all__ if returns_a_sampler(getattr(SAMPLING, name))}
    assert found == set(CASES) - {"with_jumps"}


def returns_a_sampler(member):
    return getattr(member, "__annotations__", {}).get("return") == "Sampler"


@every
def test_the_distribution_the_metrics_and_one_program(case):
    """Mean within 4σ and variance within 5 of ``√(2/N)``, more than normal numbers need.

    The second call compiles nothing, and a state that was stored goes on to the same bits.
    """
    sampler = case.make()
    chex.clear_trace_counter()
    traced = chex.assert_max_traces(lambda *of: sampler.sample(*of), n=1)
    step = jax.jit(traced)
    state, batch, metrics = step(jax.random.key(1), sampler.init(jax.random.key(0), None), None)
    assert set(metrics) == case.metrics
    assert all(value.shape == () for value in metrics.values())
    x = np.asarray(case.numbers(batch))
    assert x.size == N
    assert abs(x.mean() - case.mean) < 4 * (case.variance / N) ** 0.5
    assert abs(x.var() - case.variance) < 5 * (2 / N) ** 0.5 * case.variance
    after, again = (
        step(jax.random.key(2), state, None),
        step(jax.random.key(2), stored(state), None),
    )
    same = lambda a, b: np.testing.assert_array_equal(*map(bits, (a, b)))
    jax.tree.map(same, after, again)


def bits(leaf):
    keys = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(leaf) if keys else leaf)


@every
def test_precision_is_jax_s_own_and_keys_can_be_many(case):
    """Shapes and types alone: nothing is compiled."""
    keys = jax.random.split(jax.random.key(0), 3)

    def drawn(key, sampler):
        return sampler.sample(key, sampler.init(key, None), None)

    for doubles, dtype in ((False, jnp.dtype("float32")), (True, jnp.dtype("float64"))):
        with jax.enable_x64(doubles):
            sampler = case.make()
            one = jax.eval_shape(partial(drawn, sampler=sampler), keys[0])
            many = jax.eval_shape(jax.vmap(partial(drawn, sampler=sampler)), keys)
        kinds = {leaf.dtype for leaf in jax.tree.leaves(one[:2])}
        assert {kind for kind in kinds if jnp.issubdtype(kind, jnp.floating)} == {dtype}
        shapes = [(3, *leaf.shape) for leaf in jax.tree.leaves(one)]
        assert [leaf.shape for leaf in jax.tree.leaves(many)] == shapes
