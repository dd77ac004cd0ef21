"""Texts told by the last few tokens: what a network has to be better than."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from physml.as_whole import as_whole
from physml.datasets.labels import as_labels
from physml.errors import ConfigurationError, ShapeError
from physml.ranges import check_positive


@dataclass(frozen=True, eq=False)
class NGram:
    """Probabilities of a token by those before it.

    Attributes:
        probabilities: ``p(c | b)`` as ``[..., b, c]``, an axis for each token, the last one told.
    """

    probabilities: np.ndarray

    @property
    def order(self) -> int:
        """How many tokens an entry is of: 3 of a trigram model."""
        return self.probabilities.ndim

    def bits(self, tokens: Any) -> np.ndarray:
        """``−log₂ p`` of each token that has as many before it, ``(n − order + 1,)``.

        Raises:
            ShapeError: tokens that are none, or too few.
        """
        tokens = as_labels("tokens", tokens, classes=len(self.probabilities))
        if len(tokens) < self.order:
            raise ShapeError(f"tokens: expected at least {self.order}, got {len(tokens)}")
        return np.asarray(-np.log2(self.probabilities[_runs(tokens, self.order)]))


def n_gram(tokens: Any, order: int, *, strength: float, vocabulary: int) -> NGram:
    """Counts of runs of tokens, smoothed by those of runs one shorter.

    ``p(c | ab) = (n(abc) + α p(c | b))/(n(ab) + α)``, and so on down to ``p = 1/V``: the mean under
    a Dirichlet prior of strength ``α`` about the shorter model.

    Args:
        tokens: of the text to learn from, ``(n,)``, whole numbers from 0.
        order: of the longest runs; 3 of a trigram model.
        strength: ``α > 0``, a number of tokens; to be chosen on a text not counted.
        vocabulary: ``V``, how many tokens there are.

    Raises:
        ConfigurationError: a strength that is not positive, or a table of more than 10⁸ entries.
        ShapeError: tokens that are none, or fewer than the order.

    Source: MacKay and Peto (1995), doi:10.1017/S1351324900000218.

    >>> model = n_gram([0, 1, 0, 1, 0], 2, strength=1.0, vocabulary=2)
    >>> model.probabilities.round(3).tolist()
    [[0.194, 0.806], [0.861, 0.139]]
    """
    vocabulary = as_whole("vocabulary", vocabulary, least=1)
    order = as_whole("order", order, least=1)
    tokens = as_labels("tokens", tokens, classes=vocabulary)
    check_positive("strength", strength)
    if vocabulary**order > 10**8:
        raise ConfigurationError(
            f"order: expected a table of at most 10^8 entries, got {vocabulary}^{order}"
        )
    if len(tokens) < order:
        raise ShapeError(f"tokens: expected at least {order}, got {len(tokens)}")
    p = np.full(vocabulary, 1 / vocabulary)
    for length in range(1, order + 1):
        shape = (vocabulary,) * length
        places = np.ravel_multi_index(_runs(tokens, length), shape)
        counts = np.bincount(places, minlength=vocabulary**length).reshape(shape)
        shorter = p if length == 1 else p[None]
        p = (counts + strength * shorter) / (counts.sum(axis=-1, keepdims=True) + strength)
    return NGram(p)


def _runs(tokens: np.ndarray, length: int) -> tuple[np.ndarray, ...]:
    """All runs of a length: their first tokens, their second ones, and so on."""
    return tuple(tokens[i : len(tokens) - length + 1 + i] for i in range(length))
