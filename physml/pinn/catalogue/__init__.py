"""Problems with known solutions, one a file: equation, domain, exact solution and recipe."""

from physml.pinn.catalogue import burgers as _burgers
from physml.pinn.catalogue import heat as _heat
from physml.pinn.catalogue import poisson_2d as _poisson_2d
from physml.pinn.catalogue.burgers import burgers
from physml.pinn.catalogue.entry import Entry
from physml.pinn.catalogue.heat import heat
from physml.pinn.catalogue.poisson_2d import poisson_2d

PROBLEMS = {e.name: e for e in (_heat.ENTRY, _poisson_2d.ENTRY, _burgers.ENTRY)}
"""Every problem by the name it has on the command line."""

__all__ = ["PROBLEMS", "Entry", "burgers", "heat", "poisson_2d"]
