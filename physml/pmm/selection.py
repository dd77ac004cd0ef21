"""Which eigenvalues of a matrix are meant: the lowest, the highest, those between, those near."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError

__all__ = ["Highest", "Interior", "Lowest", "Nearest", "Selection"]


@dataclass(frozen=True)
class Selection(ABC):
    """Some of the eigenvalues of a matrix, in ascending order.

    Attributes:
        count: how many.
    """

    count: int

    def __post_init__(self) -> None:
        """Check the count where it is written."""
        object.__setattr__(self, "count", as_whole("count", self.count, least=1))

    @property
    def least_size(self) -> int:
        """The size of the smallest matrix that has so many."""
        return self.count

    @abstractmethod
    def __call__(self, eigenvalues: Array) -> Array:
        """Those meant, ``(count,)``, of all ``(n,)`` in ascending order."""

    def scaled(self, mean: float, deviation: float) -> Selection:
        """The same of a matrix whose eigenvalues are ``(λ − mean)/deviation``."""
        del mean, deviation
        return self


@dataclass(frozen=True)
class Lowest(Selection):
    """The lowest.

    >>> import jax.numpy as jnp
    >>> Lowest(2)(jnp.array([-1.0, 0.5, 2.0])).tolist()
    [-1.0, 0.5]
    """

    def __call__(self, eigenvalues: Array) -> Array:
        """See ``Selection``."""
        return eigenvalues[: self.count]


@dataclass(frozen=True)
class Highest(Selection):
    """The highest, in ascending order too.

    >>> import jax.numpy as jnp
    >>> Highest(2)(jnp.array([-1.0, 0.5, 2.0])).tolist()
    [0.5, 2.0]
    """

    def __call__(self, eigenvalues: Array) -> Array:
        """See ``Selection``."""
        return eigenvalues[len(eigenvalues) - self.count :]


@dataclass(frozen=True)
class Interior(Selection):
    """Those from a number on.

    Attributes:
        first: number of the first, counted from 0 in ascending order.

    >>> import jax.numpy as jnp
    >>> Interior(1, first=1)(jnp.array([-1.0, 0.5, 2.0])).tolist()
    [0.5]
    """

    first: int

    def __post_init__(self) -> None:
        """Check the numbers where they are written."""
        super().__post_init__()
        object.__setattr__(self, "first", as_whole("first", self.first, least=0))

    @property
    def least_size(self) -> int:
        """The size of the smallest matrix that has them."""
        return self.first + self.count

    def __call__(self, eigenvalues: Array) -> Array:
        """See ``Selection``."""
        return eigenvalues[self.first : self.first + self.count]


@dataclass(frozen=True)
class Nearest(Selection):
    """Those nearest to a value; where two are equally near, the lower.

    Attributes:
        value: in units of the levels.

    >>> import jax.numpy as jnp
    >>> Nearest(2, value=1.0)(jnp.array([-1.0, 0.5, 2.0])).tolist()
    [0.5, 2.0]
    """

    value: float

    def __post_init__(self) -> None:
        """Check the numbers where they are written."""
        super().__post_init__()
        if np.iscomplexobj(self.value) or not np.isfinite(self.value):
            raise ConfigurationError(f"value: expected a finite number, got {self.value}")

    def __call__(self, eigenvalues: Array) -> Array:
        """See ``Selection``."""
        order = jnp.argsort(jnp.abs(eigenvalues - self.value), stable=True)[: self.count]
        return eigenvalues[jnp.sort(order)]

    def scaled(self, mean: float, deviation: float) -> Selection:
        """See ``Selection``."""
        return Nearest(self.count, (self.value - mean) / deviation)


def selections(keep: Any, blocks: tuple[int, ...]) -> tuple[Selection, ...]:
    """One selection a block, from what a user wrote: a count means the lowest.

    Args:
        keep: a count or a selection, or for several blocks one of them a block.
        blocks: sizes.

    Raises:
        ConfigurationError: as many as there are blocks are not given, or more levels than a block
            has.
    """
    each = tuple(keep) if isinstance(keep, (tuple, list)) else (keep,)
    if len(each) != len(blocks):
        raise ConfigurationError(
            f"keep: expected levels of each of {len(blocks)} blocks, one number or Selection a "
            f"block, got {keep!r}"
        )
    found = []
    for number, (one, size) in enumerate(zip(each, blocks, strict=True)):
        chosen = one if isinstance(one, Selection) else Lowest(as_whole("keep", one, least=1))
        if chosen.least_size > size:
            raise ConfigurationError(
                f"keep: {chosen} needs a matrix of size {chosen.least_size} at least, got "
                f"{size}{f' of block {number}' if len(blocks) > 1 else ''}; take a larger one, or "
                "fewer levels"
            )
        found.append(chosen)
    return tuple(found)
