"""One particle in a double well."""

from __future__ import annotations

from physml.train.entry import Record
from physml.vmc.by_recipe import entry
from physml.vmc.recipe import VMCRecipe
from physml.vmc.systems import DoubleWell

ENTRY = entry(
    "double-well",
    "H = −½d²/dx² + λx⁴/4 − μx²/2",
    "finite differences, extrapolated",
    DoubleWell(),
    VMCRecipe(),
    records=(Record("0.147242(19) hartree", 10, "docs/results/vmc.md"),),
)
