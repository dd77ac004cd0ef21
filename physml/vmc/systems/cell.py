"""A periodic cell: where electrons without a boundary live."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError

# By how much the ball grows in which wave vectors are looked for.
_GROWTH = 1.4

# Squares of lengths that differ by less, relatively, are one shell; phases by less, one phase.
_EQUAL = 1e-9

# A twist that is a multiple of such a part of π is an angle in radians.
_PARTS_OF_PI = 24

_GAUSS = np.polynomial.legendre.leggauss(24)


@dataclass(frozen=True)
class Cell:
    """A rectangular cell, repeated in every direction.

    Attributes:
        lengths: ``L``, one for each dimension, in bohr.

    Raises:
        ConfigurationError: for a length that is not positive and finite.

    >>> from physml.vmc.systems import Cell
    >>> cell = Cell((2.0, 2.0))
    >>> cell.volume, cell.nearest(jnp.array([1.5, 0.5])).tolist()
    (4.0, [-0.5, 0.5])
    """

    lengths: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        lengths = np.asarray(self.lengths)
        if lengths.ndim != 1 or not lengths.size or lengths.dtype.kind not in "iuf":
            raise ConfigurationError(f"cell: expected lengths > 0 in bohr, got {self.lengths}")
        if not np.all((lengths > 0) & np.isfinite(lengths)):
            raise ConfigurationError(f"cell: expected lengths > 0 in bohr, got {self.lengths}")
        object.__setattr__(self, "lengths", tuple(map(float, lengths)))

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

        >>> Cell((1.0, 9.0)).waves(5)[:, 1].round(2).tolist()
        [0.0, 0.7, -0.7, 1.4, -1.4]
        """
        count = as_whole("waves", count, least=1)
        vectors, ends = self._by_shells(lambda ends: ends[-1] >= count and len(ends) > 6, twist)
        if count not in ends:
            raise ConfigurationError(
                f"expected a number of electrons of one spin that fills shells of plane waves "
                f"({', '.join(map(str, ends[:6]))}), got {count}"
            )
        return vectors[:count]

    def shells(self, count: int, *, twist: tuple[float, ...] | None = None) -> list[np.ndarray]:
        """The ``count`` shortest shells of wave vectors ``2π (n + t)/L``, each whole, ``(m, d)``.

        Args:
            count: how many shells; without a twist the first is that of ``k = 0``.
            twist: ``t``, in units of ``2π/L``; none if None.
        """
        vectors, ends = self._by_shells(lambda ends: len(ends) >= count, twist)
        return np.split(vectors[: ends[count - 1]], ends[: count - 1])

    def closed(self, count: int, *, shells: int, twist: tuple[float, ...] | None = None) -> int:
        """How many waves there are with some more shells than those of ``count``."""
        _, ends = self._by_shells(lambda ends: np.sum(ends > count) >= shells, twist)
        return int(ends[ends > count][shells - 1])

    def ball(self, radius: float) -> float:
        """The volume of all places whose nearest image of the origin is within a radius, in bohrᵈ.

        That of a ball up to half the shortest length, the cell's own from half its diagonal on.
        """
        return _in_box(radius, self.lengths)

    def _by_shells(
        self, enough: Callable[[np.ndarray], bool | np.bool_], twist: tuple[float, ...] | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Wave vectors by shells, and at which numbers of them shells end.

        Of a ball whose radius grows until ``enough`` of these numbers, so that none is missing
        whatever the cell and the twist. The last shell in it may be cut, and is left out.
        """
        shift = np.zeros(self.dimension) if twist is None else np.asarray(twist, float)
        spacing = 2 * np.pi / np.asarray(self.lengths)
        radius = float(spacing.min())
        while True:
            radius *= _GROWTH
            axes = [
                np.arange(math.ceil(-radius / s - t), math.floor(radius / s - t) + 1)
                for s, t in zip(spacing, shift, strict=True)
            ]
            integers = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
            integers = integers.reshape(-1, self.dimension)
            vectors = spacing * (integers + shift)
            squares = np.sum(vectors**2, axis=1)
            inside = squares <= radius**2
            integers, vectors, squares = integers[inside], vectors[inside], squares[inside]
            order = np.argsort(squares, kind="stable")
            shell = np.zeros(len(squares), int)
            shell[order] = shell_numbers(squares[order])
            ends = np.flatnonzero(np.diff(shell[order])) + 1
            if len(ends) and enough(ends):
                break
        # Shell by shell, then k beside −k: the one whose first component is positive leads.
        leads = np.array([tuple(n) > (0,) * self.dimension for n in integers])
        pairs = [tuple(n if lead else -n) for n, lead in zip(integers, leads, strict=True)]
        sort = sorted(range(len(integers)), key=lambda i: (shell[i], pairs[i], not leads[i]))
        return vectors[sort], ends

    def _beside(self, x: Array) -> Array:
        return jnp.asarray(np.reshape(self.lengths, (1,) * (x.ndim - 1) + (-1,)), x.dtype)


def shell_numbers(squares: np.ndarray) -> np.ndarray:
    """In which shell each of sorted ``|k|²`` is, from 0: those equal up to rounding share one."""
    apart = np.diff(squares) > _EQUAL * squares[1:]
    return np.concatenate([[0], np.cumsum(apart)])


def check_twist(twist: Sequence[float], dimension: int) -> tuple[float, ...]:
    """A twist as plain numbers, once it is seen to be in units of 2π.

    Raises:
        ConfigurationError: for another number of them, one not finite, or one that looks like
            radians: beyond ±1 and no integer, or a multiple of a small fraction of π.
    """
    phases = np.asarray(twist)
    if phases.shape != (dimension,) or phases.dtype.kind not in "iuf":
        raise ConfigurationError(f"twist: expected {dimension} numbers, got {twist}")
    for phase in map(float, phases):
        if math.isfinite(phase) and phase == round(phase):
            continue
        part = phase / math.pi if abs(phase) <= 1 else 0.0
        if abs(part - Fraction(part).limit_denominator(_PARTS_OF_PI)) < _EQUAL:
            raise ConfigurationError(
                "twist: expected phases of ψ across the cell in units of 2π, from −1/2 to 1/2, got "
                f"{phase}; of an angle in radians give angle/2π, {phase / (2 * math.pi):.6g}"
            )
    return tuple(map(float, phases))


def _in_box(radius: float, lengths: tuple[float, ...]) -> float:
    """The volume of a ball about the middle of a box that lies in it."""
    *others, last = lengths
    reach = min(radius, last / 2)
    if not others:
        return 2 * reach
    if radius <= min(lengths) / 2:
        d = len(lengths)
        return math.pi ** (d / 2) / math.gamma(d / 2 + 1) * radius**d
    # Slices are smooth in z = r sin φ but where they begin to fill the box.
    corners = [math.hypot(*corner) / 2 for corner in itertools.product(*((0.0, L) for L in others))]
    bends = [math.sqrt(radius**2 - c**2) for c in corners if c < radius]
    edges = sorted({0.0, reach, *(bend for bend in bends if bend < reach)})
    total = 0.0
    for low, high in itertools.pairwise(edges):
        first, second = math.asin(low / radius), math.asin(min(1.0, high / radius))
        for node, weight in zip(*_GAUSS, strict=True):
            angle = first + (second - first) * (node + 1) / 2
            slice_ = _in_box(radius * math.cos(angle), tuple(others))
            total += weight * (second - first) / 2 * slice_ * radius * math.cos(angle)
    return 2 * total
