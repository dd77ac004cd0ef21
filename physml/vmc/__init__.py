"""Variational Monte Carlo: systems, wave functions, and their ground states."""

from physml.vmc.catalogue import SYSTEMS, SystemEntry
from physml.vmc.energy import energy
from physml.vmc.ground_state import GroundState, ground_state
from physml.vmc.measure import Measurement, measure
from physml.vmc.observables import pair_distribution, radial_density
from physml.vmc.recipe import VMCRecipe
from physml.vmc.systems import (
    DoubleWell,
    Electrons,
    HarmonicOscillator,
    Hydrogen,
    QuantumDot,
    QuantumSystem,
    Reference,
    System,
)
from physml.vmc.wavefunctions import (
    MessagePassing,
    SignedLog,
    Slater,
    SlaterJastrow,
    log_amplitude,
)

__all__ = [
    "SYSTEMS",
    "DoubleWell",
    "Electrons",
    "GroundState",
    "HarmonicOscillator",
    "Hydrogen",
    "Measurement",
    "MessagePassing",
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
    "pair_distribution",
    "radial_density",
]
