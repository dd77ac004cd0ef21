"""Pairs of fermions on equidistant levels that scatter between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import comb

import numpy as np

from physml.as_whole import as_whole
from physml.pmm.emulation import EmulationRecipe, check, emulation
from physml.pmm.level_family import LevelFamily, Sector
from physml.train import Entry
from physml.train.study import Study


@dataclass(frozen=True)
class Pairing(LevelFamily):
    """``H = Σ_p (p − 1) n_p − (g/2) Σ_{pq} P_p† P_q`` with ``p = 1, 2, ...``, without broken pairs.

    ``n_p`` counts particles, two a pair; ``p = q`` is in the second sum, a pair's ``−g/2`` of
    itself.

    Attributes:
        levels_of_one: how many levels ``p``.
        pairs: how many pairs on them.
        kept: how many levels of the whole are asked for.
    """

    levels_of_one: int = 10
    pairs: int = 5
    kept: int = 3

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        super().__post_init__()
        as_whole("levels_of_one", self.levels_of_one, least=2)
        as_whole("pairs", self.pairs, least=1, most=self.levels_of_one - 1)
        as_whole("kept", self.kept, least=1)

    @property
    def dimension(self) -> int:
        """Ways to put the pairs."""
        return comb(self.levels_of_one, self.pairs)

    def make_sectors(self) -> tuple[Sector, ...]:
        """One: all states without broken pairs."""
        states = list(combinations(range(self.levels_of_one), self.pairs))
        number = {state: i for i, state in enumerate(states)}
        a, b = np.zeros((2, len(states), len(states)))
        for state, i in number.items():
            a[i, i], b[i, i] = 2 * sum(state), -0.5 * self.pairs
            for gone in state:
                for come in set(range(self.levels_of_one)) - {*state}:
                    b[number[tuple(sorted({*state} - {gone} | {come}))], i] = -0.5
        return (Sector(a, b, self.kept),)


ENTRY = Entry(
    "pairing",
    "H = Σ (p − 1) n_p − (g/2) Σ P_p† P_q",
    "exact diagonalisation",
    Pairing(),
    {"default": EmulationRecipe(blocks=(7,))},
    partial(emulation, "pairing"),
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
