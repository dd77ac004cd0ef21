"""Atoms, all electrons."""

from __future__ import annotations

from dataclasses import replace

from physml.train.entry import Record
from physml.vmc.by_recipe import entry
from physml.vmc.catalogue.shared_recipes import NUCLEI
from physml.vmc.recipe import VMCRecipe
from physml.vmc.systems import Atom

LONG = replace(NUCLEI, steps=600, measurements=1000)


def best(atom: Atom) -> VMCRecipe:
    """Longer the more electrons; of neon with a wider network, in shorter and shorter steps."""
    if atom.symbol == "He":
        return replace(NUCLEI, steps=300, measurements=2000)
    if atom.symbol == "Ne":
        return replace(
            NUCLEI,
            wavefunction=replace(NUCLEI.wavefunction, width=24),
            optimizer=replace(NUCLEI.optimizer, learning_rate=0.02, decay=100.0, max_norm=0.2),
            walkers=1024,
            steps=800,
            measurements=400,
        )
    return LONG


ENTRY = entry(
    "atom",
    "H = Σ −½∇² − Z/r_i + Σ 1/r_ij",
    "exact energies, table",
    Atom(),
    NUCLEI,
    best=best,
    records=(
        Record("-2.903692(38) hartree", 97, "docs/results/vmc.md", "best", {"symbol": "He"}),
        Record("-14.66712(38) hartree", 227, "docs/results/vmc.md", "best", {"symbol": "Be"}),
        Record("-128.9275(26) hartree", 3031, "docs/results/vmc.md", "best", {"symbol": "Ne"}),
    ),
)
