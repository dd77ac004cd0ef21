"""What is given to a judge or a density and is no number of the right shape is told."""

from __future__ import annotations

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import (
    CheckpointError,
    ConfigurationError,
    DivergenceError,
    NonFiniteError,
    ShapeError,
)
from physml.generative.catalogue import gan_ring
from physml.generative.denoising.diffusion import samples_of
from physml.generative.sample_parts import as_condition

X = np.random.default_rng(0).normal(size=(20, 2))
PAIR = pm.generative.GaussianMixture.of([0.5, 0.5], [[-2.0, 0.0], [2.0, 1.0]], 0.1)


def with_one(value):
    x = X[:3].copy()
    x[0, 0] = value
    return x


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda g: g.mode_coverage(X, with_one(np.nan), 0.5), NonFiniteError, "centres"),
        (lambda g: g.mode_coverage(X, X[:2], 0.5, weights=[1, np.inf]), ShapeError, "weights"),
        (lambda g: g.nearest_images(X, with_one(np.nan), X, [0, 1, 2]), NonFiniteError, "train"),
        (lambda g: g.nearest_images(X, X[:3], with_one(np.inf), [0, 1, 2]), NonFiniteError, "held"),
        (lambda g: g.nearest_images(X, X[:3], X, [0.5, 1, 2]), ShapeError, "label 0"),
        (lambda g: g.nearest_images(X, X[:3], X, [0, -1, 2]), ShapeError, "label 1"),
        (lambda g: PAIR.log_prob(jnp.ones(1)), ShapeError, r"one point \(2,\)"),
        (lambda g: PAIR.log_prob(jnp.ones((2, 2))), ShapeError, r"one point \(2,\)"),
        (lambda g: PAIR.score(jnp.ones(()), 0.1), ShapeError, r"one point \(2,\)"),
    ],
)
def test_points(call, kind, message) -> None:
    """One broadcasts against two, and a NaN is near to nothing: both gave a number."""
    with pytest.raises(kind, match=message):
        call(pm.generative)


@pytest.mark.parametrize("n", [0, -1, 2.5])
@pytest.mark.parametrize(
    "kind", ["AutoregressiveDensity", "BoltzmannDensity", "EnergyDensity", "FlowDensity"]
)
def test_how_many_samples(kind, n) -> None:
    with pytest.raises(ConfigurationError, match="n: expected"):
        getattr(pm.generative, kind).sample(SimpleNamespace(), jax.random.key(0), n)
    with pytest.raises(ConfigurationError, match="n: expected"):
        PAIR.sample(jax.random.key(0), n)


def test_what_a_judge_of_classes_was_not_trained_on() -> None:
    """One column broadcasts against the scaler's two."""
    scaler = pm.datasets.Scaler.of(X)
    judge = pm.generative.ClassJudge(pm.MLP((), outputs=2), {}, scaler, 2, None, (2,))
    for wrong in (X[:, :1], X[:, 0], np.ones((3, 5))):
        with pytest.raises(ShapeError, match=r"samples: expected \(n, 2\)"):
            judge.predict(wrong)


def test_numbers_that_would_tell_nothing() -> None:
    g = pm.generative
    none = g.LogPartition(0.0, 0.0, 1.0, 0.0, 0.0, 2)
    rest = (np.zeros(1), np.ones(1), none, X, (0.0, 0.0), 0.0, X)
    with pytest.raises(NonFiniteError, match="points"):
        g.EnergyDensity(pm.MLP((2,)), {}, *rest).log_prob([[np.nan]])
    with pytest.raises(ConfigurationError, match="draws: expected at least 2"):
        g.evidence_bounds(None, None, X, latent=1, draws=1, key=jax.random.key(0))
    with pytest.raises(ConfigurationError, match="seed: expected at least 0"):
        g.independence_chain(X[:, 0], chains=2, seed=-1)


def test_a_table_is_data_and_no_source_of_them() -> None:
    """Its own ``sample`` draws rows."""
    pandas = pytest.importorskip("pandas")
    found, shape = samples_of(pandas.DataFrame(X), jax.random.key(0))
    np.testing.assert_array_equal(found, X)
    assert shape == (2,)


def test_labels_under_a_mask() -> None:
    with pytest.raises(ShapeError, match="masked"):
        as_condition(np.ma.masked_equal([0, 1], 1), 2, 2)


def test_a_density_that_is_nan_is_none() -> None:
    spins = pm.generative.Spins((2,), lambda s: -s[0] * s[1])
    with pytest.raises(ConfigurationError, match="normalised"):
        pm.generative.enumerated(spins, lambda s: s[0] * jnp.nan)


def test_what_a_directory_lacks_is_told(tmp_path) -> None:
    """As of an older version, which kept less."""
    kept = pm.train.Study("old", {"n": 1}, {}, {"x": np.zeros(1)})
    read = pm.train.Study.load(kept.save(tmp_path / "old"))
    assert read.found == {"n": 1} and read.arrays.get("y") is None
    for part in (read.found, read.arrays):
        with pytest.raises(CheckpointError, match="expected 'y', got a study without"):
            part["y"]


@pytest.mark.parametrize("lost", [(0,), (1, 2), (0, 1, 2)])
def test_a_seed_of_the_ring_that_runs_away_loses_no_other(monkeypatch, lost) -> None:
    """It is judged by its last pair in bounds, and never counted among those with every mode."""
    calls = []
    subject = gan_ring.Ring(samples=400)

    def pair():
        return SimpleNamespace(sample=lambda key, n: subject.draw(key, n), seed=len(calls))

    def gan(*data, **options):
        calls.append(options)
        if len(calls) - 1 in lost:
            error = DivergenceError("away")
            error.kept = pair()
            raise error
        return pair()

    monkeypatch.setattr(gan_ring, "gan", gan)
    monkeypatch.setattr(gan_ring, "replace", lambda kept, found: (kept.seed, found))
    recipe = gan_ring.RingRecipe(seeds=3, judge=400)
    if len(lost) == 3:
        with pytest.raises(DivergenceError):
            gan_ring.solve(subject, recipe, key=jax.random.key(0))
        return
    first, found = gan_ring.solve(subject, recipe, key=jax.random.key(0))
    assert first == 1 + min({0, 1, 2} - set(lost)) and len(calls) == 3
    assert found["diverged"] == list(lost) and found["covered"] == [8, 8, 8]
    assert found["seeds_with_every_mode"] == 3 - len(lost)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: g.vae(X, likelihood=g.gaussian), "likelihood: expected one such as"),
        (lambda g: g.vae(X, likelihood="bernoulli"), "likelihood: expected one such as"),
        (lambda g: g.gan(X, cost=g.non_saturating, size=None), "cost: expected one such as"),
        (lambda g: g.flow(g.DoubleWell(), training="scored"), "training: expected scored or"),
        (
            lambda g: g.DiffusionDensity.sample(None, jax.random.key(0), 1, method="ddim"),
            "method: expected one such as ddim",
        ),
    ],
)
def test_a_part_by_another_thing_than_it(call, message) -> None:
    """A function that has not been called, and a name."""
    with pytest.raises(ConfigurationError, match=message):
        call(pm.generative)


@pytest.mark.parametrize(
    ("load", "name"),
    [
        (lambda g, at: g.AutoregressiveDensity.load(at, g.Ising(4), "x"), "network"),
        (lambda g, at: g.FlowDensity.load(at, g.DoubleWell(), pm.MLP), "network"),
        (lambda g, at: g.BoltzmannDensity.load(at, None), "network"),
        (lambda g, at: g.EnergyDensity.load(at, "x"), "network"),
        (lambda g, at: g.DiffusionDensity.load(at, len), "network"),
        (lambda g, at: g.AdversarialPair.load(at, pm.MLP((2,)), "x"), "critic"),
        (lambda g, at: g.VariationalAutoencoder.load(at, pm.MLP((2,)), 3, g.gaussian()), "decoder"),
    ],
)
def test_what_is_no_network_is_told_before_a_file_is_read(load, name, tmp_path):
    with pytest.raises(ConfigurationError, match=rf"{name}: expected a flax\.linen module"):
        load(pm.generative, tmp_path)
