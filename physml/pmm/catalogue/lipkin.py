"""Lipkin's model: two levels, many particles, one phase transition."""

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
class Lipkin(LevelFamily):
    """``H = J_z + (V/N) (J_x² − J_y²)`` of a spin ``J = N/2``; ``V = 1`` is critical.

    ``m`` changes by two, so that there are two symmetries, even and odd ``m + J``. Their levels
    meet beyond ``V = 1``.

    Attributes:
        particles: ``N``.
        kept: how many levels are asked for of even, and of odd ``m + J``.
    """

    particles: int = 200
    kept: tuple[int, int] = (2, 1)

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        super().__post_init__()
        as_whole("particles", self.particles, least=1)
        check_kept(self.kept, 2)

    @property
    def dimension(self) -> int:
        """Of even ``m + J``."""
        return self.particles // 2 + 1

    def make_sectors(self) -> tuple[Sector, ...]:
        """Even and odd ``m + J``."""
        j = 0.5 * self.particles
        m = np.arange(-j, j + 1)
        # J₊² from m to m + 2
        up = np.sqrt((j - m) * (j + m + 1))
        twice = up[:-2] * up[1:-1] if len(m) > 2 else np.zeros(0)
        a = np.diag(m)
        b = 0.5 / self.particles * (np.diag(twice, 2) + np.diag(twice, -2))
        return tuple(
            Sector(a[s::2, s::2], b[s::2, s::2], self.kept[s], name)
            for s, name in enumerate(("even", "odd"))
        )


ENTRY = Entry(
    "lipkin",
    "H = J_z + (V/N) (J_x² − J_y²)",
    "exact diagonalisation",
    Lipkin(),
    {"default": EmulationRecipe(blocks=(7, 7))},
    partial(emulation, "lipkin"),
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
