"""The Heisenberg chain, and its frustrated form."""

from __future__ import annotations

from physml.train.entry import Record
from physml.vmc.by_recipe import entry
from physml.vmc.catalogue.shared_recipes import SPINS
from physml.vmc.systems import HeisenbergChain

ENTRY = entry(
    "heisenberg-chain",
    "H = J₁ Σ σ_i·σ_{i+1} + J₂ Σ σ_i·σ_{i+2}, periodic",
    "exact diagonalisation for 20 and 22 sites",
    HeisenbergChain(),
    SPINS,
    records=(Record("-35.617366(72) hartree", 35, "docs/results/vmc.md"),),
)
