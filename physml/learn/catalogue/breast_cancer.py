"""Tumours told malignant or benign by logistic regression, from measures of cell nuclei."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.datasets.dataset import Dataset
from physml.datasets.known_sets import breast_cancer
from physml.datasets.parts import k_fold, split
from physml.datasets.scaler import Scaler
from physml.errors import ConfigurationError
from physml.learn.linear import LinearClassifier, logistic_regression
from physml.learn.metrics import accuracy, auc, calibration, roc_curve
from physml.learn.resampling import Predict, cross_validated
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study


@dataclass(frozen=True)
class BreastCancer:
    """569 tumours.

    Attributes:
        held_out: the part of each class to judge on.
    """

    held_out: float = 0.25

    def data(self, key: Array) -> Dataset:
        """The tumours, split."""
        return split(breast_cancer(), self.held_out, key=key_for(key, "data"), stratified=True)


@dataclass(frozen=True, kw_only=True)
class LogisticRecipe:
    """What is tried.

    Attributes:
        strengths: penalties λ; the one is taken whose accuracy left out of folds is best.
        folds: of that choice, within the training part.
    """

    strengths: tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
    folds: int = 5

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        if not self.strengths or not all(0 < s < np.inf for s in self.strengths):
            raise ConfigurationError(f"strengths: expected numbers > 0, got {self.strengths}")
        if self.folds < 2:
            raise ConfigurationError(f"folds: expected at least 2, got {self.folds}")


@dataclass(frozen=True)
class ScaledLogistic:
    """A way to learn: a classifier with the scaler of its training samples in it."""

    strength: float

    def fitted(self, train: Dataset) -> LinearClassifier:
        """The classifier of inputs as they are."""
        scaler = Scaler.of(train.inputs)
        model = logistic_regression(scaler(train.inputs), train.labels, self.strength)
        return model.behind(scaler)

    def __call__(self, train: Dataset) -> Predict:
        """``(train) -> predict``."""
        return self.fitted(train).predict


def solve(
    subject: BreastCancer,
    recipe: LogisticRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Nothing is trained step by step, so that no run keeps any."""
    del run, callbacks
    parted = subject.data(key)
    train, test = parted.train, parted.test
    folds = k_fold(len(train), recipe.folds, key=key_for(key, "folds"))
    left_out = [
        cross_validated(learn, train, folds, judge=accuracy).mean()
        for learn in map(ScaledLogistic, recipe.strengths)
    ]
    trained = [
        accuracy(train.labels, learn(train)(train.inputs))
        for learn in map(ScaledLogistic, recipe.strengths)
    ]
    strength = recipe.strengths[int(np.argmax(left_out))]
    model = ScaledLogistic(strength).fitted(train)
    told, p = model.predict(test.inputs), model.probabilities(test.inputs)
    own = model.probabilities(train.inputs)[np.arange(len(train)), train.labels]
    scaler = Scaler.of(train.inputs)
    penalty = strength * np.sum((model.coefficients * scaler.deviation) ** 2)
    area, sure = auc(test.labels, p[:, 1]), calibration(test.labels, p)
    most = np.bincount(test.labels).max() / len(test)
    found = {
        "accuracy": accuracy(test.labels, told),
        "loss": float(-np.mean(np.log(own)) + penalty),
        "train": len(train),
        "test": len(test),
        "parameters": model.numbers(),
        "cross_validated_accuracy": float(max(left_out)),
        "auc": area,
        "calibration_error": sure.error,
        "strength": strength,
        "trivial_accuracy": float(most),
    }
    said = {
        "accuracy": f"{found['accuracy']:.4f} of {len(test)} not trained on, AUC {area:.4f}",
        "beside": f"the larger class alone {most:.4f}",
        "model": f"logistic regression, λ = {strength:g} by {recipe.folds} folds, "
        f"{max(left_out):.4f} left out of them",
    }
    curve = roc_curve(test.labels, p[:, 1])
    panels = [
        Panel(
            "λ",
            "accuracy",
            {
                "train": (recipe.strengths, trained),
                "cross-validation": (recipe.strengths, left_out),
            },
            "x",
        ),
        Panel(
            "false positive rate",
            "true positive rate",
            {f"AUC {area:.4f}": (curve.false_positive_rate, curve.true_positive_rate)},
        ),
        Panel("confidence", "accuracy", {"calibration": (sure.confidence, sure.accuracy)}),
    ]
    arrays = {"coefficients": model.coefficients, "intercept": model.intercept}
    return Study("breast-cancer", found, said, arrays, panels)


def check(subject: BreastCancer, recipe: LogisticRecipe) -> None:
    """Ask for the data before a run is made.

    Raises:
        MissingDependencyError: without scikit-learn.
        ConfigurationError: a part to hold out that is none, more folds than samples.
    """
    if not 0 < subject.held_out < 1:
        raise ConfigurationError(f"held_out: expected a part in (0, 1), got {subject.held_out}")
    parted = subject.data(jax.random.key(0))  # parts of the same sizes by any key
    if recipe.folds > (most := len(parted.train)):
        raise ConfigurationError(f"folds: expected from 2 to {most}, got {recipe.folds}")


ENTRY = Entry(
    "breast-cancer",
    "−mean ln p(y | x), p = 1/(1 + e^{−z})",
    "test part",
    BreastCancer(),
    {"default": LogisticRecipe()},
    solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
