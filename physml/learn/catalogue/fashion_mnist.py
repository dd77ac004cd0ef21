"""Fashion-MNIST, told by a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jax import Array

from physml.datasets.fashion_mnist import fashion_mnist
from physml.errors import ConfigurationError
from physml.learn.catalogue.classifier_recipe import ClassifierRecipe, load
from physml.learn.classify import Classifier, classify
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.train import Entry, Run
from physml.train.callbacks import Callback
from physml.train.entry import NoNumbers


def solve(
    subject: NoNumbers,
    recipe: ClassifierRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Classifier:
    """Train on the 60,000 images, judge by the 10,000."""
    return classify(
        recipe.build(),
        replace(fashion_mnist(), name="fashion-mnist"),
        optimizer=recipe.optimizer,
        size=recipe.size,
        epochs=recipe.epochs,
        key=key,
        run=run,
        callbacks=callbacks,
    )


def check(subject: NoNumbers, recipe: ClassifierRecipe) -> None:
    """Ask for the data, and build network and optimizer, before a run is made.

    Raises:
        DataFileError: where the files do not lie.
        ConfigurationError: settings that exclude each other, more images a step than there are.
        ShapeError: a network of other images.
    """
    images = fashion_mnist()
    recipe.check(images)
    if recipe.size > (most := len(images.train)):
        raise ConfigurationError(f"size: expected from 1 to {most}, got {recipe.size}")


WIDE = ClassifierRecipe(
    network=NetworkSettings(name="mlp", width=256, depth=1, activation="silu"),
    optimizer=OptimizerSettings(name="adam", learning_rate=2e-3, decay=1500),
    size=128,
    epochs=15,
)

CNN = ClassifierRecipe(
    network=NetworkSettings(
        name="convolution",
        channels=(32, 48, 64),
        width=64,
        depth=1,
        activation="silu",
        dropout=0.2,
    ),
    optimizer=OptimizerSettings(name="adamw", learning_rate=2e-3, cosine=13_125.0),
    size=64,
    epochs=14,
)
"""Chosen by the last 10,000 of the training images, of three recipes."""

ENTRY = Entry(
    "fashion-mnist",
    "−mean ln softmax(z(x))_y, 28 × 28 pixels",
    "test part",
    NoNumbers(),
    {"default": WIDE, "cnn": CNN},
    solve,
    extendable=("epochs",),
    load=load,
    check=check,
)
