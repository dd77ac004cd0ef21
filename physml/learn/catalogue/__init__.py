"""What is learned from data, one entry a file: numbers, recipes, what they are judged by."""

from typing import Any

from physml.learn.catalogue.breast_cancer import BreastCancer
from physml.learn.catalogue.digits import Digits
from physml.learn.catalogue.franke import Franke
from physml.learn.catalogue.ising_coupling import IsingCoupling
from physml.learn.catalogue.ising_energies import IsingEnergies
from physml.learn.catalogue.ising_phases import IsingPhases
from physml.learn.catalogue.mnist_subset import MnistSubset
from physml.learn.catalogue.runge import Runge
from physml.train.entry import gathered

ENTRIES = gathered(__name__, __path__)
"""Every entry by the name it has on the command line, one for each file with an ``ENTRY``."""


def adopt(thing: Any) -> None:
    """No object of the user's own is an entry of this room but an ``Entry`` itself."""
    del thing


__all__ = [
    "BreastCancer",
    "Digits",
    "ENTRIES",
    "Franke",
    "IsingCoupling",
    "IsingEnergies",
    "IsingPhases",
    "MnistSubset",
    "Runge",
    "adopt",
]
