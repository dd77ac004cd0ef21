"""Quantum systems, one a file: Hamiltonian, particles, reference."""

from physml.vmc.systems.atom import Atom
from physml.vmc.systems.calogero import Calogero
from physml.vmc.systems.cell import Cell
from physml.vmc.systems.double_well import DoubleWell
from physml.vmc.systems.electron_gas import ElectronGas
from physml.vmc.systems.electrons import Electrons
from physml.vmc.systems.ewald import Ewald
from physml.vmc.systems.harmonic_oscillator import HarmonicOscillator
from physml.vmc.systems.heisenberg_chain import HeisenbergChain
from physml.vmc.systems.heisenberg_square import HeisenbergSquare
from physml.vmc.systems.hydrogen import Hydrogen
from physml.vmc.systems.ising_chain import IsingChain
from physml.vmc.systems.lattice import LatticeSystem, Row
from physml.vmc.systems.molecule import Molecule
from physml.vmc.systems.nuclei import ANGSTROM
from physml.vmc.systems.quantum_dot import QuantumDot
from physml.vmc.systems.spinless_fermions import SpinlessFermions
from physml.vmc.systems.system import QuantumSystem, Reference, System
from physml.vmc.systems.trapped_bosons import TrappedBosons

__all__ = [
    "ANGSTROM",
    "Atom",
    "Calogero",
    "Cell",
    "DoubleWell",
    "ElectronGas",
    "Electrons",
    "Ewald",
    "HarmonicOscillator",
    "HeisenbergChain",
    "HeisenbergSquare",
    "Hydrogen",
    "IsingChain",
    "LatticeSystem",
    "Molecule",
    "QuantumDot",
    "QuantumSystem",
    "Reference",
    "Row",
    "SpinlessFermions",
    "System",
    "TrappedBosons",
]
