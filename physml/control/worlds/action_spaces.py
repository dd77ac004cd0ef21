"""What an action can be: one of n, or numbers within bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jax import Array

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import ConfigurationError, ShapeError


@dataclass(frozen=True)
class Discrete:
    """One of ``count`` actions, ``0 … count − 1``: an integer ``()``.

    Attributes:
        count: at least 2.

    Raises:
        ConfigurationError: for fewer.

    >>> Discrete(2).count
    2
    """

    count: int

    def __post_init__(self) -> None:
        """Check it where it is written."""
        object.__setattr__(self, "count", as_whole("actions: count", self.count, least=2))


@dataclass(frozen=True)
class Continuous:
    """Numbers ``(d,)`` within bounds, which may be infinite.

    A policy draws from all of space and learns from what it drew; the environment is given the
    nearest action within bounds.

    Attributes:
        low: the smallest of each.
        high: the largest of each.

    Raises:
        ConfigurationError: none, as many lows as highs are missing, or a low not below its high.

    >>> Continuous((-2.0,), (2.0,)).within(jnp.array([3.0])).tolist()
    [2.0]
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check them where they are written."""
        low, high = _numbers("low", self.low), _numbers("high", self.high)
        if len(low) != len(high) or not low:
            raise ConfigurationError(
                f"actions: expected as many lows as highs, at least one, got {len(low)} and "
                f"{len(high)}"
            )
        if not all(a < b for a, b in zip(low, high, strict=True)):
            raise ConfigurationError(f"actions: expected low < high, got {low} and {high}")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def size(self) -> int:
        """``d``."""
        return len(self.low)

    def within(self, action: Array) -> Array:
        """The nearest action within bounds, ``(d,)``."""
        return jnp.clip(action, jnp.asarray(self.low, action.dtype), jnp.asarray(self.high))


def _numbers(name: str, values: Any) -> tuple[float, ...]:
    try:
        return tuple(as_numbers(name, values).ravel().tolist())
    except ShapeError as error:
        raise ConfigurationError(f"actions: {error}") from None


Actions = Discrete | Continuous
"""Either of the two."""
