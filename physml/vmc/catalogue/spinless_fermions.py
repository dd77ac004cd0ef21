"""Fermions on a line with a finite interaction."""

from __future__ import annotations

from physml.optim.settings import OptimizerSettings
from physml.train.entry import Record
from physml.vmc.by_recipe import entry
from physml.vmc.recipe import VMCRecipe
from physml.vmc.systems import SpinlessFermions
from physml.vmc.wavefunctions import WavefunctionSettings

ENTRY = entry(
    "spinless-fermions",
    "H = Σ −½d²/dx² + ½ω²x² + Σ V₀/(√(2π) σ₀) e^{−(x_i−x_j)²/2σ₀²}",
    "exact without interaction and for two; own exact diagonalisation for three",
    SpinlessFermions(),
    VMCRecipe(
        wavefunction=WavefunctionSettings(name="message-passing"),
        optimizer=OptimizerSettings(
            name="natural-gradient",
            learning_rate=0.1,
            decay=200.0,
            damping=1e-3,
            momentum=0.9,
            max_norm=0.3,
        ),
    ),
    records=(
        Record(
            "0.595899(12) hartree",
            129,
            "docs/results/vmc.md",
            numbers={"particles": 2, "strength": -10.0},
        ),
        Record(
            "5.8780222(92) hartree",
            216,
            "docs/results/vmc.md",
            numbers={"particles": 3, "strength": 10.0},
        ),
        Record(
            "-7.524488(38) hartree",
            221,
            "docs/results/vmc.md",
            numbers={"particles": 3, "strength": -20.0},
        ),
    ),
)
