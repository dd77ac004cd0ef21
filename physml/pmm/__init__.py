"""Parametric matrix models: matrices that depend on parameters, found from their eigenvalues."""

from physml.pmm import catalogue
from physml.pmm.emulate import emulate
from physml.pmm.emulator import Emulator
from physml.pmm.hermitian import Hermitian
from physml.pmm.image_matrix import ImageMatrix
from physml.pmm.observables import Observables
from physml.pmm.selection import Highest, Interior, Lowest, Nearest, Selection
from physml.pmm.unitary import Unitary, energies

__all__ = [
    "Emulator",
    "Hermitian",
    "emulate",
    # numbers in its eigenvectors
    "Observables",
    # phases of time steps
    "Unitary",
    "energies",
    # of images
    "ImageMatrix",
    # which eigenvalues
    "Highest",
    "Interior",
    "Lowest",
    "Nearest",
    "Selection",
    # its entries
    "catalogue",
]
