"""Handwritten digits of 8 × 8 pixels, told by a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
from jax import Array

from physml.datasets.dataset import Dataset
from physml.datasets.known_sets import digits
from physml.datasets.parts import split
from physml.errors import ConfigurationError
from physml.learn.catalogue.classifier_recipe import ClassifierRecipe, load
from physml.learn.classify import Classifier, classify
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback


@dataclass(frozen=True)
class Digits:
    """1,797 images, of people who are in both parts.

    Attributes:
        held_out: the part of each class to judge on.
    """

    held_out: float = 0.2

    def data(self, key: Array) -> Dataset:
        """The images, split."""
        return split(digits(), self.held_out, key=key_for(key, "data"), stratified=True)


def solve(
    subject: Digits,
    recipe: ClassifierRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Classifier:
    """Train on one part of the images, judge by the other."""
    return classify(
        recipe.build(),
        subject.data(key),
        optimizer=recipe.optimizer,
        size=recipe.size,
        epochs=recipe.epochs,
        key=key,
        run=run,
        callbacks=callbacks,
    )


def check(subject: Digits, recipe: ClassifierRecipe) -> None:
    """Ask for the data, and build network and optimizer, before a run is made.

    Raises:
        MissingDependencyError: without scikit-learn.
        ConfigurationError: a part to hold out that is none; settings that exclude each other; more
            images a step than there are.
        ShapeError: a network of other images.
    """
    if not 0 < subject.held_out < 1:
        raise ConfigurationError(f"held_out: expected a part in (0, 1), got {subject.held_out}")
    images = subject.data(jax.random.key(0))  # parts of the same sizes by any key
    recipe.check(images)
    if recipe.size > (most := len(images.train)):
        raise ConfigurationError(f"size: expected from 1 to {most}, got {recipe.size}")


CNN = ClassifierRecipe(
    network=NetworkSettings(name="convolution", channels=(32, 64)),
    optimizer=OptimizerSettings(name="adam", learning_rate=5e-3, decay=400.0),
    epochs=60,
)
"""Chosen by a fifth of the training part, split once more by seed 100."""


ENTRY = Entry(
    "digits",
    "−mean ln softmax(z(x))_y, 8 × 8 pixels",
    "test part",
    Digits(),
    {"default": ClassifierRecipe(), "cnn": CNN},
    solve,
    extendable=("epochs",),
    load=load,
    check=check,
)
