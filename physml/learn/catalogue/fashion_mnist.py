"""Fashion-MNIST, told by a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jax import Array

from physml.as_whole import whole_fields
from physml.choices import check_choices
from physml.datasets.fashion_mnist import fashion_mnist
from physml.errors import ConfigurationError
from physml.learn.classify import Classifier, classify
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.train import Entry, Run
from physml.train.callbacks import Callback
from physml.train.entry import NoNumbers


@dataclass(frozen=True, kw_only=True)
class FashionRecipe:
    """How articles of clothing are told.

    Attributes:
        network: of an image, with ten outputs.
        optimizer: the optimizer.
        size: images of a step.
        epochs: how often each image is seen.
    """

    network: NetworkSettings = field(
        default_factory=lambda: NetworkSettings(name="mlp", width=256, depth=1, activation="silu")
    )
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="adam", learning_rate=2e-3, decay=1500)
    )
    size: int = 128
    epochs: int = 15

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        check_choices(self)
        for name in ("size", "epochs"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name}: expected at least 1, got {getattr(self, name)}")


def solve(
    subject: NoNumbers,
    recipe: FashionRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Classifier:
    """Train on the 60,000 images, judge by the 10,000."""
    return classify(
        network(recipe),
        replace(fashion_mnist(), name="fashion-mnist"),
        optimizer=recipe.optimizer.build(),
        size=recipe.size,
        epochs=recipe.epochs,
        key=key,
        run=run,
        callbacks=callbacks,
    )


def network(recipe: FashionRecipe) -> Any:
    """The network of a recipe."""
    return recipe.network.build(outputs=10)


def check(subject: NoNumbers, recipe: FashionRecipe) -> None:
    """Ask for the data, and build network and optimizer, before a run is made.

    Raises:
        DataFileError: where the files do not lie.
        ConfigurationError: settings that exclude each other, more images a step than there are.
    """
    network(recipe)
    recipe.optimizer.build()
    if recipe.size > (most := len(fashion_mnist().train)):
        raise ConfigurationError(f"size: expected from 1 to {most}, got {recipe.size}")


def load(subject: NoNumbers, recipe: FashionRecipe, directory: Path) -> Classifier:
    """Read the saved classifier of a recipe.

    Raises:
        CheckpointError, FingerprintError: see ``Classifier.load``.
    """
    return Classifier.load(directory, network(recipe))


ENTRY = Entry(
    "fashion-mnist",
    "−mean ln softmax(z(x))_y, 28 × 28 pixels",
    "test part",
    NoNumbers(),
    {"default": FashionRecipe()},
    solve,
    extendable=("epochs",),
    load=load,
    check=check,
)
