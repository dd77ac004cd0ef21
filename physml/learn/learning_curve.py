"""Learning curves: loss against epochs, and what a way to learn is worth against samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.datasets.dataset import Dataset
from physml.datasets.generator import generator
from physml.errors import ConfigurationError
from physml.figures import figure
from physml.learn.parts_of_data import whole
from physml.learn.resampling import Judge, Learn


class LearningCurve(NamedTuple):
    """What was learned from ever more samples.

    Attributes:
        sizes: how many, ``(k,)``, ascending.
        train: the metric on those samples themselves, ``(draws, k)``.
        test: on the others, ``(draws, k)``.
    """

    sizes: np.ndarray
    train: np.ndarray
    test: np.ndarray

    def plot(self, path: str | Path, *, metric: str = "metric") -> Path:
        """Save a figure: the mean over draws against samples, with the spread of the draws.

        Args:
            path: a file whose ending names the format.
            metric: its name.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        with figure(path, 1, 1) as axis:
            for label, found in (("training samples", self.train), ("other samples", self.test)):
                axis.plot(self.sizes, found.mean(axis=0), "o-", markersize=3, label=label)
                if len(found) > 1:
                    low, high = found.min(axis=0), found.max(axis=0)
                    axis.fill_between(self.sizes, low, high, alpha=0.2, linewidth=0)
            axis.set(xlabel="samples trained on", ylabel=metric, xscale="log")
            axis.legend()
        return Path(path)


def learning_curve(
    learn: Learn,
    train: Dataset,
    test: Dataset,
    *,
    sizes: Sequence[int],
    judge: Judge,
    draws: int = 1,
    key: Array,
) -> LearningCurve:
    """A metric against the number of samples that are learned from.

    In each draw the samples are shuffled anew, and each size takes the first of them, so that the
    samples of a smaller one are among those of a larger.

    Args:
        learn: ``(train) -> predict``; scaling and all other choices are made in it.
        train: from which samples are taken.
        test: on which all are judged.
        sizes: how many, ascending, at most ``len(train)``.
        judge: a metric, ``(targets, predictions) -> number``.
        draws: how often.
        key: a random key.

    Raises:
        ConfigurationError: no size, sizes that do not ascend or are out of range, no draw; data
            with a split, whose test part would be trained on.

    >>> import jax, numpy as np, physml as pm
    >>> x = np.random.default_rng(0).normal(size=(60, 3))
    >>> data = pm.datasets.split(pm.Dataset(x, x @ [1, 2, 3]), 0.5, key=jax.random.key(0))
    >>> line = lambda train: pm.learn.ridge(train.inputs, train.targets, 0.1).predict
    >>> found = pm.learn.learning_curve(line, data.train, data.test, sizes=(4, 30),
    ...                                 judge=pm.learn.mean_squared_error, key=jax.random.key(1))
    >>> found.test.shape, bool(found.test[0, 1] < found.test[0, 0])
    ((1, 2), True)
    """
    draws = as_whole("draws", draws, least=1)
    train, test = whole("train", train), whole("test", test)
    counts = [as_whole("sizes", size, least=1) for size in sizes]
    if not counts or sorted(set(counts)) != counts or counts[-1] > len(train):
        raise ConfigurationError(
            f"sizes: expected numbers of samples that ascend, from 1 to {len(train)}, got "
            f"{tuple(counts)}"
        )
    random = generator(key)
    found = np.empty((2, draws, len(counts)))
    for draw in range(draws):
        order = random.permutation(len(train))
        for i, count in enumerate(counts):
            some = train[order[:count]]
            predict = learn(some)
            for j, part in enumerate((some, test)):
                found[j, draw, i] = judge(part.targets, predict(part.inputs))
    return LearningCurve(np.array(counts), found[0], found[1])


def plot_curves(axis: Any, losses: np.ndarray, validation: np.ndarray, epochs: float) -> None:
    """Draw the loss of training, averaged over each epoch, and of validation, against epochs.

    Args:
        axis: matplotlib's.
        losses: at each step, ``(steps,)``.
        validation: at each step, held in between, or empty.
        epochs: that the steps took.
    """
    if len(losses) < 2:
        axis.plot(losses, ".")
        axis.set_xlabel("step")
        return
    each = max(1, round(len(losses) / epochs))
    part = each * epochs / len(losses)  # of an epoch, in which steps need not be whole
    whole = len(losses) // each * each
    means = losses[:whole].reshape(-1, each).mean(axis=1)
    axis.plot(part * (np.arange(len(means)) + 0.5), means, linewidth=0.8, label="training")
    if len(validation):
        shown = validation[::each]
        axis.plot(part * np.arange(len(shown)), shown, linewidth=0.8, label="validation")
        axis.legend()
    axis.set(xlabel="epoch")
    if (means > 0).all():
        axis.set_yscale("log")
