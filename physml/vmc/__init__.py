"""Variational Monte Carlo: systems, wave functions, and their ground states."""

from physml.vmc.catalogue import SYSTEMS, SystemEntry
from physml.vmc.energy import energy
from physml.vmc.energy_parts import EnergyParts, energy_parts
from physml.vmc.extrapolation import Extrapolation, extrapolate_in_variance
from physml.vmc.ground_state import GroundState, ground_state
from physml.vmc.hartree_fock import HartreeFock, hartree_fock
from physml.vmc.local_energies import local_energies
from physml.vmc.measure import Measurement, measure
from physml.vmc.momentum_distribution import momentum_distribution
from physml.vmc.observables import (
    Observable,
    pair_correlation,
    pair_distribution,
    radial_density,
    spin_correlation,
    structure_factor,
)
from physml.vmc.pretraining import pretrain
from physml.vmc.recipe import VMCRecipe
from physml.vmc.systems import (
    ANGSTROM,
    Atom,
    Calogero,
    Cell,
    DoubleWell,
    ElectronGas,
    Electrons,
    Ewald,
    HarmonicOscillator,
    HeisenbergChain,
    HeisenbergSquare,
    Hydrogen,
    IsingChain,
    Molecule,
    QuantumDot,
    QuantumSystem,
    Reference,
    SpinlessFermions,
    System,
    TrappedBosons,
)
from physml.vmc.wavefunctions import (
    RBM,
    DeepSet,
    FermiNet,
    GaussianRBM,
    MessagePassing,
    NeuralSlater,
    PsiFormer,
    SignedLog,
    Slater,
    SlaterJastrow,
    log_amplitude,
)

__all__ = [
    "ANGSTROM",
    "RBM",
    "SYSTEMS",
    "Atom",
    "Calogero",
    "Cell",
    "DeepSet",
    "DoubleWell",
    "ElectronGas",
    "Electrons",
    "EnergyParts",
    "Ewald",
    "Extrapolation",
    "FermiNet",
    "GaussianRBM",
    "NeuralSlater",
    "PsiFormer",
    "GroundState",
    "HarmonicOscillator",
    "HartreeFock",
    "HeisenbergChain",
    "HeisenbergSquare",
    "Hydrogen",
    "IsingChain",
    "Measurement",
    "MessagePassing",
    "Molecule",
    "Observable",
    "QuantumDot",
    "QuantumSystem",
    "Reference",
    "SignedLog",
    "Slater",
    "SlaterJastrow",
    "SpinlessFermions",
    "System",
    "TrappedBosons",
    "SystemEntry",
    "VMCRecipe",
    "energy",
    "energy_parts",
    "extrapolate_in_variance",
    "ground_state",
    "hartree_fock",
    "log_amplitude",
    "local_energies",
    "measure",
    "momentum_distribution",
    "pair_correlation",
    "pair_distribution",
    "pretrain",
    "radial_density",
    "spin_correlation",
    "structure_factor",
]
