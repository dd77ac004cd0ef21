"""The maximum mean discrepancy of two sets of samples, with what chance alone would give."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.datasets.generator import generator
from physml.generative.judge.point_samples import two_sets
from physml.memory import Need, check_memory
from physml.ranges import check_positive


class MeanDiscrepancy(NamedTuple):
    """``MMD²`` of two sets of samples, unbiased: below 0 as often as above where they are alike.

    Attributes:
        value: of the samples.
        error: one standard deviation over samples like these, by the jackknife; NaN of fewer than
            three in either set.
        chance: the standard deviation over random partings of all samples, whose mean is 0.
        p_value: the share of partings, the given one among them, with at least that value.
        bandwidth: of the kernel.
    """

    value: float
    error: float
    chance: float
    p_value: float
    bandwidth: float


def mean_discrepancy(
    first: Any,
    second: Any,
    *,
    key: Array,
    bandwidth: float | None = None,
    partings: int = 200,
) -> MeanDiscrepancy:
    """``MMD² = E k(x, x') + E k(y, y') − 2 E k(x, y)``, over pairs of different samples.

        k(x, y) = exp(−|x − y|²/2h²)

    Args:
        first: ``(n, d)``, or ``(n, ...)``, flattened.
        second: ``(m, d)`` likewise.
        key: a random key, of the partings.
        bandwidth: h; the median distance of different samples of both sets if None.
        partings: how many.

    Raises:
        ShapeError: points of different dimensions; fewer than two samples.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: h ≤ 0, samples that are all alike, more than fit in memory.

    Source: Gretton et al. (2012), Journal of Machine Learning Research 13, 723.

    >>> import jax, numpy as np, physml as pm
    >>> x, y = np.random.default_rng(0).normal(size=(2, 100, 2))
    >>> alike = pm.generative.mean_discrepancy(x, y, key=jax.random.key(0))
    >>> apart = pm.generative.mean_discrepancy(x, y + 1, key=jax.random.key(0))
    >>> alike.p_value > 0.01, round(apart.p_value, 3)
    (True, 0.005)
    """
    x, y = two_sets(first, second)
    partings = as_whole("partings", partings, least=1)
    n, m = len(x), len(y)
    check_memory("first", [Need(f"2 × ({n} + {m})² distances", 2 * (n + m) ** 2, 8)], "them")
    both = np.concatenate([x, y])
    both -= both.mean(axis=0)  # far from 0 the squares would lose their distances to rounding
    norms = np.sum(both**2, axis=1)
    squares = np.maximum(norms[:, None] + norms - 2 * both @ both.T, 0.0)
    if bandwidth is None:
        bandwidth = float(np.sqrt(np.median(squares[np.triu_indices(n + m, 1)])))
    check_positive("bandwidth", bandwidth)
    kernel = np.exp(-0.5 * squares / bandwidth**2)
    np.fill_diagonal(kernel, 0.0)
    # Which set each is of: one column for the samples as they came, one for each parting.
    random = generator(key)
    of_first = np.zeros((n + m, partings + 1))
    of_first[:n, 0] = 1
    for column in range(1, partings + 1):
        of_first[random.permutation(n + m)[:n], column] = 1
    inside = np.sum(of_first * (kernel @ of_first), axis=0)
    rows = kernel.sum(axis=1)
    across = of_first.T @ rows - inside
    outside = rows.sum() - inside - 2 * across
    values = inside / (n * (n - 1)) + outside / (m * (m - 1)) - 2 * across / (n * m)
    return MeanDiscrepancy(
        float(values[0]),
        _jackknife(kernel[:n, :n], kernel[n:, n:], kernel[:n, n:]),
        float(np.sqrt(np.mean(values[1:] ** 2))),
        float(np.mean(values >= values[0])),
        bandwidth,
    )


def _jackknife(of_first: np.ndarray, of_second: np.ndarray, across: np.ndarray) -> float:
    """The standard deviation by leaving out each sample of either set in turn."""
    variance = 0.0
    for own, other, between in ((of_first, of_second, across), (of_second, of_first, across.T)):
        n, m = between.shape
        if n < 3:
            return float("nan")
        within = (own.sum() - 2 * own.sum(axis=1)) / ((n - 1) * (n - 2))
        cross = (between.sum() - between.sum(axis=1)) / ((n - 1) * m)
        left = within + other.sum() / (m * (m - 1)) - 2 * cross
        variance += (n - 1) / n * np.sum((left - left.mean()) ** 2)
    return float(np.sqrt(variance))
