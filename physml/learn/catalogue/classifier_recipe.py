"""How classes of images are told by a network: what recipes of several entries say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from physml.as_whole import whole_fields
from physml.choices import check_choices
from physml.datasets.dataset import Dataset
from physml.errors import ConfigurationError
from physml.learn.classify import Classifier
from physml.learn.dropout_keys import outputs_of
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings


@dataclass(frozen=True, kw_only=True)
class ClassifierRecipe:
    """How classes of images are told.

    Attributes:
        network: of an image, with an output a class.
        optimizer: the optimizer.
        size: images of a step.
        epochs: how often each image is seen.
    """

    network: NetworkSettings = field(
        default_factory=lambda: NetworkSettings(name="mlp", width=64, depth=1)
    )
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="adam", learning_rate=5e-3)
    )
    size: int = 64
    epochs: int = 30

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        check_choices(self)
        for name in ("size", "epochs"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name}: expected at least 1, got {getattr(self, name)}")

    def build(self) -> Any:
        """The network, of ten classes."""
        return self.network.build(outputs=10)

    def check(self, images: Dataset) -> None:
        """Build network and optimizer, and see that the network takes such images.

        Raises:
            ConfigurationError: settings that exclude each other.
            ShapeError: windows, patches or pooling beyond the images.
        """
        check_images(self.build(), images.inputs.shape[1:])
        self.optimizer.build()


def check_images(network: Any, shape: tuple[int, ...]) -> None:
    """Refuse a network that does not take images of a shape, to no other end.

    Raises:
        ShapeError: windows, patches or pooling beyond them.
    """
    outputs_of(network, jax.ShapeDtypeStruct(shape, jnp.result_type(float)))


def load(subject: Any, recipe: ClassifierRecipe, directory: Path) -> Classifier:
    """Read the saved classifier of a recipe.

    Raises:
        CheckpointError, FingerprintError: see ``Classifier.load``.
    """
    return Classifier.load(directory, recipe.build())
