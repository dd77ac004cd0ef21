"""Recipes that several systems share: bosons, spins, electrons at nuclei."""

from __future__ import annotations

from physml.optim.settings import OptimizerSettings
from physml.vmc.recipe import VMCRecipe
from physml.vmc.wavefunctions import WavefunctionSettings

BOSONS = VMCRecipe(
    wavefunction=WavefunctionSettings(name="deep-set"),
    optimizer=OptimizerSettings(
        name="natural-gradient", learning_rate=0.1, damping=1e-3, momentum=0.9, max_norm=0.3
    ),
)

SPINS = VMCRecipe(
    wavefunction=WavefunctionSettings(name="rbm", density=4),
    optimizer=OptimizerSettings(
        name="natural-gradient", learning_rate=0.05, damping=1e-3, momentum=0.8, max_norm=0.2
    ),
    walkers=1024,
    sweeps=1,
    steps=300,
)

# Several determinants: 2s² and 2p² are nearly degenerate in beryllium.
NUCLEI = VMCRecipe(
    wavefunction=WavefunctionSettings(name="message-passing", width=16, determinants=4),
    optimizer=OptimizerSettings(
        name="natural-gradient",
        learning_rate=0.05,
        decay=300.0,
        damping=1e-3,
        momentum=0.95,
        max_norm=0.3,
    ),
    walkers=512,
    sweeps=20,
    steps=400,
)
