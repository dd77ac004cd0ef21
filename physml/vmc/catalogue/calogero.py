"""Bosons on a line that repel as 1/r²."""

from __future__ import annotations

from physml.train.entry import Record
from physml.vmc.by_recipe import entry
from physml.vmc.catalogue.shared_recipes import BOSONS
from physml.vmc.systems import Calogero

ENTRY = entry(
    "calogero",
    "H = Σ −½d²/dx² + ½ω²x² + Σ β(β−1)/(x_i−x_j)²",
    "exact: ω [N/2 + βN(N−1)/2]",
    Calogero(),
    BOSONS,
    records=(Record("22.4999991(51) hartree", 49, "docs/results/vmc.md"),),
)
