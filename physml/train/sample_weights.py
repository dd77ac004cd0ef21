"""Weights of single samples of a term: numbers, one a sample, or a function of a sample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.errors import ConfigurationError, ShapeError
from physml.train.weights import starting_weights

Weight = float | Any | Callable[[Any], Array]
"""``w > 0`` of a whole term; ``(n,)``, one of each of its samples; or a function of a sample."""


def checked_sample_weights(name: str, weights: Any) -> np.ndarray:
    """One weight a sample, ``(n,)``.

    Args:
        name: of what they are, for messages.
        weights: finite numbers ``≥ 0``, of which not all vanish.

    Raises:
        ShapeError: for another shape than ``(n,)``, or no real numbers.
        ConfigurationError: for a negative one, one that is not finite, or no positive one.
    """
    values = as_numbers(name, weights)
    if values.ndim != 1:
        raise ShapeError(
            f"{name}: expected a number, one number a sample (n,), or a function of a sample, got "
            f"an array {values.shape}"
        )
    good = np.isfinite(values) & (values >= 0)
    if not good.all() or not values.any():
        bad = "none above 0" if good.all() else f"{values[~good][0]} at index {np.argmax(~good)}"
        raise ConfigurationError(
            f"{name}: expected finite numbers ≥ 0, one a sample, not all of them 0, got {bad}"
        )
    return values


def split_weights(
    terms: Iterable[str], weights: Mapping[str, Weight] | None
) -> tuple[dict[str, float], dict[str, Any]]:
    """Weights of whole terms to start from, 1 where samples have their own; and those, by term.

    Raises:
        ConfigurationError: a weight that is not positive, or belongs to no term.
        ShapeError: weights that are no numbers, one a sample.
    """
    terms = tuple(terms)
    given: dict[str, Any] = dict(weights or {})
    own = {name: w for name, w in given.items() if callable(w) or np.ndim(w) > 0}
    whole = starting_weights(terms, given | dict.fromkeys(own, 1.0))
    for name, weight in own.items():
        if not callable(weight):
            own[name] = checked_sample_weights(f"weights: {name}", weight)
    return whole, own


def evaluated(name: str, weight: Any, samples: Any, n: int, dtype: Any) -> Array:
    """The weights of a term's samples, ``(n,)``.

    Args:
        name: of the term.
        weight: ``(n,)``, or a function of a sample.
        samples: a pytree with leading axis ``n``.
        n: how many.
        dtype: of the weights.

    Raises:
        ShapeError: when traced, for another number of them, or a function that gives no number.
    """
    values = jax.vmap(weight)(samples) if callable(weight) else jnp.asarray(weight)
    if jnp.shape(values) != (n,):
        raise ShapeError(
            f"weights: {name}: expected one number a sample, ({n},), got {jnp.shape(values)}"
        )
    if jnp.iscomplexobj(values):
        raise ShapeError(f"weights: {name}: expected real numbers, got {values.dtype}")
    return jnp.asarray(values).astype(dtype)
