"""Clusters about means, from starts that are far apart."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.datasets.generator import generator
from physml.errors import ConfigurationError, ShapeError
from physml.learn.metrics.shapes import finite


class Clusters(NamedTuple):
    """Means, and which of them each sample is nearest to.

    Attributes:
        means: ``(k, d)``.
        labels: of the samples, ``(n,)``, from 0 to ``k − 1``.
        inertia: ``Σ |xᵢ − m(xᵢ)|²``, a sum over the samples.
        steps: of the best start, until no label changed.
        converged: whether it came to that.
    """

    means: np.ndarray
    labels: np.ndarray
    inertia: float
    steps: int
    converged: bool

    def predict(self, inputs: Any) -> np.ndarray:
        """The nearest mean of each sample, ``(n,)``, the first of several.

        Args:
            inputs: ``(n, d)``.

        Raises:
            ShapeError: samples of another shape.
            NonFiniteError: a NaN or an infinity.
        """
        x = finite("inputs", inputs)
        if x.ndim != 2 or x.shape[1] != self.means.shape[1]:
            raise ShapeError(f"inputs: expected (n, {self.means.shape[1]}), got {x.shape}")
        return np.asarray(_squares(x, self.means).argmin(axis=1))


def k_means(
    inputs: Any, clusters: int, *, key: Array, starts: int = 10, steps: int = 300
) -> Clusters:
    """The least of ``Σ |xᵢ − m(xᵢ)|²`` over ``k`` means, by Lloyd's steps from several starts.

    A start takes its means from the samples one by one, each with a probability in proportion to
    the squared distance to the nearest of those before it (k-means++). A cluster that loses all its
    samples takes the one that is farthest from its mean, so that the inertia never rises. Of the
    starts the one of least inertia is told: a local least, which more starts may better.

    Args:
        inputs: ``(n, d)``; distances are Euclidean, so that columns of different units want a
            ``Scaler`` before.
        clusters: ``k``, up to the number of different samples.
        key: a random key.
        starts: how many.
        steps: of Lloyd at most, each start.

    Raises:
        ConfigurationError: more clusters than different samples, numbers below one.
        ShapeError: inputs of another shape.
        NonFiniteError: a NaN or an infinity.

    Sources: Lloyd (1982), doi:10.1109/TIT.1982.1056489; Arthur and Vassilvitskii (2007),
    "k-means++: the advantages of careful seeding", SODA 2007, 1027.

    >>> import jax, numpy as np, physml as pm
    >>> x = np.array([[0.0], [0.2], [5.0], [5.4]])
    >>> found = pm.learn.k_means(x, 2, key=jax.random.key(0))
    >>> sorted(found.means.ravel().round(3).tolist()), round(found.inertia, 3)
    ([0.1, 5.2], 0.1)
    """
    x = finite("inputs", inputs)
    if x.ndim != 2 or x.size == 0:
        raise ShapeError(f"inputs: expected samples (n, d), got {x.shape}")
    k = as_whole("clusters", clusters, least=1)
    starts, steps = as_whole("starts", starts, least=1), as_whole("steps", steps, least=1)
    different = len(np.unique(x, axis=0))
    if k > different:
        raise ConfigurationError(
            f"clusters: expected from 1 to {different}, the number of different samples, got {k}"
        )
    random = generator(key)
    found = [_lloyd(x, _far_apart(x, k, random), steps) for _ in range(starts)]
    return min(found, key=lambda clusters: clusters.inertia)


def _squares(x: np.ndarray, means: np.ndarray) -> np.ndarray:
    """``|x − m|²``, ``(n, k)``; of differences, since ``x² − 2xm + m²`` cancels far from zero."""
    return np.stack([np.sum((x - m) ** 2, axis=1) for m in means], axis=1)


def _far_apart(x: np.ndarray, k: int, random: np.random.Generator) -> np.ndarray:
    means = [x[random.integers(len(x))]]
    nearest = np.sum((x - means[0]) ** 2, axis=1)
    for _ in range(k - 1):
        means.append(x[random.choice(len(x), p=nearest / nearest.sum())])
        nearest = np.minimum(nearest, np.sum((x - means[-1]) ** 2, axis=1))
    return np.array(means)


def _lloyd(x: np.ndarray, means: np.ndarray, steps: int) -> Clusters:
    labels, step, converged = np.full(len(x), -1), 0, False
    while step < steps and not converged:
        step += 1
        squares = _squares(x, means)
        before, labels = labels, squares.argmin(axis=1)
        own = squares[np.arange(len(x)), labels]
        for empty in np.setdiff1d(np.arange(len(means)), labels):
            # Not of a cluster that it would leave empty in turn.
            alone = np.bincount(labels, minlength=len(means))[labels] == 1
            labels[int(np.where(alone, -1.0, own).argmax())] = empty
        converged = bool(np.array_equal(before, labels))
        means = np.array([x[labels == j].mean(axis=0) for j in range(len(means))])
    squares = _squares(x, means)
    labels = squares.argmin(axis=1)
    inertia = float(squares[np.arange(len(x)), labels].sum())
    return Clusters(means, labels, inertia, step, converged)
