"""Means under a density from weighted samples of another one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from physml.as_numbers import as_numbers
from physml.errors import NonFiniteError, ShapeError


class WeightedMean(NamedTuple):
    """A mean with its standard deviation."""

    value: float
    error: float


def weighted_mean(log_weights: Any, values: Any) -> WeightedMean:
    """``⟨O⟩_p = Σ w O / Σ w`` of independent samples of ``q``, ``w = e^{ln p̃ − ln q}``.

        error² = Σ w² (O − ⟨O⟩)² / (Σ w)²,   times n/(n − 1)

    to leading order in 1/n; the bias of the ratio is of order 1/n. With few effective samples both
    are too small.

    Args:
        log_weights: ``ln p̃ − ln q``, ``(n,)``, two at least.
        values: ``O`` at each sample, ``(n,)``.

    Raises:
        ShapeError: other shapes.
        NonFiniteError: a NaN or an infinity.

    >>> import numpy as np
    >>> from physml.generative.judge.weighted_mean import weighted_mean
    >>> weighted_mean(np.log([1.0, 3.0]), [0.0, 1.0]).value
    0.75
    """
    logs, numbers = as_numbers("log_weights", log_weights), as_numbers("values", values)
    if logs.ndim != 1 or logs.shape != numbers.shape or len(logs) < 2:
        raise ShapeError(
            "log_weights, values: expected (n,) each, of two samples or more, got "
            f"{logs.shape} and {numbers.shape}"
        )
    if not (np.isfinite(logs).all() and np.isfinite(numbers).all()):
        raise NonFiniteError("log_weights, values: expected finite numbers")
    n, weights = len(logs), np.exp(logs - logs.max())
    total = weights.sum()
    mean = float(weights @ numbers / total)
    square = np.sum((weights * (numbers - mean)) ** 2) / total**2
    return WeightedMean(mean, float(np.sqrt(square * n / (n - 1))))
