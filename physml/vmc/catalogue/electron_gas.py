"""The homogeneous electron gas in a periodic cell."""

from __future__ import annotations

from dataclasses import replace

from physml.optim.settings import OptimizerSettings
from physml.train.entry import Record
from physml.vmc.by_recipe import entry
from physml.vmc.recipe import VMCRecipe
from physml.vmc.systems import ElectronGas
from physml.vmc.wavefunctions import WavefunctionSettings

FEW = VMCRecipe(
    wavefunction=WavefunctionSettings(name="message-passing", width=32),
    optimizer=OptimizerSettings(
        name="natural-gradient",
        learning_rate=0.05,
        decay=500.0,
        damping=1e-3,
        momentum=0.95,
        max_norm=0.3,
    ),
    walkers=512,
    sweeps=20,
    steps=500,
)


def best(gas: ElectronGas) -> VMCRecipe:
    """1,200 steps of few electrons; of more than 14 as many as were affordable."""
    if gas.n_up + gas.n_down > 14:
        return replace(FEW, walkers=128, sweeps=10, steps=250, measurements=50)
    return replace(FEW, steps=1200, measurements=200)


ENTRY = entry(
    "electron-gas",
    "H = Σ −½∇² + Ewald energy in a periodic cell",
    "full configuration interaction QMC for 14 electrons",
    ElectronGas(),
    FEW,
    quick=replace(FEW, steps=300, measurements=200),
    best=best,
    records=(
        Record(
            "0.568668(34) hartree each",
            1490,
            "docs/results/vmc.md",
            "quick",
            {"rs": 1.0},
            precision=32,
        ),
        Record("-0.008565(12) hartree each", 3854, "docs/results/vmc.md", "best", precision=32),
        Record(
            "-0.01381(14) [unconverged] hartree each",
            6895,
            "docs/results/vmc.md",
            "best",
            {"n_up": 27, "n_down": 27},
            precision=32,
        ),
    ),
)
