"""Wasserstein distances of samples: exact along a line, averaged over lines in more dimensions."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.datasets.generator import generator
from physml.errors import ShapeError
from physml.generative.judge.point_samples import two_sets


class Distance(NamedTuple):
    """A distance of two sets of samples.

    Attributes:
        value: of the samples.
        error: one standard deviation over samples like these, by the bootstrap, and of a sliced
            distance over directions like these, too.
        floor: what two sets of one density would have, so many samples each: the mean over random
            partings of all samples. A distance near its floor tells nothing.
        floor_error: the standard deviation of that over partings.
    """

    value: float
    error: float
    floor: float
    floor_error: float


def wasserstein_distance(first: Any, second: Any, *, key: Array, resamples: int = 200) -> Distance:
    """``W₁ = ∫ |F⁻¹(u) − G⁻¹(u)| du`` of samples of one component, exact for the samples.

    Positive for two sets of one density, too: see ``floor``.

    Args:
        first: ``(n,)`` or ``(n, 1)``.
        second: ``(m,)`` or ``(m, 1)``.
        key: a random key, of the bootstrap.
        resamples: of it, and partings.

    Raises:
        ShapeError: more than one component; fewer than two samples.
        NonFiniteError: a NaN or an infinity.

    >>> import jax, numpy as np, physml as pm
    >>> x = np.linspace(0, 1, 50)
    >>> pm.generative.wasserstein_distance(x, x + 2, key=jax.random.key(0)).value.__round__(6)
    2.0
    """
    x, y = two_sets(first, second)
    if x.shape[1] != 1:
        raise ShapeError(
            f"first: expected samples of one component, got {x.shape[1]}; take "
            "sliced_wasserstein_distance"
        )
    return _judged(x, y, np.ones((1, 1)), key, resamples)


def sliced_wasserstein_distance(
    first: Any, second: Any, *, key: Array, directions: int = 100, resamples: int = 50
) -> Distance:
    """The mean over directions ``e`` of ``W₁`` of ``e·x`` and ``e·y``, uniform on the sphere.

    A distance of its own, below ``W₁``: of a translation by ``t`` it is ``|t| ⟨|e₁|⟩``, with
    ``⟨|e₁|⟩ = Γ(d/2)/(√π Γ((d+1)/2))``, ``2/π`` in two dimensions.

    Args:
        first: ``(n, d)``, or ``(n, ...)``, flattened.
        second: ``(m, d)`` likewise.
        key: a random key.
        directions: how many, drawn once, two at least for an error.
        resamples: of the bootstrap, and partings.

    Raises:
        ShapeError: points of different dimensions; fewer than two samples.
        NonFiniteError: a NaN or an infinity.

    Source: Bonneel et al. (2015), doi:10.1007/s10851-014-0506-3.

    >>> import jax, numpy as np, physml as pm
    >>> x = np.random.default_rng(0).normal(size=(100, 2))
    >>> far = pm.generative.sliced_wasserstein_distance(x, x + 3, key=jax.random.key(0))
    >>> 2.4 < far.value < 3.0  # 3 √2 · 2/π = 2.7 over all directions
    True
    """
    x, y = two_sets(first, second)
    directions = as_whole("directions", directions, least=2)
    random = generator(key)
    lines = random.normal(size=(x.shape[1], directions))
    return _judged(x, y, lines / np.linalg.norm(lines, axis=0), key, resamples)


def _judged(
    x: np.ndarray, y: np.ndarray, lines: np.ndarray, key: Array, resamples: int
) -> Distance:
    resamples = as_whole("resamples", resamples, least=2)
    random = generator(key)
    a, b = x @ lines, y @ lines
    pool = np.concatenate([a, b])
    again, parted = [], []
    for _ in range(resamples):
        again.append(
            _distances(
                a[random.integers(len(a), size=len(a))], b[random.integers(len(b), size=len(b))]
            ).mean()
        )
        order = random.permutation(len(pool))
        parted.append(_distances(pool[order[: len(a)]], pool[order[len(a) :]]).mean())
    each = _distances(a, b)
    # On a line there is one direction; drawn ones are a sample of all.
    of_lines = np.std(each, ddof=1) / len(each) ** 0.5 if len(each) > 1 else 0.0
    return Distance(
        float(each.mean()),
        float(np.hypot(np.std(again, ddof=1), of_lines)),
        float(np.mean(parted)),
        float(np.std(parted, ddof=1)),
    )


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Of columns ``(n, k)`` and ``(m, k)``, of each column, ``(k,)``."""
    a, b = np.sort(a, axis=0), np.sort(b, axis=0)
    if len(a) == len(b):
        return np.asarray(np.mean(np.abs(a - b), axis=0))
    # Both quantile functions are constant between the multiples of 1/n and of 1/m.
    edges = np.union1d(np.arange(1, len(a) + 1) / len(a), np.arange(1, len(b) + 1) / len(b))
    widths = np.diff(edges, prepend=0.0)
    middle = edges - widths / 2
    at = [np.minimum((middle * len(c)).astype(int), len(c) - 1) for c in (a, b)]
    return np.asarray(widths @ np.abs(a[at[0]] - b[at[1]]))
