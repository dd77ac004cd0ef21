"""Points of the unit cube, and which candidates a redraw keeps."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

POINTS = [pm.sampling.uniform, pm.sampling.sobol, pm.sampling.latin_hypercube]


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


@pytest.mark.parametrize("points", [*POINTS, pm.sampling.grid_points])
def test_points_keep_single_precision(points):
    with jax.enable_x64(False):
        made = points(jax.random.key(0), 8, 2)
        assert made.dtype == jnp.float32
        assert float(jnp.max(made)) < 1.0


@pytest.mark.parametrize("points", [*POINTS, pm.sampling.grid_points])
def test_points_pass_through_jit(points):
    drawn = jax.jit(points, static_argnums=(1, 2))(jax.random.key(3), 16, 2)
    np.testing.assert_allclose(drawn, points(jax.random.key(3), 16, 2), rtol=1e-15)


def test_a_sobol_net_has_one_point_in_each_elementary_interval():
    """Unshifted, 2ᵐ points in two dimensions put one into every box of sides 2⁻ᵃ, 2⁻⁽ᵐ⁻ᵃ⁾."""
    m, key = 6, jax.random.key(2)
    shift = jax.random.uniform(key, (1, 2))
    net = np.mod(np.asarray(pm.sampling.sobol(key, 2**m, 2) - shift) + 1e-12, 1.0)
    for a in range(m + 1):
        cells = np.floor(net * [2**a, 2 ** (m - a)]).astype(int)
        assert len(np.unique(cells, axis=0)) == 2**m


@pytest.mark.parametrize(("n", "d"), [(1, 1), (10, 1), (100, 5)])
def test_a_latin_hypercube_has_one_point_in_each_layer(n, d):
    z = np.asarray(pm.sampling.latin_hypercube(jax.random.key(1), n, d))
    layers = np.sort(np.floor(z * n).astype(int), axis=0)
    np.testing.assert_array_equal(layers, np.tile(np.arange(n)[:, None], (1, d)))
    within = (z * n) % 1
    # 500 uniform numbers at the most, with a deviation of 0.29 each: bound at 5σ.
    assert abs(within.mean() - 0.5) < 5 * 0.29 / (n * d) ** 0.5


def test_orders_of_a_latin_hypercube_are_independent():
    z = np.asarray(pm.sampling.latin_hypercube(jax.random.key(1), 1000, 3))
    assert np.all(np.abs(np.corrcoef(z.T) - np.eye(3)) < 5 / 1000**0.5)


@pytest.mark.parametrize(("n", "d", "side"), [(1, 3, 1), (9, 2, 3), (8, 3, 2), (7, 1, 7)])
def test_a_full_grid_has_every_centre_once(n, d, side):
    z = np.asarray(pm.sampling.grid_points(jax.random.key(0), n, d))
    cells = np.unique(z * side - 0.5, axis=0)
    np.testing.assert_allclose(cells, np.stack(np.unravel_index(range(n), (side,) * d), axis=1))


def test_a_thinned_grid_is_even():
    """70 of 81 cells: distinct centres, 7 or 8 of every 9 in a row, and of any part of them."""
    z = np.asarray(pm.sampling.grid_points(jax.random.key(0), 70, 2))
    cells = np.rint(z * 9 - 0.5).astype(int)
    np.testing.assert_allclose((cells + 0.5) / 9, z)
    assert len(np.unique(cells, axis=0)) == 70
    assert set(np.bincount(cells[:, 0])) == {7, 8}
    assert len(np.unique(cells[:35, 0])) == len(np.unique(cells[:35, 1])) == 9
    np.testing.assert_array_equal(z, pm.sampling.grid_points(jax.random.key(5), 70, 2))


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
    assert abs(spread[pm.sampling.uniform] / 0.01378 - 1) < 0.4
    assert spread[pm.sampling.sobol] < spread[pm.sampling.uniform] / 5


def test_a_redraw_by_residual_follows_its_probabilities():
    """Single draws have p ∝ |r|ᵏ / mean|r|ᵏ + c; 20,000 of them, bound at 5σ."""
    sizes, draws = jnp.array([0.0, 1.0, 2.0, 5.0]), 20_000
    for exponent, floor in [(1.0, 1.0), (2.0, 0.0)]:
        choose = pm.sampling.by_residual(every=1, exponent=exponent, floor=floor).choose
        keys = jax.random.split(jax.random.key(5), draws)
        chosen = jax.vmap(partial(choose, magnitudes=sizes, count=1))(keys)[:, 0]
        weight = np.asarray(sizes) ** exponent
        p = weight / weight.mean() + floor
        p = p / p.sum()
        counts = np.bincount(np.asarray(chosen), minlength=4)
        assert np.all(np.abs(counts - draws * p) <= 5 * np.sqrt(draws * p * (1 - p)))


def test_a_redraw_keeps_no_candidate_twice():
    redraw = pm.sampling.by_residual(every=5, oversampling=4)
    sizes = jnp.linspace(0.0, 1.0, 64) ** 4
    chosen = np.asarray(redraw.choose(jax.random.key(0), sizes, 16))
    assert (redraw.every, redraw.oversampling) == (5, 4)
    assert len(np.unique(chosen)) == 16


def test_a_residual_of_zero_prefers_no_point():
    for floor in (0.0, 1.0):
        choose = partial(pm.sampling.by_residual(every=1, floor=floor).choose, count=1)
        keys = jax.random.split(jax.random.key(6), 4000)
        chosen = np.asarray(jax.vmap(partial(choose, magnitudes=jnp.zeros(4)))(keys)[:, 0])
        # 1000 expected in each of four bins, with a deviation of 27: bound at 5σ.
        assert np.all(np.abs(np.bincount(chosen, minlength=4) - 1000) < 137)


def test_a_redraw_by_importance_follows_the_density():
    """Of 8192 candidates 512 follow ``e^{−3z}``, in ten bins of equal probability: χ² below 28.

    That is the bound of nine degrees of freedom at 0.1%. Near 0 the density is 3.2 times its mean,
    well below the oversampling.
    """
    density = lambda z: jnp.exp(-3 * z[0])
    redraw = pm.sampling.by_importance(density, every=7, oversampling=16)
    assert (redraw.every, redraw.oversampling, redraw.size) == (7, 16, density)
    z = pm.sampling.uniform(jax.random.key(1), 512 * 16, 1)
    chosen = np.asarray(redraw.choose(jax.random.key(0), jax.vmap(redraw.size)(z), 512))
    assert len(np.unique(chosen)) == 512
    chance = (1 - np.exp(-3 * np.asarray(z)[chosen, 0])) / (1 - np.exp(-3))
    counts = np.bincount((10 * chance).astype(int), minlength=10)
    assert np.sum((counts - 51.2) ** 2 / 51.2) < 28


def test_a_density_of_zero_is_avoided_unless_it_is_zero_everywhere():
    choose = pm.sampling.by_importance(lambda z: z[0], every=1).choose
    few = np.asarray(choose(jax.random.key(0), jnp.array([0.0, 1, 0, 2, 0, 0, 0.1, 0]), 3))
    assert set(few) == {1, 3, 6}
    none = np.asarray(choose(jax.random.key(0), jnp.zeros(8), 3))
    assert len(set(none)) == 3


def test_a_redraw_by_residual_has_no_size_of_its_own():
    assert pm.sampling.by_residual(every=1).size is None
    assert pm.sampling.uniformly(every=1).size is None


def test_a_uniform_redraw_keeps_all_its_candidates():
    redraw = pm.sampling.uniformly(every=3)
    chosen = redraw.choose(jax.random.key(0), jnp.arange(5.0), 5)
    assert (redraw.every, redraw.oversampling) == (3, 1)
    np.testing.assert_array_equal(chosen, np.arange(5))


@pytest.mark.parametrize(
    "options", [{"every": 0}, {"exponent": -1.0}, {"floor": -0.1}, {"oversampling": 0}]
)
def test_bad_schedules_are_refused(options):
    with pytest.raises(pm.errors.ConfigurationError, match=r"by_residual: .*expected .*, got"):
        pm.sampling.by_residual(**{"every": 10} | options)


def test_a_uniform_redraw_needs_a_period():
    with pytest.raises(pm.errors.ConfigurationError, match="every: expected at least 1, got 0"):
        pm.sampling.uniformly(every=0)


@pytest.mark.parametrize(
    ("density", "options", "message"),
    [
        (jnp.sum, {"every": 0}, "every: expected at least 1, got 0"),
        (jnp.sum, {"every": 1, "oversampling": 0}, "oversampling: expected at least 1"),
        (2.0, {"every": 1}, "density: expected a function of a point, got 2.0"),
    ],
)
def test_bad_importance_is_refused(density, options, message):
    with pytest.raises(pm.errors.ConfigurationError, match=f"by_importance: .*{message}"):
        pm.sampling.by_importance(density, **options)
