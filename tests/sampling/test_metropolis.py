"""Samplers of a density: the invariant density, detailed balance, width of a move."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm


def gaussian(params, x):
    """A normal density of variance 1/(2 a)."""
    return -params * jnp.sum(x**2)


every = pytest.mark.parametrize(
    "sampling", [pm.metropolis, pm.sampling.metropolis_one_electron, pm.langevin]
)


def run(sampler, params, steps, *, seed=0):
    """The last state, and batches and metrics of all steps, in one compiled program."""

    def step(state, key):
        state, walkers, metrics = sampler.sample(key, state, params)
        return state, (walkers, metrics)

    @jax.jit
    def all_steps(key):
        key_start, key_steps = jax.random.split(key)
        start = sampler.init(key_start, params)
        return jax.lax.scan(step, start, jax.random.split(key_steps, steps))

    return all_steps(jax.random.key(seed))


@every
def test_moments_of_a_gaussian(sampling):
    """Starting far away and too narrow: mean 0, variance ¼, kurtosis 3 at a = 2.

    2000 walkers of 2 x 3 coordinates, all independent of one another, after 400 sweeps: the mean
    has the deviation ½/√12000, the variance ¼√(2/12000), the fourth moment 3/16 √(32/3/12000).
    """
    start = lambda key: 2.0 + 0.01 * jax.random.normal(key, (2000, 2, 3))
    sampler = sampling(gaussian, start, sweeps=20)
    state, _ = run(sampler, jnp.array(2.0), 20)
    x = np.asarray(state.walkers)
    assert x.shape == (2000, 2, 3)
    assert abs(x.mean()) < 4 * 0.5 / 12000**0.5
    assert abs(np.mean(x**2) - 0.25) < 4 * 0.25 * (2 / 12000) ** 0.5
    assert abs(np.mean(x**4) - 3 / 16) < 4 * 3 / 16 * (32 / 3 / 12000) ** 0.5
    correlation = np.mean(x[:, 0] * x[:, 1])
    assert abs(correlation) < 4 * 0.25 / 6000**0.5


@every
def test_detailed_balance(sampling):
    """From walkers with the density, as many move from cell i to j as from j to i.

    It is a mixture of two normal densities. χ² = Σ (n_ij − n_ji)²/(n_ij + n_ji) over the 10 pairs
    of 5 cells has the mean 10 and the deviation √20.
    """
    n, key = 200_000, jax.random.key(3)
    centres, widths = jnp.array([-1.0, 1.5]), jnp.array([0.5, 0.8])

    def log_density(params, x):
        z = (x[0, 0] - centres) / widths
        return jax.nn.logsumexp(-0.5 * z**2 - jnp.log(widths))

    def start(key):
        key_side, key_place = jax.random.split(key)
        side = jax.random.bernoulli(key_side, shape=(n,)).astype(int)
        place = centres[side] + widths[side] * jax.random.normal(key_place, (n,))
        return place[:, None, None]

    sampler = sampling(log_density, start, sweeps=1, width=2.0, adapt=False)
    state = sampler.init(key, None)
    before = np.asarray(state.walkers).ravel()
    _, walkers, metrics = sampler.sample(jax.random.key(4), state, None)
    edges = [-1.2, -0.4, 0.8, 1.8]
    old, new = np.digitize(before, edges), np.digitize(np.asarray(walkers).ravel(), edges)
    flow = np.zeros((5, 5))
    np.add.at(flow, (old, new), 1)
    first, second = np.triu_indices(5, k=1)
    there, back = flow[first, second], flow[second, first]
    assert (there + back).min() > 100
    assert np.sum((there - back) ** 2 / (there + back)) < 10 + 5 * 20**0.5
    assert 0.2 < float(metrics["acceptance"]) < 0.8


def test_acceptance_of_gaussian_moves():
    """In equilibrium ``(2/π) arctan(2σ/w)`` for a normal density of deviation σ in one dimension.

    A phase of a wave function changes nothing, and a frozen width stays.

    Source: Gelman, Roberts and Gilks, Bayesian Statistics 5, 599 (1996).
    """
    sigma, n, widths = 0.5**0.5, 100_000, jnp.array([0.3, 1.0, 4.0])
    start = lambda key: sigma * jax.random.normal(key, (n, 1, 1))
    log_psi = lambda params, x: 0.5 * gaussian(1.0, x) + 3j * jnp.sum(x)
    sampler = pm.metropolis(pm.vmc.log_density(log_psi), start, sweeps=1, adapt=False)

    @jax.jit
    @jax.vmap
    def one_sweep(key, width):
        state = sampler.init(key, None)._replace(width=width)
        state, _, metrics = sampler.sample(jax.random.fold_in(key, 1), state, None)
        return state.width, metrics

    after, metrics = one_sweep(jax.random.split(jax.random.key(6), 3), widths)
    expected = 2 / np.pi * np.arctan(2 * sigma / widths)
    error = np.sqrt(expected * (1 - expected) / n)
    assert np.all(np.abs(metrics["acceptance"] - expected) < 4 * error)
    np.testing.assert_array_equal(after, widths)
    np.testing.assert_array_equal(metrics["width"], widths)


@pytest.mark.parametrize(
    ("sampling", "low", "high"),
    [(pm.metropolis, 0.50, 0.55), (pm.sampling.metropolis_one_electron, 0.45, 0.55)],
)
def test_width_finds_the_window(sampling, low, high):
    """From far too small or large, acceptance comes into the window (5000 moves: ± 0.7%)."""
    start = lambda key: jax.random.normal(key, (1000, 2, 2))
    sampler = sampling(gaussian, start, sweeps=5)

    @jax.jit
    @jax.vmap
    def adapt(width):
        def step(state, key):
            state, _, metrics = sampler.sample(key, state, 1.0)
            return state, metrics

        state = sampler.init(jax.random.key(7), 1.0)._replace(width=width)
        return jax.lax.scan(step, state, jax.random.split(jax.random.key(8), 120))[1]

    metrics = adapt(jnp.array([1e-3, 50.0]))
    tail = np.asarray(metrics["acceptance"])[:, -30:]
    assert tail.min() > low - 0.03
    assert tail.max() < high + 0.03
    widths = np.asarray(metrics["width"])
    ratios = widths[:, 1:] / widths[:, :-1]
    assert np.all(np.isclose(ratios, 1.1) | np.isclose(ratios, 1 / 1.1) | (ratios == 1.0))


@every
def test_burn_in_is_the_sampling_itself(sampling):
    """Three batches dropped before the first: the state that sampling three times leads to."""
    start = lambda key: jax.random.normal(key, (20, 1, 2))
    key, params = jax.random.key(5), jnp.array(1.0)
    burned = sampling(gaussian, start, burn_in=3).init(key, params)
    sampler = sampling(gaussian, start)
    state, sample = sampler.init(key, params), jax.jit(sampler.sample)
    for sub in jax.random.split(jax.random.split(key)[1], 3):
        state, _, _ = sample(sub, state, params)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), burned, state)


@every
def test_nodes_are_never_entered(sampling):
    """``p = 0`` for x < 0: no move is accepted there."""
    wall = lambda params, x: jnp.where(x[0, 0] > 0, -2 * x[0, 0], -jnp.inf)
    start = lambda key: jnp.abs(jax.random.normal(key, (500, 1, 1)))
    state, _ = run(sampling(wall, start, width=2.0), None, 10)
    assert float(state.walkers.min()) > 0


@every
def test_single_precision_stays(sampling):
    with jax.enable_x64(False):
        start = lambda key: jax.random.normal(key, (20, 1, 2))
        sampler = sampling(gaussian, start)
        one = jnp.array(1.0)
        state = jax.eval_shape(sampler.init, jax.random.key(0), one)
        made = jax.eval_shape(sampler.sample, jax.random.key(0), state, one)
        assert {leaf.dtype for leaf in jax.tree.leaves((state, made))} == {jnp.dtype(jnp.float32)}


@pytest.mark.parametrize(
    ("log_density", "got"),
    [
        (lambda a, x: x, r"\(2, 3\)"),
        (lambda a, x: (x, x), "tuple"),
        (lambda a, x: 1j * jnp.sum(x), "complex128"),
        (lambda a, x: 1, "int"),
    ],
)
@every
def test_a_density_is_one_real_number(sampling, log_density, got):
    sampler = sampling(log_density, lambda key: jnp.zeros((5, 2, 3)), burn_in=1)
    with pytest.raises(pm.errors.ShapeError, match=f"expected one real number .*, got {got}"):
        sampler.init(jax.random.key(0), None)


@pytest.mark.parametrize("options", [{"sweeps": 0}, {"width": 0.0}, {"burn_in": -1}])
@every
def test_bad_numbers_are_named(sampling, options):
    with pytest.raises(pm.errors.ConfigurationError, match=f"{next(iter(options))}: expected"):
        sampling(gaussian, lambda key: jnp.zeros((1, 1, 1)), **options)


@pytest.mark.slow
def test_a_drift_decorrelates_sooner():
    """At a normal density of 30 coordinates, as many sweeps: a shorter memory of ``Σ x²``."""
    start = lambda key: 0.5**0.5 * jax.random.normal(key, (100, 10, 3))
    taus = []
    for sampling in (pm.metropolis, pm.langevin):
        state, _ = run(sampling(gaussian, start, sweeps=2), 1.0, 100)
        frozen = sampling(gaussian, lambda key, at=state: at.walkers, sweeps=2,
                          width=float(state.width), adapt=False)  # fmt: skip
        _, (walkers, _) = run(frozen, 1.0, 200)
        taus.append(pm.sampling.estimate(np.sum(np.asarray(walkers) ** 2, axis=(2, 3))).tau)
    assert taus[1] < 0.5 * taus[0]


def test_one_electron_moves_alone():
    """Where electron 0 cannot move and 1 always can, half of the moves of two are accepted."""

    def walled(params, x):
        return jnp.where(jnp.abs(x[0, 0]) < 1e-9, 0.0, -jnp.inf)

    start = lambda key: jnp.zeros((50, 2, 1))
    sampler = pm.sampling.metropolis_one_electron(walled, start, sweeps=3, adapt=False)
    state = sampler.init(jax.random.key(0), None)
    state, walkers, metrics = jax.jit(sampler.sample)(jax.random.key(1), state, None)
    assert float(metrics["acceptance"]) == 0.5 and float(state.width) == 1.0
    np.testing.assert_array_equal(walkers[:, 0], 0.0)
    assert float(jnp.abs(walkers[:, 1]).min()) > 0


def test_one_electron_after_another_leaves_where_the_density_is_no_number():
    """Of ``x e^−x`` below 0: a free walk, of which few are not back after a while."""

    def decay(params, x):
        return jnp.sum(jnp.log(x) - x)

    start = lambda key: jnp.full((50, 1, 1), -0.2)
    sampler = pm.sampling.metropolis_one_electron(decay, start, sweeps=60, adapt=False)
    _, walkers, _ = jax.jit(sampler.sample)(
        jax.random.key(1), sampler.init(jax.random.key(0), None), None
    )
    assert float(jnp.mean(walkers > 0)) > 0.8


def test_one_electron_moves_stay_in_their_cell():
    start = lambda key: jax.random.uniform(key, (200, 3, 2))
    sampler = pm.sampling.metropolis_one_electron(
        lambda params, x: 0.0 * jnp.sum(x), start, width=3.0, wrap=lambda x: x % 1.0
    )
    state = sampler.init(jax.random.key(0), None)
    state, walkers, metrics = jax.jit(sampler.sample)(jax.random.key(1), state, None)
    assert float(walkers.min()) >= 0 and float(walkers.max()) < 1
    assert float(metrics["acceptance"]) == 1.0 and float(metrics["width"]) == 3.0


@pytest.mark.parametrize("sampling", [pm.metropolis, pm.sampling.metropolis_one_electron])
def test_a_stride_leaves_the_density_invariant(sampling):
    """Moves that grow with the distance, on the density ``e^{−2|x|}`` of two electrons in 3D.

    Radii are gamma distributed: ``⟨r⟩ = 3/2`` and ``⟨r²⟩ = 3`` with variances of 3/4 and 27/2, and
    ``1 − e^{−1/2} (1 + 1/2 + 1/8)`` of them are below 1/4.
    """
    n = 20_000

    def start(key):
        key_radius, key_direction = jax.random.split(key)
        direction = jax.random.normal(key_direction, (n, 2, 3))
        direction /= jnp.linalg.norm(direction, axis=-1, keepdims=True)
        return direction * jax.random.gamma(key_radius, 3.0, (n, 2, 1)) / 2

    log_density = lambda params, x: -2 * jnp.sum(jnp.linalg.norm(x, axis=-1))
    stride = lambda x: 0.1 + jnp.linalg.norm(x, axis=-1, keepdims=True)
    sampler = sampling(log_density, start, sweeps=30, width=0.5, adapt=False, stride=stride)
    state, (_, metrics) = run(sampler, None, 1)
    assert 0.3 < float(metrics["acceptance"][0]) < 0.8
    r = np.linalg.norm(np.asarray(state.walkers), axis=-1).ravel()
    assert abs(r.mean() - 1.5) < 4 * 0.75**0.5 / (2 * n) ** 0.5
    assert abs(np.mean(r**2) - 3.0) < 4 * 13.5**0.5 / (2 * n) ** 0.5
    assert abs(np.mean(r < 0.25) - 0.01438768) < 4 * (0.0144 / (2 * n)) ** 0.5


@pytest.mark.parametrize("sampling", [pm.metropolis, pm.sampling.metropolis_one_electron])
def test_a_stride_of_another_shape_is_refused(sampling):
    start = lambda key: jax.random.normal(key, (10, 2, 3))
    for stride in (lambda x: x[..., 0], lambda x: x[..., :1].astype(jnp.float32)):
        sampler = sampling(gaussian, start, stride=stride)
        state = sampler.init(jax.random.key(0), 1.0)
        with pytest.raises(pm.errors.ShapeError, match=r"stride: expected float64 .* \(10, 2, 1\)"):
            sampler.sample(jax.random.key(1), state, 1.0)
