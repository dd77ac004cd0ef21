"""Levels of a Hamiltonian against a coupling: what an emulator is made of, and judged by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from physml.as_whole import as_whole, whole_fields
from physml.errors import ConfigurationError
from physml.pmm.unseen import unseen

__all__ = ["LevelFamily", "Sector", "check_kept"]

_LARGEST = 4096
"""Rows of a sector that is diagonalised exactly, a hundred times and more."""


class Sector(NamedTuple):
    """A block of ``H(x) = A + x B`` that a symmetry keeps apart.

    Attributes:
        constant: ``A``, ``(n, n)``, real symmetric.
        slope: ``B``, of the same shape.
        kept: how many of its lowest levels are asked for.
        name: of the symmetry, in a word.
    """

    constant: np.ndarray
    slope: np.ndarray
    kept: int
    name: str = ""

    def at(self, x: float) -> np.ndarray:
        """``A + x B``."""
        return self.constant + x * self.slope


@dataclass(frozen=True)
class LevelFamily(ABC):
    """The lowest levels of ``H(x) = A + x B``, seen at some values of ``x``, asked for at others.

    Attributes:
        trained: the range of ``x`` in which levels are seen, ends included.
        tested: the range in which they are asked for.
        points: how many values are seen, at equal distances.
        test_points: how many are asked for, in the middle of as many equal parts, or beside it
            where that is a value seen.
    """

    trained: tuple[float, float] = (0.0, 2.0)
    tested: tuple[float, float] = (0.0, 2.0)
    points: int = 40
    test_points: int = 100

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        for name in ("trained", "tested"):
            ends = getattr(self, name)
            if len(ends) != 2 or not (np.isfinite(ends).all() and ends[0] < ends[1]):
                raise ConfigurationError(f"{name}: expected two ends, low < high, got {ends}")
        as_whole("points", self.points, least=4)
        as_whole("test_points", self.test_points, least=1)

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Rows of the largest sector, told before any is made."""

    @abstractmethod
    def make_sectors(self) -> tuple[Sector, ...]:
        """The sectors, in the order of the levels."""

    @cached_property
    def sectors(self) -> tuple[Sector, ...]:
        """The sectors, made once.

        Raises:
            ConfigurationError: more rows than are diagonalised here, or fewer than levels.
        """
        if self.dimension > _LARGEST:
            raise ConfigurationError(
                f"{type(self).__name__}: expected at most {_LARGEST} rows to diagonalise exactly, "
                f"got {self.dimension}; take a smaller system"
            )
        made = self.make_sectors()
        for sector in made:
            if len(sector.constant) < max(sector.kept, 1):
                raise ConfigurationError(
                    f"{type(self).__name__}: expected at least {sector.kept} rows, as many as "
                    f"levels, got {len(sector.constant)} of {sector.name or 'the matrix'}; take a "
                    "larger system, or fewer levels"
                )
        return made

    @property
    def keep(self) -> tuple[int, ...]:
        """How many levels of each sector."""
        return tuple(sector.kept for sector in self.sectors)

    @property
    def seen(self) -> np.ndarray:
        """Values that levels are seen at."""
        return np.linspace(*self.trained, self.points)

    @property
    def asked(self) -> np.ndarray:
        """Values that levels are asked for at."""
        middles, parts = np.linspace(*self.tested, 2 * self.test_points + 1)[1::2], self.points - 1
        step = min(np.ptp(self.trained) / parts, np.ptp(self.tested) / (2 * self.test_points))
        return unseen(middles, self.seen, step)

    def levels(self, x: np.ndarray) -> np.ndarray:
        """Exact levels ``(n, m)`` at ``(n,)``, sector after sector, by diagonalisation."""
        return np.array(
            [
                np.concatenate([np.linalg.eigvalsh(s.at(one))[: s.kept] for s in self.sectors])
                for one in np.asarray(x, float)
            ]
        )


def check_kept(kept: tuple[int, ...], symmetries: int) -> None:
    """Refuse other than one number of levels for each symmetry.

    Raises:
        ConfigurationError: for it, and for a number below 1.
    """
    if len(kept) != symmetries:
        raise ConfigurationError(
            f"kept: expected {symmetries} numbers of levels, one a symmetry, got {kept}"
        )
    for count in kept:
        as_whole("kept", count, least=1)
