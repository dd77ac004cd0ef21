"""The Ising model, exactly: small lattices by enumeration, square ones by Kaufman's sum.

Numbers are those of a site, ``J`` is the unit of energy, and ``K = J/T``; periodic in both
directions.
"""

from physml.ising.enumeration import Enumeration, enumeration
from physml.ising.infinite_lattice import infinite_lattice, spontaneous_magnetisation
from physml.ising.kaufman import kaufman
from physml.ising.square import (
    CRITICAL_COUPLING,
    CRITICAL_TEMPERATURE,
    energy,
    magnetisation,
    square_couplings,
)
from physml.ising.thermodynamics import Thermodynamics

__all__ = [
    "CRITICAL_COUPLING",
    "CRITICAL_TEMPERATURE",
    "Enumeration",
    "Thermodynamics",
    "energy",
    "enumeration",
    "infinite_lattice",
    "kaufman",
    "magnetisation",
    "spontaneous_magnetisation",
    "square_couplings",
]
