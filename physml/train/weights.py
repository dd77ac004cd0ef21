"""Weights of the terms of a cost, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from physml.errors import ConfigurationError
from physml.ranges import check_positive


def starting_weights(terms: Iterable[str], weights: Mapping[str, float] | None) -> dict[str, float]:
    """The weights to start from, 1 where none is given.

    Args:
        terms: their names.
        weights: ``w_k > 0`` of some of them.

    Raises:
        ConfigurationError: a weight that is not positive, or belongs to no term.

    >>> starting_weights(["data", "physics"], {"physics": 0.1})
    {'data': 1.0, 'physics': 0.1}
    """
    whole = dict.fromkeys(terms, 1.0)
    for name, weight in (weights or {}).items():
        if name not in whole:
            raise ConfigurationError(
                f"weights: {name!r} is no term; the terms are {', '.join(whole)}"
            )
        check_positive(f"weights: {name}", weight)
    return whole | dict(weights or {})
