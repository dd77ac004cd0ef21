"""The Ising chain in a transverse field: levels of two symmetries that meet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from physml.as_whole import as_whole
from physml.pmm.emulation import EmulationRecipe, check, emulation
from physml.pmm.level_family import LevelFamily, Sector, check_kept
from physml.train import Entry
from physml.train.study import Study


@dataclass(frozen=True)
class IsingLevels(LevelFamily):
    """``H = −Σ σᶻ_i σᶻ_{i+1} − h Σ σˣ_i`` of a ring; ``h = 1`` is critical in the limit.

    Of the states that no translation and no reflection changes, those that stay and those that
    change sign where all spins are turned, ``Π σˣ_i = ± 1``. The lowest of the two
    meet below ``h = 1``: 4e-8 apart at ``h = 0.2`` for ten spins.

    Attributes:
        spins: of the ring.
        kept: how many levels are asked for of ``Π σˣ = 1``, and of ``−1``.
    """

    trained: tuple[float, float] = (0.2, 2.0)
    tested: tuple[float, float] = (0.2, 2.0)
    spins: int = 10
    kept: tuple[int, int] = (2, 2)

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        super().__post_init__()
        as_whole("spins", self.spins, least=3)
        check_kept(self.kept, 2)

    @property
    def dimension(self) -> int:
        """Of all states, before symmetries."""
        return 2 ** int(self.spins)

    def make_sectors(self) -> tuple[Sector, ...]:
        """``Π σˣ = 1`` and ``−1``."""
        n = self.spins
        states = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        spin = 2 * states - 1
        bonds = -np.sum(spin * np.roll(spin, 1, axis=1), axis=1).astype(float)
        turned = np.arange(2**n)[:, None] ^ (1 << np.arange(n))  # one spin each
        orbit = self._orbits(states)
        flipped = orbit[::-1]  # of the state with all bits turned, 2ⁿ − 1 − s
        sectors = []
        for kept, sign, name in zip(self.kept, (1, -1), ("Π σˣ = 1", "Π σˣ = −1"), strict=True):
            first = np.minimum(orbit, flipped)
            amplitude = np.where(
                orbit == flipped, (1 + sign) / 2, np.where(orbit == first, 1, sign)
            )
            found = np.unique(first[amplitude != 0])
            basis = np.where(first[:, None] == found[None, :], amplitude[:, None], 0.0)
            basis /= np.linalg.norm(basis, axis=0)
            field = -sum(basis[turned[:, i]] for i in range(n))
            sectors.append(Sector(basis.T @ (bonds[:, None] * basis), basis.T @ field, kept, name))
        return tuple(sectors)

    def _orbits(self, states: np.ndarray) -> np.ndarray:
        """The smallest number among a state's translations and reflections, ``(2ⁿ,)``."""
        weights = 1 << np.arange(self.spins)
        each = [
            np.roll(way, shift, axis=1) @ weights
            for way in (states, states[:, ::-1])
            for shift in range(self.spins)
        ]
        return np.min(each, axis=0)


ENTRY = Entry(
    "ising-levels",
    "H = −Σ σᶻσᶻ − h Σ σˣ, a ring, levels of Π σˣ = ± 1",
    "exact diagonalisation",
    IsingLevels(),
    {"default": EmulationRecipe(blocks=(6, 6))},
    partial(emulation, "ising-levels"),
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
