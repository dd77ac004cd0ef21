"""Variational Monte Carlo: systems, wave functions, and their ground states."""

from physml.vmc import catalogue
from physml.vmc.by_recipe import entry, solve_by_recipe
from physml.vmc.catalogue import SYSTEMS
from physml.vmc.energy import energy
from physml.vmc.energy_parts import EnergyParts, energy_parts
from physml.vmc.exact_diagonalisation import Levels, exact_diagonalisation
from physml.vmc.extrapolation import Extrapolation, extrapolate_in_variance
from physml.vmc.forces import NuclearForces, nuclear_forces
from physml.vmc.ground_state import ground_state
from physml.vmc.hartree_fock import HartreeFock, hartree_fock
from physml.vmc.local_energies import local_energies
from physml.vmc.log_density import log_density
from physml.vmc.measure import measure
from physml.vmc.measured_state import GroundState, reference_of
from physml.vmc.measurement import Measurement
from physml.vmc.observables import (
    Observable,
    SumRule,
    pair_correlation,
    pair_distribution,
    radial_density,
    spin_correlation,
    structure_factor,
)
from physml.vmc.one_body import momentum_distribution, one_body_density_matrix
from physml.vmc.pretraining import pretrain
from physml.vmc.recipe import VMCRecipe
from physml.vmc.sampler_settings import SamplerSettings
from physml.vmc.signed_log import Psi, SignedLog, log_amplitude, psi_ratio
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
    LatticeSystem,
    Molecule,
    QuantumDot,
    QuantumSystem,
    Reference,
    Row,
    SpinlessFermions,
    System,
    TrappedBosons,
)
from physml.vmc.total_spin import spin_squared
from physml.vmc.wavefunctions import (
    RBM,
    DeepSet,
    FermiNet,
    GaussianRBM,
    MessagePassing,
    NeuralSlater,
    PsiFormer,
    Slater,
    SlaterJastrow,
    SlaterRBM,
    WavefunctionSettings,
    one_electron_moves,
    wavefunction_of,
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
    "NuclearForces",
    "Psi",
    "PsiFormer",
    "GroundState",
    "HarmonicOscillator",
    "HartreeFock",
    "HeisenbergChain",
    "HeisenbergSquare",
    "Hydrogen",
    "IsingChain",
    "LatticeSystem",
    "Levels",
    "Measurement",
    "MessagePassing",
    "Molecule",
    "Observable",
    "QuantumDot",
    "QuantumSystem",
    "Reference",
    "Row",
    "SignedLog",
    "Slater",
    "SlaterJastrow",
    "SlaterRBM",
    "SpinlessFermions",
    "SumRule",
    "System",
    "TrappedBosons",
    "VMCRecipe",
    "catalogue",
    "energy",
    "entry",
    "energy_parts",
    "exact_diagonalisation",
    "extrapolate_in_variance",
    "ground_state",
    "reference_of",
    "hartree_fock",
    "log_amplitude",
    "local_energies",
    "log_density",
    "measure",
    "momentum_distribution",
    "nuclear_forces",
    "one_body_density_matrix",
    "one_electron_moves",
    "pair_correlation",
    "pair_distribution",
    "pretrain",
    "psi_ratio",
    "radial_density",
    "solve_by_recipe",
    "spin_correlation",
    "spin_squared",
    "structure_factor",
    "SamplerSettings",
    "WavefunctionSettings",
    "wavefunction_of",
]
