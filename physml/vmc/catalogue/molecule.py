"""Molecules with fixed nuclei."""

from __future__ import annotations

from dataclasses import replace

from physml.train.entry import Record
from physml.vmc.by_recipe import entry
from physml.vmc.catalogue.shared_recipes import NUCLEI
from physml.vmc.systems import Molecule

ENTRY = entry(
    "molecule",
    "H = Σ −½∇² − Σ Z/r_iA + Σ 1/r_ij + Σ ZZ/R",
    "exact energies, table",
    Molecule(),
    NUCLEI,
    quick=replace(NUCLEI, steps=200, measurements=1000),
    best=replace(NUCLEI, steps=600, measurements=1000),
    records=(
        Record("-1.174337(56) hartree", 66, "docs/results/vmc.md", "quick", {"name": "H2"}),
        Record("-8.06990(23) hartree", 237, "docs/results/vmc.md", "best", {"name": "LiH"}),
    ),
)
