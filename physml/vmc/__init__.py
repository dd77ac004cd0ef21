"""Variational Monte Carlo: systems, wave functions, and their ground states."""

from physml.vmc.catalogue import SYSTEMS, SystemEntry
from physml.vmc.energy import energy
from physml.vmc.ground_state import GroundState, ground_state
from physml.vmc.measure import Measurement, measure
from physml.vmc.observables import (
    Observable,
    pair_correlation,
    pair_distribution,
    radial_density,
    spin_correlation,
    structure_factor,
)
from physml.vmc.recipe import VMCRecipe
from physml.vmc.systems import (
    Cell,
    DoubleWell,
    ElectronGas,
    Electrons,
    Ewald,
    HarmonicOscillator,
    HeisenbergChain,
    Hydrogen,
    IsingChain,
    QuantumDot,
    QuantumSystem,
    Reference,
    System,
)
from physml.vmc.wavefunctions import (
    RBM,
    MessagePassing,
    SignedLog,
    Slater,
    SlaterJastrow,
    log_amplitude,
)

__all__ = [
    "RBM",
    "SYSTEMS",
    "Cell",
    "DoubleWell",
    "ElectronGas",
    "Electrons",
    "Ewald",
    "GroundState",
    "HarmonicOscillator",
    "HeisenbergChain",
    "Hydrogen",
    "IsingChain",
    "Measurement",
    "MessagePassing",
    "Observable",
    "QuantumDot",
    "QuantumSystem",
    "Reference",
    "SignedLog",
    "Slater",
    "SlaterJastrow",
    "System",
    "SystemEntry",
    "VMCRecipe",
    "energy",
    "ground_state",
    "log_amplitude",
    "measure",
    "pair_correlation",
    "pair_distribution",
    "radial_density",
    "spin_correlation",
    "structure_factor",
]
