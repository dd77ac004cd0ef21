"""Entries of diffusion: quick recipes run, are saved and read back; judges of images."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.generative.catalogue.diffusion_digits import Dequantised

ENTRIES = pm.generative.catalogue.ENTRIES


@pytest.mark.slow
@pytest.mark.parametrize("name", ["diffusion-mixture", "diffusion-digits"])
def test_quick_recipes_tell_all_and_are_kept(name, tmp_path):
    entry = ENTRIES[name]
    recipe = entry.recipes["quick"]
    found = entry.solve(entry.subject, recipe, key=jax.random.key(0), progress=False)
    told = found.numbers()
    assert {"distance", "log_likelihood", "parameters", "compile_seconds"} <= set(told)
    for method in ("ddpm", "ddim", "reverse_sde", "probability_flow"):
        assert told[f"{method}_furthest"] < (2.2 if "digits" in name else 1.6) * told.get(
            "fresh_furthest", 17
        )
    if name == "diffusion-mixture":
        assert told["kl"] < 0.3 * told["gaussian_kl"] and told["exact_residual"] < 1e-12
        assert told["kl"] > -3 * told["kl_error"]
    else:
        assert told["bits_per_dimension"] < told["gaussian_bits_per_dimension"] < 4.09
        assert 0.7 < told["distance"] < 1.8  # 1.3 by the default recipe
    found.save(tmp_path / "kept")
    again = entry.load(entry.subject, recipe, tmp_path / "kept")
    assert again.numbers() == told | {"compile_seconds": 0.0}
    assert again.plot(tmp_path / "again.png").exists()


@pytest.mark.slow
def test_walkers_of_the_quick_recipe_relax_with_the_gap(tmp_path):
    entry = ENTRIES["langevin-relaxation"]
    recipe = replace(entry.recipes["quick"], walkers=2000, looks=5, relaxations=0.5)
    found = entry.solve(replace(entry.subject, beta=1.0), recipe, key=jax.random.key(0))
    told = found.numbers()
    assert told["exact"] == pytest.approx(0.748682, abs=1e-6)
    assert abs(told["rate"] - told["exact"]) < 4 * told["rate_error"]
    assert told["distance_in_deviations"] < 5
    found.save(tmp_path / "kept")
    assert entry.load(entry.subject, recipe, tmp_path / "kept").numbers() == told


def test_images_with_noise_keep_their_numbers():
    images = np.arange(12.0).reshape(3, 2, 2)
    drawn = np.asarray(Dequantised(images).sample(jax.random.key(0), 300))
    assert {tuple(np.floor(x).ravel()) for x in drawn} == {tuple(x.ravel()) for x in images}


def test_copies_are_told_from_new_images():
    random = np.random.default_rng(0)
    train, held_out, new = (random.normal(size=(60, 3, 3)) for _ in range(3))
    labels = np.arange(60) % 5
    judge = pm.generative.nearest_images
    copied = judge(train + 1e-3, train, held_out, labels)
    assert copied.copies == 1 and copied.ratio < 0.01 and copied.classes_off == 0
    twice = np.concatenate([train[:1], held_out])  # one image lies on both sides
    assert judge(train, train, twice, labels).copies == 1
    fresh = judge(new, train, held_out, labels)
    assert fresh.copies < 0.1 and 0.8 < fresh.ratio < 1.25
    with pytest.raises(ShapeError, match="one shape"):
        judge(train[:, 0], train, held_out, labels)
    with pytest.raises(ShapeError, match="labels"):
        judge(new, train, held_out, labels[1:])
    with pytest.raises(NonFiniteError):
        judge(new * np.nan, train, held_out, labels)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("diffusion-mixture", {"radius": -1.0}),
        ("diffusion-mixture", {"modes": 0}),
        ("langevin-relaxation", {"beta": 0.0}),
        ("langevin-relaxation", {"spread": 3.0}),
    ],
)
def test_subjects_that_cannot_be_are_refused(name, numbers):
    with pytest.raises(ConfigurationError):
        replace(ENTRIES[name].subject, **numbers)


def test_walks_that_would_run_away_or_never_end_are_refused():
    entry = ENTRIES["langevin-relaxation"]
    for recipe in entry.recipes.values():
        for beta in (1.0, 3.0):
            entry.check(replace(entry.subject, beta=beta), recipe)
    with pytest.raises(ConfigurationError, match=r"step: expected below 0\.0206"):
        entry.check(entry.subject, replace(entry.recipe, step=0.15))
    with pytest.raises(ConfigurationError, match="moves of walkers"):
        entry.check(entry.subject, replace(entry.recipe, relaxations=2000.0))


def test_recipes_that_cannot_be_are_refused():
    recipe = ENTRIES["diffusion-mixture"].recipe
    for wrong in ({"noise": 0.0}, {"judge": 2}, {"sampling": 0}, {"size": 1}):
        with pytest.raises(ConfigurationError):
            replace(recipe, **wrong)
    with pytest.raises(ConfigurationError, match="held_out"):
        replace(ENTRIES["diffusion-digits"].subject, held_out=1.0)
