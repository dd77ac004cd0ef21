"""The Heisenberg model on a square lattice."""

from __future__ import annotations

from physml.train.entry import Record
from physml.vmc.by_recipe import entry
from physml.vmc.catalogue.shared_recipes import SPINS
from physml.vmc.systems import HeisenbergSquare

ENTRY = entry(
    "heisenberg-square",
    "H = J₁ Σ S_i·S_j + J₂ Σ S_i·S_j of neighbours and diagonals, L × L periodic",
    "exact diagonalisation for 4 × 4 and 6 × 6 sites",
    HeisenbergSquare(),
    SPINS,
    records=(
        Record("-11.22158(38) hartree", 30, "docs/results/vmc.md", numbers={"side": 4}),
        Record(
            "-8.3340(15) hartree",
            45,
            "docs/results/vmc.md",
            numbers={"side": 4, "next_coupling": 0.5},
        ),
    ),
)
