"""Points of the unit cube, and which candidates a redraw keeps."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

POINTS = [pm.uniform, pm.sobol]


@pytest.mark.parametrize("points", POINTS)
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (1000, 2)])
def test_points_lie_in_the_half_open_cube_and_follow_the_key(points, shape):
    made = points(jax.random.key(0), *shape)
    assert made.shape == shape
    assert made.dtype == jnp.float64
    assert float(made.min()) >= 0.0
    assert float(made.max()) < 1.0
    np.testing.assert_array_equal(made, points(jax.random.key(0), *shape))
    assert not np.allclose(made, points(jax.random.key(1), *shape))


@pytest.mark.parametrize("points", POINTS)
def test_points_keep_single_precision(points):
    with jax.enable_x64(False):
        assert points(jax.random.key(0), 8, 2).dtype == jnp.float32


@pytest.mark.parametrize("points", POINTS)
def test_points_pass_through_jit(points):
    drawn = jax.jit(points, static_argnums=(1, 2))(jax.random.key(3), 16, 2)
    np.testing.assert_allclose(drawn, points(jax.random.key(3), 16, 2), rtol=1e-15)


def test_a_sobol_net_has_one_point_in_each_elementary_interval():
    """Unshifted, 2ᵐ points in two dimensions put one into every box of sides 2⁻ᵃ, 2⁻⁽ᵐ⁻ᵃ⁾."""
    m, key = 6, jax.random.key(2)
    shift = jax.random.uniform(key, (1, 2))
    net = np.mod(np.asarray(pm.sobol(key, 2**m, 2) - shift) + 1e-12, 1.0)
    for a in range(m + 1):
        cells = np.floor(net * [2**a, 2 ** (m - a)]).astype(int)
        assert len(np.unique(cells, axis=0)) == 2**m


def test_sobol_integrates_better_than_random_points():
    """∫ x y over the square for 50 keys: unbiased, with a fraction of Monte Carlo's spread.

    One random point has the variance 1/9 - 1/16 = 7/144, so 256 have a standard error of 0.0138.
    """
    keys = jax.random.split(jax.random.key(4), 50)
    spread = {}
    for points in POINTS:
        sums = jnp.stack([jnp.mean(jnp.prod(points(key, 256, 2), axis=1)) for key in keys])
        spread[points] = float(jnp.std(sums))
        assert abs(float(jnp.mean(sums)) - 0.25) < 4 * spread[points] / 50**0.5
    # The deviation of 50 draws is itself known to 10%: four of these.
    assert abs(spread[pm.uniform] / 0.01378 - 1) < 0.4
    assert spread[pm.sobol] < spread[pm.uniform] / 5


def test_a_redraw_by_residual_follows_its_probabilities():
    """Single draws have p ∝ |r|ᵏ / mean|r|ᵏ + c; 20,000 of them, bound at 5σ."""
    sizes, draws = jnp.array([0.0, 1.0, 2.0, 5.0]), 20_000
    for exponent, floor in [(1.0, 1.0), (2.0, 0.0)]:
        choose = pm.by_residual(every=1, exponent=exponent, floor=floor).choose
        keys = jax.random.split(jax.random.key(5), draws)
        chosen = jax.vmap(partial(choose, magnitudes=sizes, count=1))(keys)[:, 0]
        weight = np.asarray(sizes) ** exponent
        p = weight / weight.mean() + floor
        p = p / p.sum()
        counts = np.bincount(np.asarray(chosen), minlength=4)
        assert np.all(np.abs(counts - draws * p) <= 5 * np.sqrt(draws * p * (1 - p)))


def test_a_redraw_keeps_no_candidate_twice():
    redraw = pm.by_residual(every=5, oversampling=4)
    sizes = jnp.linspace(0.0, 1.0, 64) ** 4
    chosen = np.asarray(redraw.choose(jax.random.key(0), sizes, 16))
    assert (redraw.every, redraw.oversampling) == (5, 4)
    assert len(np.unique(chosen)) == 16


def test_a_residual_of_zero_prefers_no_point():
    for floor in (0.0, 1.0):
        choose = partial(pm.by_residual(every=1, floor=floor).choose, count=1)
        keys = jax.random.split(jax.random.key(6), 4000)
        chosen = np.asarray(jax.vmap(partial(choose, magnitudes=jnp.zeros(4)))(keys)[:, 0])
        # 1000 expected in each of four bins, with a deviation of 27: bound at 5σ.
        assert np.all(np.abs(np.bincount(chosen, minlength=4) - 1000) < 137)


def test_a_uniform_redraw_keeps_all_its_candidates():
    redraw = pm.uniformly(every=3)
    chosen = redraw.choose(jax.random.key(0), jnp.arange(5.0), 5)
    assert (redraw.every, redraw.oversampling) == (3, 1)
    np.testing.assert_array_equal(chosen, np.arange(5))


@pytest.mark.parametrize(
    "options", [{"every": 0}, {"exponent": -1.0}, {"floor": -0.1}, {"oversampling": 0}]
)
def test_bad_schedules_are_refused(options):
    with pytest.raises(pm.errors.ConfigurationError, match=r"by_residual: expected .*, got"):
        pm.by_residual(**{"every": 10} | options)


def test_a_uniform_redraw_needs_a_period():
    with pytest.raises(pm.errors.ConfigurationError, match="every ≥ 1, got 0"):
        pm.uniformly(every=0)
