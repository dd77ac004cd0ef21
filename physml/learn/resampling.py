"""What a way to learn is worth on data that it was not given: cross-validation, bias and variance.

Whatever is learned, a scaler, a choice of features, a strength of a penalty, has to be learned
from the training part alone. So what is judged here is one function ``learn(train) -> predict``
that does all of it, and never sees the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.datasets.dataset import Dataset
from physml.datasets.parts import Fold, bootstrap
from physml.errors import ConfigurationError, ShapeError
from physml.learn.parts_of_data import whole

Predict = Callable[[Any], Any]
"""``(inputs (n, ...)) -> predictions (n,) or (n, m)``."""

Learn = Callable[[Dataset], Predict]
"""All that is learned from training data, as the function that predicts by it."""

Judge = Callable[[Any, Any], float]
"""``(targets, predictions) -> number``, a metric."""


def cross_validated(
    learn: Learn, data: Dataset, folds: tuple[Fold, ...], *, judge: Judge
) -> np.ndarray:
    """A metric of each fold, on what the fold did not train on.

    Args:
        learn: ``(train) -> predict``; scaling and all other choices are made in it.
        data: of which the folds are.
        folds: of ``k_fold`` or ``bootstrap``.
        judge: a metric, ``(targets, predictions) -> number``.

    Returns:
        ``(folds,)``.

    Raises:
        ConfigurationError: folds of other data, or whose samples judge what they trained; data with
            a split, whose test part is for testing alone.

    >>> import jax, numpy as np, physml as pm
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> data = pm.datasets.Dataset(x, 3 * x[:, 0])
    >>> folds = pm.datasets.k_fold(20, 5, key=jax.random.key(0))
    >>> line = lambda train: pm.learn.ordinary_least_squares(train.inputs, train.targets).predict
    >>> bool(pm.learn.cross_validated(line, data, folds, judge=pm.learn.r2).min() > 0.999)
    True
    """
    _check_folds(folds, len(whole("data", data)))
    found = []
    for fold in folds:
        predict, test = learn(data[fold.train]), data[fold.test]
        found.append(float(judge(test.targets, predict(test.inputs))))
    return np.array(found)


def _check_folds(folds: tuple[Fold, ...], n: int) -> None:
    """Refuse folds that leave samples out of all, or have one on both sides."""
    try:
        parts = [[np.arange(n)[rows] for rows in fold] for fold in folds]
    except IndexError as error:
        raise ConfigurationError(f"folds: expected those of {n} samples ({error})") from error
    met = np.zeros(n, bool)
    for train, test in parts:
        met[train] = met[test] = True
    if not met.all():
        raise ConfigurationError(
            f"folds: expected those of {n} samples, got folds that hold {met.sum()} of them"
        )
    for i, (train, test) in enumerate(parts):
        if len(both := np.intersect1d(train, test)):
            raise ConfigurationError(
                f"folds: expected samples to train on or to judge by, got {both[0]} as both in "
                f"fold {i}"
            )


class BiasVariance(NamedTuple):
    """The mean squared error of a way to learn, taken apart: ``error = bias² + variance``.

    Attributes:
        error: mean over draws and test samples of (target − prediction)².
        bias_squared: mean over test samples of (target − mean prediction)²; the noise of the
            targets is in it, where they have some.
        variance: mean over test samples of the predictions' variance.
    """

    error: float
    bias_squared: float
    variance: float


def bias_variance(
    learn: Learn, train: Dataset, test: Dataset, *, resamples: int, key: Array
) -> BiasVariance:
    """Bias and variance over bootstrap draws of the training data.

    ``E (y − f)² = (y − E f)² + E (f − E f)²``, the means over draws, then over test samples.

    Args:
        learn: ``(train) -> predict``.
        train: from which draws are made, with replacement.
        test: fixed.
        resamples: how many draws, at least 2.
        key: a random key.

    Raises:
        ConfigurationError: fewer draws; data with a split.
        ShapeError: predictions of another shape than the targets.
    """
    resamples = as_whole("resamples", resamples, least=2)
    train, test = whole("train", train), whole("test", test)
    draws = bootstrap(len(train), resamples, key=key)
    predicted = np.stack([np.asarray(learn(train[d.train])(test.inputs), float) for d in draws])
    if predicted.shape[1:] != test.targets.shape:
        raise ShapeError(
            f"predict: expected predictions {test.targets.shape}, got {predicted.shape[1:]}"
        )
    mean = predicted.mean(axis=0)
    return BiasVariance(
        float(np.mean((test.targets - predicted) ** 2)),
        float(np.mean((test.targets - mean) ** 2)),
        float(np.mean((predicted - mean) ** 2)),
    )
