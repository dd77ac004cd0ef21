"""Families of levels to emulate, one entry a file: numbers, recipes, what they are judged by."""

from typing import Any

from physml.pmm.catalogue.anharmonic_oscillator import AnharmonicOscillator
from physml.pmm.catalogue.burgers_family import BurgersFamily
from physml.pmm.catalogue.ising_levels import IsingLevels
from physml.pmm.catalogue.lipkin import Lipkin
from physml.pmm.catalogue.pairing import Pairing
from physml.pmm.catalogue.trotter import Trotter
from physml.train.entry import gathered

ENTRIES = gathered(__name__, __path__)
"""Every entry by the name it has on the command line, one for each file with an ``ENTRY``."""


def adopt(thing: Any) -> None:
    """No object of the user's own is an entry of this room but an ``Entry`` itself."""
    del thing


__all__ = [
    "ENTRIES",
    "AnharmonicOscillator",
    "BurgersFamily",
    "IsingLevels",
    "Lipkin",
    "Pairing",
    "Trotter",
    "adopt",
]
