"""The hydrogen atom, and ions of one electron."""

from __future__ import annotations

from physml.vmc.by_recipe import entry
from physml.vmc.recipe import VMCRecipe
from physml.vmc.systems import Hydrogen
from physml.vmc.wavefunctions import WavefunctionSettings

ENTRY = entry(
    "hydrogen",
    "H = −½∇² − Z/r",
    "exact: −Z²/2",
    Hydrogen(),
    VMCRecipe(wavefunction=WavefunctionSettings(name="slater-jastrow")),
)
