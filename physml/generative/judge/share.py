"""A share of independent samples, with its error bar."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from physml.as_whole import as_whole


class Share(NamedTuple):
    """How many of ``n`` samples.

    Attributes:
        value: ``k/n``.
        error: half the width of Wilson's interval of one standard deviation, which is not 0 where
            all or none are.
        n: how many samples.
    """

    value: float
    error: float
    n: int


def share(hits: int, n: int) -> Share:
    """The share ``k/n`` of independent samples.

        error = √(p(1 − p)/n + 1/4n²) / (1 + 1/n)

    Args:
        hits: ``k``.
        n: of how many.

    Raises:
        ConfigurationError: no samples, or more hits than samples.

    Source: Wilson (1927), doi:10.1080/01621459.1927.10502953.

    >>> import physml as pm
    >>> pm.generative.share(50, 100)[:2], round(pm.generative.share(0, 100).error, 4)
    ((0.5, 0.04975185951049946), 0.005)
    """
    n = as_whole("n", n, least=1)
    hits = as_whole("hits", hits, least=0, most=n)
    p = hits / n
    return Share(p, float(np.sqrt(p * (1 - p) / n + 0.25 / n**2) / (1 + 1 / n)), n)
