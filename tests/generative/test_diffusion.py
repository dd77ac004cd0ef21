"""Diffusion: exact where data are Gaussians or mixtures of them; bad input; what is kept."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import (
    CheckpointError,
    ConfigurationError,
    FingerprintError,
    NonFiniteError,
    ShapeError,
)
from physml.generative.denoising.noised_batch import noised
from physml.generative.denoising.probability_flow import angles_between, log_prob_along

g = pm.generative
MIXTURE = g.GaussianMixture.of(
    [0.3, 0.7], [[-1.0, 0.2], [0.6, -0.1]], [np.diag([0.05, 0.2]), [[0.1, 0.04], [0.04, 0.2]]]
)
SCHEDULE = g.VariancePreserving()
ENDS = jnp.arcsin(0.01), SCHEDULE.angle(jnp.array(1.0))


class Turned(g.NoiseSchedule):
    """An angle that is a power of time."""

    end = 1.0

    def __init__(self, most, least=0.0, power=1.0, inverse=1.0):
        self.most, self.least, self.power, self.inverse = most, least, power, inverse

    def angle(self, t):
        return self.least + (self.most - self.least) * t**self.power

    def time(self, angle):
        return ((angle - self.least) / (self.most - self.least)) ** self.inverse


def exact_velocity(z, angle):
    """``E[v|z] = −tan φ (s + z)``."""
    return -jnp.tan(angle) * (MIXTURE.score(z, angle) + z)


def test_much_noise_keeps_its_time():
    """sin² of it is 1 to rounding, cos² is not."""
    schedule, t = g.VariancePreserving(last=100.0), jnp.array([0.01, 0.5, 1.0])
    found = schedule.time(schedule.angle(t))
    np.testing.assert_allclose(found, t, rtol=1e-6)


@pytest.mark.parametrize("schedule", [SCHEDULE, g.VariancePreserving(5, 5, 3), g.CosineSchedule()])
def test_schedules_are_what_their_rate_says(schedule):
    t = jnp.linspace(0.01, 1, 7) * schedule.end
    angles = jax.vmap(schedule.angle)(t)
    np.testing.assert_allclose(jax.vmap(schedule.time)(angles), t, rtol=1e-6)
    rates = jax.vmap(partial(g.NoiseSchedule.beta, schedule))(t)
    np.testing.assert_allclose(jax.vmap(schedule.beta)(t), rates, rtol=1e-8)
    grid = np.linspace(0, schedule.end, 20001)
    decayed = np.trapezoid(np.asarray(jax.vmap(schedule.beta)(jnp.asarray(grid))), grid)
    assert np.cos(angles[-1]) == pytest.approx(np.exp(-decayed / 2), rel=1e-3)


@pytest.mark.slow
def test_a_mixture_is_normalised_and_its_samples_have_its_moments():
    side = np.linspace(-5, 5, 301)
    grid = jnp.asarray(np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2))
    p = np.exp(jax.vmap(MIXTURE.log_prob)(grid)) * (side[1] - side[0]) ** 2
    assert p.sum() == pytest.approx(1, abs=1e-10)
    x = np.asarray(MIXTURE.sample(jax.random.key(0), 20_000))
    np.testing.assert_allclose(x.mean(axis=0), p @ grid, atol=0.03)
    grid, p = np.asarray(grid), np.asarray(p)
    np.testing.assert_allclose(x.T @ x / len(x), (grid.T * p) @ grid, atol=0.04)
    noisy = MIXTURE.noised(jnp.array(0.7))
    np.testing.assert_allclose(noisy.means, np.cos(0.7) * MIXTURE.means)


@pytest.mark.slow
def test_the_exact_score_obeys_its_equation_and_another_does_not():
    points = jax.random.normal(jax.random.key(0), (5, 2))
    times = jnp.array([0.01, 0.1, 0.3, 0.6, 1.0])

    def exact(x, t):
        return MIXTURE.score(x, SCHEDULE.angle(t))

    @jax.jit
    @jax.vmap
    def told(x, t):
        wrong = lambda x, t: 1.05 * exact(x, t)
        residuals = [g.score_residual(score, SCHEDULE, x, t) for score in (exact, wrong)]
        return jnp.stack([*residuals, jax.jacfwd(exact, 1)(x, t)])

    right, wrong, size = np.abs(told(points, times)).max(axis=(0, 2))
    assert right < 1e-12 * size and wrong > 1e-3 * size


def test_a_batch_tells_the_velocity_without_bias():
    """Its mean at a place is ``E[v|z]``: ``Σ (target − exact)·f`` vanishes for any f of place."""

    @jax.jit
    @jax.vmap
    def draw(key):
        key, key_data = jax.random.split(key)
        batch = noised(0.05, 1.5, key, MIXTURE.sample(key_data, 96), size=64)["denoised"]
        left = batch["velocity"] - jax.vmap(exact_velocity)(batch["place"], batch["angle"])
        features = jnp.concatenate([batch["place"], jnp.sin(3 * batch["place"])], axis=1)
        return jnp.mean(left[:, :, None] * features[:, None, :], axis=0).ravel()

    draws = np.asarray(draw(jax.random.split(jax.random.key(0), 60)))
    z = draws.mean(axis=0) / (draws.std(axis=0, ddof=1) / np.sqrt(len(draws)))
    assert np.abs(z).max() < 3.5
    assert 0.02 < draws.std() < 0.2  # it could have failed


@pytest.mark.slow
def test_angles_drawn_more_often_weigh_less():
    """Weighted means are those of ``ln sin φ`` uniform: of ``sin φ``, ``(1 − a)/ln(1/a)``."""
    for power in (1.0, 2.0):
        batch = noised(0.05, np.pi / 2, jax.random.key(0), jnp.zeros((4000, 1)), power=power)
        weight, angle = batch["denoised"]["root"] ** 2, batch["denoised"]["angle"]
        least = np.sin(0.05)
        assert float(weight.mean()) == pytest.approx(1, abs=1e-3)
        mean = float((weight * jnp.sin(angle)).mean())
        assert mean == pytest.approx((1 - least) / np.log(1 / least), rel=2e-3)


def test_likelihood_by_the_flow_of_the_exact_score_is_exact():
    """Of what has noise of 0.01: the mixture's own with it; by probes as well, within their bar."""
    x = MIXTURE.sample(jax.random.key(3), 40)
    exact = jax.jit(jax.vmap(MIXTURE.noised(ENDS[0]).log_prob))(x)
    flow = jax.jit(jax.vmap(lambda z, p: log_prob_along(exact_velocity, z, p, *ENDS, 64)))
    np.testing.assert_allclose(flow(x, None), exact, atol=2e-3)
    probes = jax.random.rademacher(jax.random.key(4), (40, 16, 2), float)
    told = flow(x, probes)
    off = (told.mean(axis=1) - exact) / (told.std(axis=1, ddof=1) / 4 + 1e-4)
    assert np.abs(off).max() < 5 and 0.5 < np.std(off) < 1.6


@pytest.mark.parametrize(
    ("method", "steps"),
    [(g.ddpm, 200), (g.ddim, 200), (g.reverse_sde, 200), (g.probability_flow, 60)],
)
def test_every_method_samples_the_density_of_an_exact_score(method, steps):
    """Moments within statistics and the bias of the steps; no sample far away."""
    angles = angles_between(*ENDS, steps)[::-1]

    @jax.jit
    @jax.vmap
    def draw(key):
        start, *keys = jax.random.split(key, steps + 1)
        step = lambda z, at: (method(exact_velocity, at[0], z, at[1], at[2]), None)
        z = jax.random.normal(start, (2,))
        return jax.lax.scan(step, z, (jnp.stack(keys), angles[:-1], angles[1:]))[0]

    x = np.asarray(draw(jax.random.split(jax.random.key(1), 4000)))
    told = g.mixture_samples(MIXTURE, x, MIXTURE.sample(jax.random.key(2), 40_000))
    logs = jax.jit(jax.vmap(MIXTURE.log_prob))(MIXTURE.sample(jax.random.key(5), 20_000))
    exact = float(logs.mean())
    assert told.worst_mode < 4 and told.furthest < 3
    assert abs(told.log_density - exact) < 4 * told.log_density_error + 0.02


@pytest.fixture(scope="module")
def trained():
    pair = g.GaussianMixture.of([0.3, 0.7], [[-2.0], [2.0]], 0.2)
    network = pm.MLP((12, 12), outputs=1)
    density = g.diffusion(pair, network, size=128, steps=150, progress=False)
    return pair, network, density


@pytest.mark.slow
def test_a_pair_of_gaussians_is_learned(trained):
    pair, _, density = trained
    told = g.against_mixture(density, pair, samples=600, key=jax.random.key(1))
    assert told.score_error < 0.1 and told.kl < 0.05 < 0.3 < told.gaussian_kl
    assert told.exact_residual < 1e-12 < told.residual < 1
    x = np.asarray(density.sample(jax.random.key(2), 2000, steps=50))
    assert x.shape == (2000, 1) and np.abs(x).max() < 6
    assert np.mean(x > 0) == pytest.approx(0.7, abs=0.06)
    line = np.linspace(-7, 7, 301)[:, None]
    p = np.exp(density.log_prob(line, steps=32))
    assert p.sum() * 14 / 300 == pytest.approx(1, abs=1e-2)


@pytest.mark.slow
def test_scores_and_likelihoods_in_the_unit_of_the_data(trained):
    """A score is the slope of ln p: by differences, of the flow's density; and of scaled data."""
    _, _, density = trained
    gaussian = density.denoiser.gaussian
    wide = g.DiffusionDensity(
        density.denoiser._replace(gaussian=gaussian._replace(scale=10 * gaussian.scale)),
        density.params,
        shape=(1,),
    )
    x = np.array([[-1.9], [0.4], [2.2]])
    there = 10 * (x - gaussian.centre) + gaussian.centre
    np.testing.assert_allclose(wide.log_prob(there), density.log_prob(x) - np.log(10), rtol=1e-10)
    np.testing.assert_allclose(wide.score(there, 0.2), density.score(x, 0.2) / 10, rtol=1e-10)
    probed = density.log_prob(x, probes=3, key=jax.random.key(0))
    np.testing.assert_allclose(probed, np.tile(density.log_prob(x)[:, None], 3), rtol=1e-8)


@pytest.mark.slow
def test_a_density_is_kept(trained, tmp_path):
    _, network, density = trained
    density.save(tmp_path / "kept")
    found = g.DiffusionDensity.load(tmp_path / "kept", network)
    x = np.array([[0.3], [-2.0]])
    np.testing.assert_array_equal(found.log_prob(x), density.log_prob(x))
    assert found.numbers() == density.numbers() | {"compile_seconds": 0.0}
    assert found.numbers()["steps"] == 150
    with pytest.raises(FingerprintError, match="other scores"):
        g.DiffusionDensity.load(tmp_path / "kept", network, g.CosineSchedule())
    with pytest.raises(CheckpointError, match="the model that was saved"):
        g.DiffusionDensity.load(tmp_path / "kept", pm.MLP((3,), outputs=1))
    assert density.plot(tmp_path / "pair.png").exists()


def test_gaussian_data_need_no_network():
    """The part that is exact: ``ln p`` by the flow is that of the Gaussian with the same noise."""
    x = np.random.default_rng(0).normal(size=(500, 2)) @ np.array([[2.0, 0.3], [0.0, 0.5]]) + 3
    network = pm.MLP((2,), outputs=2)
    outline = jax.eval_shape(network.init, jax.random.key(0), jnp.zeros(3))
    still = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), outline)
    density = g.DiffusionDensity(g.Denoiser(network, g.BestGaussian.of(x)), still, shape=(2,))
    np.testing.assert_allclose(density.log_prob(x[:5]), density.gaussian_log_prob(x[:5]), atol=2e-4)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (np.zeros(5), ShapeError, r"\(n, d\)"),
        (np.zeros((1, 2)), ShapeError, "two or more"),
        (np.ones((5, 2)), ConfigurationError, "all the same"),
        (np.random.default_rng(0).normal(size=(4, 4)), ShapeError, "more samples than coord"),
        (np.arange(10.0)[:, None] * [1, 1e-3], ConfigurationError, "coordinate 1 has deviation"),
        (np.arange(10.0)[:, None] * [0, 1], ConfigurationError, "coordinate 0 has deviation"),
        (np.array([[0.0], [np.nan]]), NonFiniteError, "sample 1"),
        (np.ma.masked_array([[0.0], [1.0]], [[True], [False]]), ShapeError, "masked"),
    ],
)
def test_what_is_no_data_is_refused(data, error, message):
    with pytest.raises(error, match=message):
        g.diffusion(data, steps=1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"network": pm.MLP((4,), outputs=3)}, ShapeError, "2 outputs"),
        ({"network": pm.MLP((4,))}, ShapeError, "2 outputs"),
        ({"steps": -1}, ConfigurationError, "steps"),
        ({"size": 1}, ConfigurationError, "size"),
        ({"reference": 100}, ConfigurationError, "reference"),
        ({"noise": 0.0}, ConfigurationError, "noise"),
        ({"noise": np.nan}, ConfigurationError, "noise"),
        ({"schedule": "linear"}, ConfigurationError, "schedule"),
        ({"schedule": Turned(0.8)}, ConfigurationError, "schedule: expected an angle"),
        ({"schedule": Turned(2.0)}, ConfigurationError, "schedule: expected an angle"),
        ({"schedule": Turned(1.5, least=0.1)}, ConfigurationError, "schedule: expected an angle"),
        ({"schedule": Turned(1.5, power=2)}, ConfigurationError, r"schedule: expected time\(angle"),
        ({"schedule": g.VariancePreserving(last=400.0)}, ConfigurationError, "π/2 − 2e-15"),
    ],
)
def test_what_is_no_diffusion_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        g.diffusion(np.random.default_rng(0).normal(size=(9, 2)), **options)


@pytest.mark.parametrize(
    "make",
    [
        lambda: g.VariancePreserving(first=-0.1),
        lambda: g.VariancePreserving(last=np.nan),
        lambda: g.VariancePreserving(last=2.0),
        lambda: g.VariancePreserving(duration=0.0),
        lambda: g.CosineSchedule(last=1.6),
        lambda: g.CosineSchedule(duration=-1.0),
        lambda: g.GaussianMixture.of([0.5, 0.4], [[0.0], [1.0]], 1.0),
        lambda: g.GaussianMixture.of([1.0], [[0.0]], -1.0),
        lambda: g.GaussianMixture.of([1.0], [[0.0, 0.0]], [[[1.0, 0.5], [0.4, 1.0]]]),
    ],
)
def test_schedules_and_mixtures_that_are_none_are_refused(make):
    with pytest.raises(ConfigurationError):
        make()


def test_numbers_that_tell_nothing_are_refused():
    for mean in (np.nan, np.inf):
        with pytest.raises(NonFiniteError, match="means"):
            g.GaussianMixture.of([1.0], [[mean]], 1.0)
    with pytest.raises(ConfigurationError, match="weights"):
        g.GaussianMixture.of([1.5, -0.5], [[0.0], [1.0]], 1.0)
    with pytest.raises(ConfigurationError, match="samples: expected at least 100"):
        g.against_mixture(None, None, samples=99, key=jax.random.key(0))


def test_calls_that_cannot_be_meant_are_refused():
    pair = g.GaussianMixture.of([0.3, 0.7], [[-2.0], [2.0]], 0.2)
    density = g.diffusion(pair, pm.MLP((), outputs=1), size=8, steps=1, progress=False)
    x = np.zeros((2, 1))
    for t in (-0.1, 0.0, 1.1, np.nan):
        with pytest.raises(ConfigurationError, match="t: expected times"):
            density.score(x, t)
    with pytest.raises(ShapeError, match="t: expected"):
        density.score(x, np.full(3, 0.5))
    for shape in ((2, 3), (0, 1)):
        with pytest.raises(ShapeError, match="x: expected"):
            density.log_prob(np.zeros(shape))
    with pytest.raises(ShapeError, match="mixture: expected one of dimension 1, got 2"):
        g.against_mixture(density, MIXTURE, samples=100, key=jax.random.key(0))
    with pytest.raises(ConfigurationError, match="steps"):
        density.sample(jax.random.key(0), 5, steps=0)
    with pytest.raises(ConfigurationError, match="n: "):
        density.sample(jax.random.key(0), 0)
    with pytest.raises(ConfigurationError, match="key"):
        density.log_prob(x, probes=2)
    with pytest.raises(NonFiniteError, match="x: "):
        density.log_prob(np.array([[np.nan]]))
    with pytest.raises(NonFiniteError, match="samples"):
        g.mixture_samples(MIXTURE, np.full((3, 2), np.nan), np.zeros((3, 2)))
