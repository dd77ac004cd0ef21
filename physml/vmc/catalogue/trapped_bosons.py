"""Hard spheres in a trap."""

from __future__ import annotations

from physml.train.entry import Record
from physml.vmc.by_recipe import entry
from physml.vmc.catalogue.shared_recipes import BOSONS
from physml.vmc.systems import TrappedBosons

ENTRY = entry(
    "trapped-bosons",
    "H = Σ −½∇² + ½ω²(x²+y²+γ²z²), hard spheres",
    "the ideal gas where the spheres are points",
    TrappedBosons(),
    BOSONS,
    records=(
        Record("24.397885(51) hartree", 213, "docs/results/vmc.md", numbers={"elongation": 8**0.5}),
    ),
)
