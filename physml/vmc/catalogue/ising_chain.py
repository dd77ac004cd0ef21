"""The Ising chain in a transverse field."""

from __future__ import annotations

from physml.train.entry import Record
from physml.vmc.by_recipe import entry
from physml.vmc.catalogue.shared_recipes import SPINS
from physml.vmc.systems import IsingChain

ENTRY = entry(
    "ising-chain",
    "H = −J Σ σᶻσᶻ − h Σ σˣ, periodic",
    "exact: free fermions",
    IsingChain(),
    SPINS,
    records=(Record("-25.490819(48) hartree", 27, "docs/results/vmc.md"),),
)
