"""Particles in a harmonic trap, without interaction."""

from __future__ import annotations

from physml.train.entry import Record
from physml.vmc.by_recipe import entry
from physml.vmc.recipe import VMCRecipe
from physml.vmc.systems import HarmonicOscillator

ENTRY = entry(
    "harmonic-oscillator",
    "H = Σ −½∇² + ½ω²r²",
    "exact: N d ω/2",
    HarmonicOscillator(),
    VMCRecipe(),
    records=(Record("0.500030(21) hartree", 10, "docs/results/vmc.md"),),
)
