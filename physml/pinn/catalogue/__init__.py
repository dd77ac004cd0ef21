"""Problems with known solutions, one a file: equation, domain, exact solution and recipe."""

from physml.pinn.catalogue import burgers as _burgers
from physml.pinn.catalogue import burgers_smooth as _burgers_smooth
from physml.pinn.catalogue import heat as _heat
from physml.pinn.catalogue import kovasznay as _kovasznay
from physml.pinn.catalogue import poisson_2d as _poisson_2d
from physml.pinn.catalogue.burgers import burgers
from physml.pinn.catalogue.burgers_smooth import burgers_smooth
from physml.pinn.catalogue.cole_hopf import cole_hopf
from physml.pinn.catalogue.entry import Entry
from physml.pinn.catalogue.heat import heat
from physml.pinn.catalogue.kovasznay import kovasznay
from physml.pinn.catalogue.poisson_2d import poisson_2d

PROBLEMS = {
    module.ENTRY.name: module.ENTRY
    for module in (_heat, _poisson_2d, _burgers, _burgers_smooth, _kovasznay)
}
"""Every problem by the name it has on the command line."""

__all__ = [
    "PROBLEMS",
    "Entry",
    "burgers",
    "burgers_smooth",
    "cole_hopf",
    "heat",
    "kovasznay",
    "poisson_2d",
]
