"""The entry of Fashion-MNIST: on a set of the same form, and on the real one where it lies."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, DataFileError, ShapeError
from physml.learn.catalogue import fashion_mnist as entry

ENTRY = entry.ENTRY
KEY = jax.random.key(0)


def small():
    """300 images of 4 × 4 pixels, of which the brightest tells the class."""
    random, labels = np.random.default_rng(0), np.arange(300) % 10
    images = random.normal(size=(300, 16)) + 8 * np.eye(16)[labels]
    split = np.arange(300) >= 200
    return pm.Dataset(images.reshape(-1, 4, 4), labels, name="small", split=split)


def test_a_set_of_the_same_form_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(entry, "fashion_mnist", small)
    network = pm.networks.NetworkSettings(name="mlp", width=8, depth=1)
    recipe = dataclasses.replace(ENTRY.recipe, network=network, size=20, epochs=60)
    ENTRY.check(ENTRY.subject, recipe)
    model = ENTRY.solve(ENTRY.subject, recipe, key=KEY)
    numbers = model.numbers()
    assert numbers["entry"] == "fashion-mnist" and numbers["accuracy"] > 0.9
    model.save(tmp_path / "kept")
    again = ENTRY.load(ENTRY.subject, recipe, tmp_path / "kept")
    assert again.numbers()["accuracy"] == numbers["accuracy"]
    with pytest.raises(ConfigurationError, match="size: expected from 1 to 200"):
        ENTRY.check(ENTRY.subject, dataclasses.replace(recipe, size=201))
    thirds = pm.networks.NetworkSettings(name="convolution", channels=(2,), patch=3)
    with pytest.raises(ShapeError, match="multiples of patch, 3"):
        ENTRY.check(ENTRY.subject, dataclasses.replace(recipe, network=thirds))


def told(recipe):
    """The real set by a recipe, in single precision; skipped where its files do not lie."""
    try:
        ENTRY.check(ENTRY.subject, recipe)
    except DataFileError as missing:
        pytest.skip(str(missing))
    with jax.enable_x64(False):
        numbers = ENTRY.solve(ENTRY.subject, recipe, key=KEY).numbers()
    assert (numbers["train"], numbers["test"]) == (60_000, 10_000)
    return numbers["accuracy"]


@pytest.mark.slow
def test_it_is_told_as_on_the_page():
    """Of 10,000 images, whose deviation is 0.3%: within three of them."""
    assert told(ENTRY.recipe) > 0.895 - 3 * 0.003


@pytest.mark.slow
def test_convolutions_learn_in_two_epochs():
    """The page's 14 take a quarter of an hour; after two, 87.6% were told."""
    recipe = ENTRY.recipe_for(ENTRY.subject, "cnn")
    optimizer = dataclasses.replace(recipe.optimizer, cosine=2 * 938.0)
    assert told(dataclasses.replace(recipe, epochs=2, optimizer=optimizer)) > 0.86
