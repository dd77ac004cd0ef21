"""Variational autoencoders: their gradients, their bounds, the likelihood that none exceeds."""

from __future__ import annotations

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
from physml.generative.autoencoders.evidence import evidence
from physml.generative.autoencoders.latent_model import LatentModel

KEY = jax.random.key(0)
QUIET = {"progress": False, "size": None, "judge": 4}
LIKELIHOODS = [
    pm.generative.gaussian(),
    pm.generative.gaussian(0.3),
    pm.generative.bernoulli(),
    pm.generative.binomial(4),
]


def line(n=200, noise=0.3):
    random = np.random.default_rng(0)
    z = random.normal(size=(n, 1))
    return z @ np.array([[1.0, 2.0, -1.0]]) + noise * random.normal(size=(n, 3)) + 1.0


@pytest.fixture(scope="module")
def linear():
    """A linear autoencoder at the best parameters, by the closed form of principal components."""
    x = line()
    best = pm.generative.probabilistic_pca(x, 1)
    w, spread = best.weights, best.weights.T @ best.weights + best.variance
    inverse = 1 / spread[0, 0]
    encoder = {
        "kernel": np.concatenate([w * inverse, np.zeros((3, 1))], axis=1),
        "bias": np.array([-(best.mean @ w)[0] * inverse, np.log(best.variance * inverse)]),
    }
    dense = lambda leaves: {"params": {"Dense_0": jax.tree.map(jnp.asarray, leaves)}}
    params = {
        "encoder": dense(encoder),
        "decoder": dense({"kernel": w.T, "bias": best.mean}),
        "likelihood": {"log_variance": jnp.log(jnp.asarray(best.variance))},
    }
    found = pm.generative.vae(
        x, pm.MLP((), outputs=2), pm.MLP((), outputs=3), latent=1, steps=0, params=params, **QUIET
    )
    return x, best, found


def test_the_closed_form_is_the_largest_likelihood():
    """By its own density, and no nearby weights or variance are better."""
    x = line()
    best = pm.generative.probabilistic_pca(x, 1)

    def told(weights, variance):
        covariance = weights @ weights.T + variance * np.eye(3)
        away = x - x.mean(axis=0)
        square = np.einsum("ni,ij,nj->n", away, np.linalg.inv(covariance), away).mean()
        return -0.5 * (square + np.linalg.slogdet(covariance)[1] + 3 * np.log(2 * np.pi))

    assert told(best.weights, best.variance) == pytest.approx(best.log_likelihood, abs=1e-12)
    random = np.random.default_rng(1)
    for _ in range(20):
        near = best.weights + 0.05 * random.normal(size=(3, 1))
        assert told(near, best.variance) < best.log_likelihood
        assert told(best.weights, best.variance * 1.05) < best.log_likelihood


def test_where_the_posterior_is_exact_both_bounds_are_the_likelihood_without_noise(linear):
    _, best, found = linear
    bounds = found.bounds
    assert bounds.elbo == pytest.approx(best.log_likelihood, abs=1e-10)
    assert bounds.tight == pytest.approx(best.log_likelihood, abs=1e-10)
    assert bounds.elbo_noise < 1e-10 < bounds.elbo_error


def test_along_the_path_the_encoder_s_gradient_vanishes_there_without_noise(linear):
    x, _, found = linear
    noise = jax.random.normal(KEY, (len(x), 1, 1))
    batch = {"x": jnp.asarray(x), "noise": noise}
    size = {}
    for path in (False, True):
        objective = evidence(found.model, path=path)
        told, _ = jax.jit(objective.evaluate)(found.params, (), batch)
        slopes = told.gradient["encoder"]["params"]["Dense_0"].values()
        size[path] = max(float(np.abs(leaf).max()) for leaf in slopes)
    assert size[True] < 1e-9 < size[False]


def test_bounds_stand_in_their_order_and_within_their_noise(linear):
    """With a wrong posterior: ELBO < tighter bound < ln p, and repeats spread as they are said."""
    x, best, found = linear
    worse = jax.tree.map(lambda leaf: leaf, found.params)
    worse["encoder"]["params"]["Dense_0"]["bias"] += jnp.array([0.2, 0.8])
    samples = {"x": jnp.asarray(x)}
    told = [
        pm.generative.evidence_bounds(
            found.model.log_weight, worse, samples, latent=1, draws=16, key=jax.random.key(i)
        )
        for i in range(40)
    ]
    elbo, tight = (np.array([getattr(t, name) for t in told]) for name in ("elbo", "tight"))
    assert elbo.mean() < tight.mean() - 0.05 < tight.mean() < best.log_likelihood
    for seen, noise in ((elbo, told[0].elbo_noise), (tight, told[0].tight_noise)):
        assert 0.6 < seen.std(ddof=1) / noise < 1.6  # of 40 repeats: ±11%


@pytest.mark.slow
@pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=lambda one: one.name)
def test_rows_give_the_gradient(likelihood):
    model = LatentModel(pm.MLP((3,), outputs=4), pm.MLP((3,), outputs=5), likelihood, 2, (5,))
    params = jax.jit(model.init)(KEY)
    batch = {
        "x": 1.0 * jax.random.bernoulli(KEY, shape=(6, 5)),
        "noise": jax.random.normal(KEY, (6, 3, 2)),
    }

    @jax.jit
    def evaluated(params, batch):
        told, _ = evidence(model, 2.5).evaluate(params, (), batch)
        return told.loss, told.metrics, told.gradient, told.jacobian.vm(told.residual)

    loss, metrics, slopes, mine = evaluated(params, batch)
    for row, gradient in zip(*map(jax.tree.leaves, (mine, slopes)), strict=True):
        np.testing.assert_allclose(row, gradient, atol=1e-12)
    assert float(loss) == pytest.approx(float(metrics["distortion"] + 2.5 * metrics["rate"]))


@pytest.mark.slow
@pytest.mark.parametrize("likelihood", LIKELIHOODS[2:], ids=lambda one: one.name)
def test_probabilities_of_counts_sum_to_one_and_draws_follow_them(likelihood):
    outputs = jnp.array([0.7])
    trials = int(likelihood.unit)
    p = np.exp([float(likelihood.log_prob((), outputs, jnp.array([k]))) for k in range(trials + 1)])
    assert p.sum() == pytest.approx(1, abs=1e-12)
    assert float(likelihood.mean((), outputs)[0]) == pytest.approx(p @ np.arange(trials + 1))
    drawn = jax.vmap(lambda key: likelihood.draw(key, (), outputs))(jax.random.split(KEY, 4000))
    counts = np.bincount(np.asarray(drawn[:, 0]).astype(int), minlength=trials + 1)
    assert np.all(np.abs(counts - 4000 * p) < 4 * np.sqrt(4000 * p * (1 - p)))


@pytest.mark.slow
def test_a_weight_on_the_rate_is_a_variance():
    """With σ² given, β at σ² and 1 at β σ²: one cost, but for a factor and what does not move."""
    batch = {"x": jnp.asarray(line(20)), "noise": jax.random.normal(KEY, (20, 1, 1))}
    networks = pm.MLP((), outputs=2), pm.MLP((), outputs=3)
    told = []
    for variance, beta in ((0.5, 3.0), (1.5, 1.0)):
        model = LatentModel(*networks, pm.generative.gaussian(variance), 1, (3,))
        start = jax.jit(model.init)(KEY)
        found, _ = jax.jit(evidence(model, beta).evaluate)(start, (), batch)
        told.append(jax.tree.map(lambda leaf, b=beta: np.asarray(leaf) / b, found.gradient))
    for one, other in zip(*map(jax.tree.leaves, told), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.slow
def test_a_conditional_model_is_kept_and_is_conditional(tmp_path):
    """Two classes of pixels, all on and all off."""
    x = np.repeat([[[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]], 20, axis=0)
    data = pm.Dataset(x, np.repeat([0, 1], 20))
    networks = pm.MLP((4,), outputs=2), pm.MLP((4,), outputs=4)
    likelihood = pm.generative.bernoulli()
    found = pm.generative.vae(
        data,
        *networks,
        latent=1,
        likelihood=likelihood,
        conditional=True,
        steps=200,
        optimizer=pm.optim.OptimizerSettings(name="adam", learning_rate=3e-2),
        **QUIET,
    )
    mean = np.asarray(found.sample(KEY, 200, np.arange(200) % 2)).mean(axis=(1, 2))
    assert mean[::2].mean() > 0.9 and mean[1::2].mean() < 0.1
    found.save(tmp_path / "kept")
    load = pm.generative.VariationalAutoencoder.load
    again = load(tmp_path / "kept", *networks, likelihood)
    assert again.numbers() == found.numbers() | {"compile_seconds": 0.0}
    np.testing.assert_array_equal(again.decode([[0.3]], [1]), found.decode([[0.3]], [1]))
    assert again.plot(tmp_path / "map.png").exists()
    assert found.interpolate(x[0], x[-1], 3, [0, 1]).shape == (3, 2, 2)
    with pytest.raises(ShapeError, match=r"last: .* masked"):
        found.interpolate(x[0], np.ma.array(x[-1], mask=True), 3, [0, 1])
    with pytest.raises(CheckpointError, match="expected the model that was saved"):
        load(tmp_path / "kept", networks[0], pm.MLP((5,), outputs=4), likelihood)
    with pytest.raises(FingerprintError, match="expected the likelihood bernoulli"):
        load(tmp_path / "kept", *networks, pm.generative.gaussian())
    darker = likelihood._replace(log_prob=lambda *told: 2 * likelihood.log_prob(*told))
    with pytest.raises(FingerprintError, match="likelihood gives other probabilities"):
        load(tmp_path / "kept", *networks, darker)
    with pytest.raises(FingerprintError, match="other outputs"):
        load(
            tmp_path / "kept", pm.MLP((4,), outputs=2, activation=jnp.sin), networks[1], likelihood
        )
    with pytest.raises(ConfigurationError, match="a class from 0 to 1"):
        found.sample(KEY, 3)
    with pytest.raises(ShapeError, match="one for each of 3"):
        found.sample(KEY, 3, [0])


@pytest.mark.slow
def test_another_variance_is_not_taken_for_the_one_that_was_kept(tmp_path):
    networks, one = (pm.MLP((), outputs=2), pm.MLP((), outputs=3)), pm.generative.gaussian(0.01)
    given = {"latent": 1, "likelihood": one, "steps": 0}
    pm.generative.vae(line(20), *networks, **given, **QUIET).save(tmp_path / "kept")
    with pytest.raises(FingerprintError, match="likelihood gives other probabilities"):
        pm.generative.VariationalAutoencoder.load(
            tmp_path / "kept", *networks, pm.generative.gaussian(1.0)
        )


def test_grey_pixels_have_no_importance_bound():
    """Their ln p is a mean over images of on and off, of which no weight is made."""
    x = np.random.default_rng(0).uniform(size=(10, 3))
    grey = pm.generative.vae(
        x,
        pm.MLP((), outputs=2),
        pm.MLP((), outputs=3),
        latent=1,
        steps=0,
        likelihood=pm.generative.bernoulli(),
        **QUIET,
    )
    assert grey.numbers()["importance_bound"] is None and np.isnan(grey.bounds.tight)
    assert "importance-weighted bound" not in grey.words()


def vae(data, *networks, **options):
    return pm.generative.vae(data, *networks, **{"steps": 0, **QUIET, **options})


ONES = np.ones((5, 3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: vae(2 * ONES, likelihood=pm.generative.bernoulli()), ShapeError, r"\[0, 1\]"),
        (lambda: vae(0.5 * ONES, likelihood=pm.generative.binomial(2)), ShapeError, "whole numb"),
        (lambda: vae(np.nan * ONES), NonFiniteError, "finite"),
        (lambda: vae(np.ones(5)), ShapeError, r"expected samples \(n, d\)"),
        (lambda: vae(ONES, latent=0), ConfigurationError, "latent: expected at least 1"),
        (lambda: vae(ONES, beta=0.0), ConfigurationError, "beta"),
        (lambda: vae(ONES, size=6), ConfigurationError, "from 1 to 5"),
        (lambda: vae(ONES, judge=1), ConfigurationError, "judge"),
        (lambda: vae(ONES, conditional=True), ConfigurationError, "conditional"),
        (lambda: vae(ONES, pm.MLP((), outputs=3)), ShapeError, "encoder: expected means"),
        (
            lambda: vae(ONES, pm.MLP((), outputs=4), pm.MLP((), outputs=2)),
            ShapeError,
            r"decoder: expected outputs of a sample's shape \(3,\)",
        ),
        (lambda: vae(ONES, jnp.sin), ConfigurationError, "encoder"),
        (lambda: pm.generative.gaussian(0.0), ConfigurationError, "variance"),
        (lambda: pm.generative.binomial(0), ConfigurationError, "trials"),
        (lambda: pm.generative.probabilistic_pca(line(), 3), ConfigurationError, "fewer than 3"),
        (lambda: pm.generative.probabilistic_pca(ONES, 1), ConfigurationError, "no maximum"),
        (lambda: pm.generative.probabilistic_pca(np.nan * ONES, 1), NonFiniteError, "finite"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_linear_entry_reaches_the_closed_form():
    entry = pm.generative.catalogue.ENTRIES["vae-linear"]
    subject = type(entry.subject)(dimension=4, latent=1, samples=100)
    recipe = entry.recipe_for(subject, "quick")
    told = entry.solve(subject, recipe, key=KEY, progress=False).numbers()
    assert -4 * told["gap_error"] < told["gap"] < 2e-3
    assert told["own_log_likelihood"] <= told["exact"] + 1e-12
    assert told["variance"] == pytest.approx(told["exact_variance"], rel=1e-2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_linear_recipe_reaches_it_by_a_thousandth(seed):
    entry = pm.generative.catalogue.ENTRIES["vae-linear"]
    found = entry.solve(entry.subject, entry.recipe, key=jax.random.key(seed), progress=False)
    assert found.numbers()["gap"] < 1e-3


@pytest.mark.slow
def test_digits_are_above_pixels_alone_and_latents_tell_classes():
    entry = pm.generative.catalogue.ENTRIES["vae-digits"]
    recipe = entry.recipe_for(entry.subject, "quick")
    told = entry.solve(entry.subject, recipe, key=KEY, progress=False).numbers()
    assert told["alone"] + 50 < told["elbo"] < told["importance_bound"]
    assert told["latent_accuracy"] > 0.8 and told["pixel_accuracy"] > 0.93
