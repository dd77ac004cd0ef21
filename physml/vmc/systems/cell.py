"""A periodic cell: where electrons without a boundary live."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError


@dataclass(frozen=True)
class Cell:
    """A rectangular cell, repeated in every direction.

    Attributes:
        lengths: ``L``, one for each dimension, in bohr.

    Raises:
        ConfigurationError: for a length that is not positive.

    >>> from physml.vmc.systems import Cell
    >>> cell = Cell((2.0, 2.0))
    >>> cell.volume, cell.nearest(jnp.array([1.5, 0.5])).tolist()
    (4.0, [-0.5, 0.5])
    """

    lengths: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        if not self.lengths or not all(length > 0 for length in self.lengths):
            raise ConfigurationError(f"cell: expected lengths > 0 in bohr, got {self.lengths}")

    @property
    def dimension(self) -> int:
        """``d``."""
        return len(self.lengths)

    @property
    def volume(self) -> float:
        """In bohrᵈ."""
        return math.prod(self.lengths)

    def nearest(self, displacement: Array) -> Array:
        """The displacement to the nearest image, ``(..., d)``, each component in ±L/2."""
        lengths = self._beside(displacement)
        return displacement - lengths * jnp.round(displacement / lengths)

    def wrap(self, x: Array) -> Array:
        """The image of positions ``(..., d)`` in the cell itself, each component in [0, L)."""
        lengths = self._beside(x)
        wrapped = x - lengths * jnp.floor(x / lengths)
        # Rounding brings what lies just below zero to L itself.
        return jnp.where(wrapped < lengths, wrapped, 0.0)

    def waves(self, count: int, *, twist: tuple[float, ...] | None = None) -> np.ndarray:
        """The ``count`` shortest wave vectors ``2π (n + t)/L``, by shells.

        Args:
            count: how many.
            twist: ``t``, in units of ``2π/L``; none if None.

        Returns:
            ``(count, d)``, in 1/bohr, sorted by length; in a shell ``k`` and ``−k`` are adjacent.

        Raises:
            ConfigurationError: when the last shell is not filled, so that the choice is arbitrary.
        """
        shift = np.zeros(self.dimension) if twist is None else np.asarray(twist, float)
        reach = math.ceil(count ** (1 / self.dimension)) + 1
        integers = np.array(
            list(itertools.product(range(-reach, reach + 1), repeat=self.dimension))
        )
        vectors = 2 * np.pi * (integers + shift) / np.asarray(self.lengths)
        squares = np.round(np.sum(vectors**2, axis=1), 9)
        # Shell by shell, then k beside −k: the one whose first component is positive leads.
        leads = np.array([tuple(n) > (0,) * self.dimension for n in integers])
        pairs = [tuple(n if lead else -n) for n, lead in zip(integers, leads, strict=True)]
        order = sorted(range(len(integers)), key=lambda i: (squares[i], pairs[i], not leads[i]))
        if squares[order[count - 1]] == squares[order[count]]:
            shells = _closed(np.sort(squares))[:6]
            raise ConfigurationError(
                f"expected a number of electrons of one spin that fills shells of plane waves "
                f"({', '.join(map(str, shells))}), got {count}"
            )
        return np.asarray(vectors[order[:count]])

    def closed(self, count: int, *, shells: int) -> int:
        """How many waves there are with some more shells than those of ``count``."""
        reach = math.ceil(count ** (1 / self.dimension)) + 1 + shells
        line = range(-reach, reach + 1)
        integers = np.array(list(itertools.product(line, repeat=self.dimension)))
        squares = np.sum((integers / np.asarray(self.lengths)) ** 2, axis=1)
        return [end for end in _closed(np.sort(squares)) if end > count][shells - 1]

    def _beside(self, x: Array) -> Array:
        return jnp.asarray(np.reshape(self.lengths, (1,) * (x.ndim - 1) + (-1,)), x.dtype)


def _closed(squares: np.ndarray) -> list[int]:
    """The numbers of vectors that end with a whole shell."""
    ends = np.flatnonzero(np.diff(squares) > 1e-9) + 1
    return [int(end) for end in ends]
