"""An oscillator with x⁴, whose series in the coupling has no radius of convergence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from physml.as_whole import as_whole
from physml.pmm.emulation import EmulationRecipe, check, emulation
from physml.pmm.level_family import LevelFamily, Sector, check_kept
from physml.train import Entry
from physml.train.study import Study

_FREQUENCY = 3.0
"""Of the basis: near (6g)^⅓ of the largest coupling, where the basis is shortest."""


@dataclass(frozen=True)
class AnharmonicOscillator(LevelFamily):
    """``H = p²/2 + x²/2 + g x⁴``, seen up to ``g = 1`` and asked for from there to 5.

    Attributes:
        kept: how many levels are asked for of even, and of odd parity.
        basis: functions of an oscillator of frequency 3, of each parity.
    """

    trained: tuple[float, float] = (0.0, 1.0)
    tested: tuple[float, float] = (1.0, 5.0)
    kept: tuple[int, int] = (2, 1)
    basis: int = 80

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        super().__post_init__()
        as_whole("basis", self.basis, least=8)
        check_kept(self.kept, 2)

    @property
    def dimension(self) -> int:
        """Of each parity."""
        return self.basis

    def make_sectors(self) -> tuple[Sector, ...]:
        """Even and odd parity."""
        n = np.arange(2 * self.basis + 4)  # four more, so that x⁴ is exact in what is kept
        x = np.diag(np.sqrt(n[1:] / (2 * _FREQUENCY)), 1)
        square = (x + x.T) @ (x + x.T)
        fourth = (square @ square)[:-4, :-4]
        energy = np.diag(_FREQUENCY * (n + 0.5)) + 0.5 * (1 - _FREQUENCY**2) * square
        energy = energy[:-4, :-4]
        return tuple(
            Sector(energy[s::2, s::2], fourth[s::2, s::2], self.kept[s], name)
            for s, name in enumerate(("even", "odd"))
        )


ENTRY = Entry(
    "anharmonic-oscillator",
    "H = p²/2 + x²/2 + g x⁴",
    "exact diagonalisation",
    AnharmonicOscillator(),
    {"default": EmulationRecipe(blocks=(5, 4))},
    partial(emulation, "anharmonic-oscillator"),
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
