"""Parts of data to judge on what was not trained on: split, folds, bootstrap."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.datasets.dataset import Dataset
from physml.datasets.generator import generator
from physml.errors import ConfigurationError


class Fold(NamedTuple):
    """One way to part ``n`` samples, by their numbers.

    Attributes:
        train: ``(k,)``, those to train on; of a bootstrap drawn with replacement.
        test: those that are not among them.
    """

    train: np.ndarray
    test: np.ndarray


def split(data: Dataset, test: float, *, key: Array, stratified: bool = False) -> Dataset:
    """Data with a part of them, drawn at random, held out for testing.

    Args:
        data: of ``n`` samples; a split of before is forgotten.
        test: the part that is held out, in (0, 1); of ``n test``, rounded, samples.
        key: a random key.
        stratified: whether each class is held out by the same part of it, rounded.

    Returns:
        The data with their ``split``: ``.train`` and ``.test`` are its two parts.

    Raises:
        ConfigurationError: a part out of range, or so small or large that a side is empty.
        ShapeError: stratified by targets that are no labels.

    >>> import jax, numpy as np, physml as pm
    >>> data = pm.datasets.Dataset(np.arange(10.0)[:, None], np.arange(10.0))
    >>> parted = pm.datasets.split(data, 0.3, key=jax.random.key(0))
    >>> len(parted.train), len(parted.test)
    (7, 3)
    """
    if not 0 < test < 1:
        raise ConfigurationError(f"test: expected a part in (0, 1), got {test}")
    random = generator(key)
    held_out = np.zeros(len(data), bool)
    groups = [np.arange(len(data))]
    if stratified:
        groups = [np.flatnonzero(data.labels == label) for label in np.unique(data.labels)]
    for group in groups:
        held_out[random.permutation(group)[: round(test * len(group))]] = True
    if held_out.all() or not held_out.any():
        raise ConfigurationError(
            f"test: expected samples on either side, got {held_out.sum()} of {len(data)} by {test}"
        )
    return replace(data, split=held_out)


def k_fold(n: int, folds: int, *, key: Array) -> tuple[Fold, ...]:
    """Parts of ``n`` samples, drawn at random, each of them held out once.

    Args:
        n: how many samples.
        folds: how many parts, whose sizes differ by one at most; ``n`` of them leave one out each.
        key: a random key.

    Raises:
        ConfigurationError: fewer than two folds, or more than samples.

    >>> import jax, numpy as np, physml as pm
    >>> folds = pm.datasets.k_fold(7, 3, key=jax.random.key(0))
    >>> [len(fold.test) for fold in folds], sorted(np.concatenate([f.test for f in folds]).tolist())
    ([3, 2, 2], [0, 1, 2, 3, 4, 5, 6])
    """
    n, folds = as_whole("n", n, least=2), as_whole("folds", folds, least=2)
    if folds > n:
        raise ConfigurationError(
            f"folds: expected from 2 to {n}, as many as there are samples, got {folds}"
        )
    parts = np.array_split(generator(key).permutation(n), folds)
    return tuple(
        Fold(np.sort(np.concatenate([p for p in parts if p is not part])), np.sort(part))
        for part in parts
    )


def bootstrap(n: int, resamples: int, *, key: Array) -> tuple[Fold, ...]:
    """Draws of ``n`` samples with replacement, tested on those that were not drawn.

    Of many samples ``e⁻¹``, some 37%, are left out of a draw.

    Args:
        n: how many samples, at least 2.
        resamples: how many draws.
        key: a random key.

    Raises:
        ConfigurationError: numbers below these.

    Source: Efron (1979), doi:10.1214/aos/1176344552.

    >>> import jax, physml as pm
    >>> draw, = pm.datasets.bootstrap(6, 1, key=jax.random.key(0))
    >>> len(draw.train), set(draw.train) & set(draw.test)
    (6, set())
    """
    n, resamples = as_whole("n", n, least=2), as_whole("resamples", resamples, least=1)
    random = generator(key)
    found: list[Fold] = []
    while len(found) < resamples:
        drawn = random.integers(n, size=n)
        left = np.setdiff1d(np.arange(n), drawn)
        if len(left):  # of few samples a draw may hold all
            found.append(Fold(drawn, left))
    return tuple(found)
