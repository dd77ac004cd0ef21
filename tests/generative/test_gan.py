"""Generators against critics: known costs, a shift that is learned, a game that runs away."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm
from physml.errors import (
    CheckpointError,
    ConfigurationError,
    ConvergenceError,
    DivergenceError,
    FingerprintError,
    NonFiniteError,
    ShapeError,
)
from physml.generative.adversaries.gan import players
from physml.generative.adversaries.generator_model import GeneratorModel
from physml.generative.adversaries.kept_good import keeping_good

KEY = jax.random.key(0)
NETWORKS = pm.MLP((), outputs=2), pm.MLP((8,))


def normal(n=500):
    """About (2, 1), with deviations of a half and a quarter."""
    return np.array([2.0, 1.0]) + np.random.default_rng(0).normal(size=(n, 2)) * [0.5, 0.25]


def test_a_normal_density_is_learned():
    """By a linear generator, and the game that converges."""
    adam = optax.adam(optax.cosine_decay_schedule(1e-2, 1500), b1=0.5)
    pair = pm.generative.gan(
        normal(),
        *NETWORKS,
        cost=pm.generative.non_saturating(1.0),
        critic_steps=1,
        steps=1500,
        size=100,
        optimizer=adam,
        progress=False,
    )
    x = np.asarray(pair.sample(KEY, 2000))
    np.testing.assert_allclose(x.mean(axis=0), [2.0, 1.0], atol=0.1)
    far = pm.generative.sliced_wasserstein_distance(x, normal(2000), key=KEY, resamples=2).value
    assert far < 0.15 and "doubt" not in pair.words()


def test_a_critic_that_slopes_the_wrong_way_is_told():
    """Of one component its sign cannot turn: the penalty stands between."""
    critic = {"params": {"Dense_0": {"kernel": -jnp.ones((1, 1)), "bias": jnp.zeros(1)}}}
    line = pm.MLP((), outputs=1)
    start = {"generator": line.init(KEY, jnp.zeros(1)), "critic": critic}
    pair = pm.generative.gan(
        5.0 + normal()[:, :1], line, pm.MLP(()), latent=1, params=start, steps=300, progress=False,
        optimizer=optax.adam(1e-3, b1=0.0),
    )  # fmt: skip
    assert float(pair.params["critic"]["params"]["Dense_0"]["kernel"][0, 0]) < -0.5
    assert "the wrong way" in pair.words()["doubt"]


COSTS = [pm.generative.wasserstein(7.0), pm.generative.non_saturating(3.0)]


@pytest.mark.parametrize("cost", COSTS, ids=lambda one: one.name)
def test_costs_are_those_of_their_formulas(cost):
    """Of a linear critic ``D(x) = a x`` and a generator ``G(z) = b z``, by hand."""
    line = pm.MLP((), outputs=1)
    model = GeneratorModel(line, pm.MLP(()), 1, (1,))
    a, b = 1.5, 0.4
    dense = lambda slope: {
        "params": {"Dense_0": {"kernel": jnp.full((1, 1), slope), "bias": jnp.zeros(1)}}
    }
    params = {"generator": dense(b), "critic": dense(a)}
    x, z = np.array([1.0, -2.0, 0.5]), np.array([0.3, 1.0, -0.7])
    batch = {"x": x[:, None], "z": z[:, None], "u": np.full(3, 0.25)}
    told, _ = jax.jit(players(model, cost).evaluate)(params, (), batch)
    soft = lambda t: np.logaddexp(0, t)
    if cost.name == "wasserstein":
        expected = {
            "critic": np.mean(a * b * z - a * x) + 7 * (a - 1) ** 2,
            "generator": -np.mean(a * b * z),
        }
    else:
        expected = {
            "critic": np.mean(soft(-a * x) + soft(a * b * z)) + 1.5 * a**2,
            "generator": np.mean(soft(-a * b * z)),
        }
    for player, loss in expected.items():
        assert float(told.metrics[f"loss/{player}"]) == pytest.approx(loss, rel=1e-6)
    assert float(told.metrics["slope/critic"]) == pytest.approx(a, rel=1e-6)
    difference = float(told.metrics["difference/critic"])
    assert difference == pytest.approx(np.mean(a * x - a * b * z), rel=1e-6)


@pytest.mark.slow
def test_the_generator_moves_once_in_so_many_steps():
    seen = []
    watch = pm.every(1, lambda update: seen.append(jax.tree.map(np.asarray, update.params)))
    pm.generative.gan(
        normal(), *NETWORKS, steps=7, critic_steps=3, callbacks=[watch], progress=False
    )
    moved = {
        player: [
            bool(np.any(one[player]["params"]["Dense_0"]["kernel"] != other))
            for one, two in itertools.pairwise(seen)
            for other in [two[player]["params"]["Dense_0"]["kernel"]]
        ]
        for player in ("generator", "critic")
    }
    assert moved["generator"] == [False, True, False, False, True, False]
    assert all(moved["critic"])


@pytest.mark.parametrize("rate", [30.0, pytest.param(1e308, marks=pytest.mark.slow)])
def test_a_game_that_runs_away_is_stopped_and_the_last_good_pair_kept(rate):
    """By a bound on its metrics, or by what is not finite."""
    with pytest.raises(DivergenceError, match=r"step \d+") as told:
        pm.generative.gan(
            normal(),
            *NETWORKS,
            optimizer=optax.sgd(rate),
            limit=1e3 if rate < 1e3 else 1e308,
            steps=200,
            progress=False,
        )
    kept = told.value.kept
    assert np.isfinite(np.asarray(kept.sample(KEY, 10))).all()
    assert told.value.state is not None
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(kept.params))


@pytest.mark.slow
def test_a_conditional_pair_is_kept(tmp_path):
    data = pm.Dataset(np.zeros((20, 2, 2)), np.arange(20) % 3)
    networks = pm.MLP((3,), outputs=4), pm.MLP((3,))
    found = pm.generative.gan(
        data, *networks, latent=1, conditional=True, size=5, steps=4, progress=False
    )
    found.save(tmp_path / "kept")
    load = pm.generative.AdversarialPair.load
    again = load(tmp_path / "kept", *networks)
    labels = np.arange(6) % 3
    np.testing.assert_array_equal(again.sample(KEY, 6, labels), found.sample(KEY, 6, labels))
    np.testing.assert_array_equal(
        again.critic(data.inputs[:6], labels), found.critic(data.inputs[:6], labels)
    )
    assert again.numbers() == found.numbers() | {"compile_seconds": 0.0}
    assert again.plot(tmp_path / "pair.png").exists()
    with pytest.raises(CheckpointError, match="expected the model that was saved"):
        load(tmp_path / "kept", networks[0], pm.MLP((4,)))
    with pytest.raises(FingerprintError, match="other outputs"):
        load(tmp_path / "kept", pm.MLP((3,), outputs=4, activation=jnp.sin), networks[1])
    with pytest.raises(ConfigurationError, match="a class from 0 to 2"):
        found.sample(KEY, 3)


@pytest.mark.slow
def test_good_parameters_are_kept_and_averaged():
    """Of steps in bounds alone, the last and the running mean, begun afresh at the start."""
    square = pm.cost(lambda p, b: (p**2, {"size": jnp.abs(p)}))
    objective = keeping_good(square, ("size",), 10.0, 4.0)
    state = objective.init(jnp.array(0.0))
    path, mean = [1.0, 2.0, 3.0, 50.0, 4.0], 0.0
    for step, value in enumerate(path):
        _, state = objective.evaluate(jnp.array(value), state, ())
        if value < 10:
            mean += (value - mean) / min(4.0, 1 + step / 10)
    assert (float(state.params), int(state.good_step)) == (4.0, 4)
    assert float(state.average) == pytest.approx(mean)


def gan(data, *networks, **options):
    usual = {"steps": 0, "size": 2, "progress": False}
    return pm.generative.gan(data, *networks, **{**usual, **options})


ONES = np.ones((5, 3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: gan(ONES, pm.MLP((), outputs=3), pm.MLP((), outputs=1)),
            ShapeError,
            "critic: expected one number",
        ),
        (lambda: gan(ONES, pm.MLP((), outputs=2), pm.MLP(())), ShapeError, "generator: expected"),
        (lambda: gan(np.nan * ONES), NonFiniteError, "finite"),
        (lambda: gan(ONES, size=6), ConfigurationError, "from 1 to 5"),
        (lambda: gan(ONES, latent=0), ConfigurationError, "latent"),
        (lambda: gan(ONES, critic_steps=0), ConfigurationError, "critic_steps"),
        (lambda: gan(ONES, average=0.5), ConfigurationError, "average"),
        (lambda: gan(ONES, conditional=True), ConfigurationError, "conditional"),
        (lambda: pm.generative.wasserstein(0.0), ConfigurationError, "penalty"),
        (lambda: pm.generative.non_saturating(-1.0), ConfigurationError, "penalty"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_critic_s_distance_is_exact_over_its_slope_and_high_by_the_penalty_without():
    """Of a linear critic and a translation by 2, λ = 5: ``W (1 + W/2λ)``, 20% high."""
    near = lambda key: jax.random.normal(key, (2,))
    far = lambda key: jnp.array([2.0, 0.0]) + near(key)
    found = pm.generative.critic_distance(
        far,
        near,
        pm.MLP(()),
        penalty=5.0,
        steps=400,
        size=200,
        judge=20_000,
        optimizer=optax.adam(optax.cosine_decay_schedule(5e-2, 400)),
        progress=False,
    )
    assert abs(found.distance - 2) < 0.01 + 4 * found.error
    assert abs(found.difference - 2.4) < 0.1
    assert found.steepest == pytest.approx(found.mean_slope, rel=1e-6)  # of a linear critic
    with pytest.raises(ShapeError, match="critic: expected one number"):
        pm.generative.critic_distance(far, near, pm.MLP((), outputs=1))
    with pytest.raises(ShapeError, match="samples of shape"):
        pm.generative.critic_distance(far, lambda key: jnp.zeros(3))
    for one in (lambda key: jnp.ones(1), lambda key: jnp.ones(())):
        with pytest.raises(ShapeError, match="wasserstein_distance is exact"):
            pm.generative.critic_distance(one, one)


def test_a_critic_that_slopes_the_wrong_way_is_refused(monkeypatch):
    near = lambda key: jax.random.normal(key, (2,))
    far = lambda key: 2.0 + near(key)

    def wrong(objective, sampler, optimizer, params, **_):
        return SimpleNamespace(params=jax.tree.map(lambda p: -jnp.ones_like(p), params))

    monkeypatch.setattr("physml.generative.adversaries.critic_distance.fit", wrong)
    with pytest.raises(ConvergenceError, match="none is below 0"):
        pm.generative.critic_distance(far, near, pm.MLP(()), judge=500, progress=False)


def test_subjects_that_cannot_be_are_refused():
    entries = pm.generative.catalogue.ENTRIES
    ring, pair = (type(entries[name].subject) for name in ("gan-ring", "wgan-gaussians"))
    with pytest.raises(ConfigurationError, match="deviation: expected below"):
        ring(modes=40)
    with pytest.raises(ConfigurationError, match="dimension: expected at least 2"):
        pair(dimension=1)
    with pytest.raises(ConfigurationError, match="held_out"):
        type(entries["gan-digits"].subject)(held_out=1.0)
    for name in ("gan-ring", "gan-digits"):
        for average in (0.5, np.nan):
            with pytest.raises(ConfigurationError, match="average: expected a number ≥ 1"):
                type(entries[name].recipe)(average=average)


@pytest.mark.slow
def test_the_entry_of_two_normal_densities_is_within_its_two_hundredths():
    entry = pm.generative.catalogue.ENTRIES["wgan-gaussians"]
    recipe = entry.recipe_for(entry.subject, "quick")
    told = entry.solve(entry.subject, recipe, key=KEY, progress=False).found
    assert told["relative_error"] < 0.02
    assert 0.03 < told["difference_relative_error"] < 0.08
    assert abs(told["along_the_line"] - told["exact"]) < 4 * told["along_the_line_error"] + 0.02


@pytest.mark.slow
def test_the_ring_s_modes_are_all_there():
    entry = pm.generative.catalogue.ENTRIES["gan-ring"]
    recipe = entry.recipe_for(entry.subject, "quick")
    told = entry.solve(entry.subject, recipe, key=KEY, progress=False).found
    assert told["covered"] == [8] and told["seeds_with_every_mode"] == 1
    assert told["good_share"][0] > 0.5


@pytest.mark.slow
def test_digits_that_are_asked_for_are_told_by_a_judge():
    entry = pm.generative.catalogue.ENTRIES["gan-digits"]
    recipe = entry.recipe_for(entry.subject, "quick")
    told = entry.solve(entry.subject, recipe, key=KEY, progress=False).found
    assert told["judge_accuracy"] > 0.93 and told["class_accuracy"] > 0.9
    assert abs(told["mmd_of_true_images"]) < 4 * told["mmd_chance"]
