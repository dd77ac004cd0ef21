"""Jumps between wells far apart: an exact distribution is kept, reached, and reached in balance."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.sampling.jumps import hop, swap, with_jumps

WELLS = np.array([[0.0, 0.0], [40.0, 0.0], [0.0, 60.0]])
VECTORS = np.array([b - a for a in WELLS for b in WELLS if not np.array_equal(a, b)])
# Of two particles in three wells, p(s₁, s₂): all different, and none of them zero.
WEIGHTS = np.array([[0.02, 0.20, 0.05], [0.25, 0.03, 0.10], [0.15, 0.12, 0.08]])
WIDTH = 0.7


def log_density(params, x):
    """With the chance ``p(s₁, s₂)`` normal about the wells s₁ and s₂."""
    square = jnp.sum((x[:, None] - WELLS[None]) ** 2, axis=-1) / (2 * WIDTH**2)
    return jax.nn.logsumexp(jnp.log(WEIGHTS) - square[0][:, None] - square[1][None])


def drawn(key, count, weights):
    """Walkers of that density, exactly."""
    key_wells, key_place = jax.random.split(key)
    state = jax.random.choice(key_wells, 9, (count,), p=jnp.asarray(weights.ravel()))
    centres = jnp.asarray(WELLS)[jnp.stack([state // 3, state % 3], axis=1)]
    return centres + WIDTH * jax.random.normal(key_place, (count, 2, 2))


def wells(walkers):
    """The number of the assignment, ``3 s₁ + s₂``."""
    near = np.argmin(np.linalg.norm(np.asarray(walkers)[:, :, None] - WELLS, axis=-1), axis=-1)
    return 3 * near[:, 0] + near[:, 1]


@pytest.mark.parametrize("jump", [hop(VECTORS), swap(1)], ids=["hop", "swap"])
def test_a_jump_is_in_detailed_balance(jump):
    """Of 40,000 walkers as many go from one assignment to another as come back.

    χ² = Σ (n_ij − n_ji)²/(n_ij + n_ji) over pairs has their number for a mean, and a deviation of
    its root times √2.
    """
    start = partial(drawn, count=40_000, weights=WEIGHTS)
    still = lambda **options: pm.metropolis(log_density, start, width=1e-9, sweeps=1, **options)
    sampler = with_jumps(still, log_density, [jump])(adapt=False)
    state = sampler.init(jax.random.key(0), None)
    before = wells(state.walkers)
    _, walkers, metrics = jax.jit(sampler.sample)(jax.random.key(1), state, None)
    flow = np.zeros((9, 9))
    np.add.at(flow, (before, wells(walkers)), 1)
    first, second = np.triu_indices(9, k=1)
    there, back = flow[first, second], flow[second, first]
    seen = there + back > 50
    assert seen.sum() >= 3 and (there + back)[~seen].sum() == 0
    chi = np.sum((there - back)[seen] ** 2 / (there + back)[seen])
    assert chi < seen.sum() + 5 * (2 * seen.sum()) ** 0.5
    assert 0.05 < float(metrics["jumps"]) < 0.95


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [pm.metropolis, pm.sampling.metropolis_one_electron, pm.langevin],
    ids=lambda make: make.__name__,
)
def test_wells_are_filled_by_their_weights(make):
    """All walkers start in one assignment, which no other move leaves: χ² of 8, and 5 deviations.

    Distances within a well stay as they are: ``⟨|x − R|²⟩ = 2 σ²`` of each particle, ± 4/√n of it.
    """
    n, first = 5_000, np.eye(9)[0].reshape(3, 3)
    jumps = [hop(VECTORS), swap(1)]
    moves = partial(make, log_density, partial(drawn, count=n, weights=first), sweeps=1)
    still = moves().init(jax.random.key(2), None)
    assert set(wells(moves(burn_in=10).init(jax.random.key(2), None).walkers)) == {0}
    assert set(wells(still.walkers)) == {0}
    state = with_jumps(moves, log_density, jumps)(burn_in=40).init(jax.random.key(2), None)
    counts = np.bincount(wells(state.walkers), minlength=9)
    expected = n * WEIGHTS.ravel()
    assert np.sum((counts - expected) ** 2 / expected) < 8 + 5 * 4
    square = np.min(np.sum((np.asarray(state.walkers)[:, :, None] - WELLS) ** 2, axis=-1), axis=-1)
    np.testing.assert_allclose(square.mean(), 2 * WIDTH**2, rtol=4 / (2 * n) ** 0.5)


def test_jumps_keep_single_precision():
    with jax.enable_x64(False):
        start = lambda key: jax.random.normal(key, (20, 2, 2))
        moves = partial(pm.metropolis, log_density, start)
        sampler = with_jumps(moves, log_density, [hop(VECTORS), swap(1)])()
        state = jax.eval_shape(sampler.init, jax.random.key(0), None)
        made = jax.eval_shape(sampler.sample, jax.random.key(0), state, None)
        assert {leaf.dtype for leaf in jax.tree.leaves((state, made))} == {jnp.dtype(jnp.float32)}
