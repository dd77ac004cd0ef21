"""Systems with known energies, one a file: Hamiltonian, numbers, recipes."""

from physml.train.entry import gathered
from physml.vmc.by_recipe import adopt

ENTRIES = gathered(__name__, __path__)
"""Every system by the name it has on the command line, one for each file with an ``ENTRY``."""

SYSTEMS = ENTRIES
"""The same, by the name that it has among the names of ``physml.vmc``."""

__all__ = ["ENTRIES", "SYSTEMS", "adopt"]
