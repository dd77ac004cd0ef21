"""Problems with known solutions, one a file: numbers, equation, domain, exact solution, recipes."""

from physml.cole_hopf import cole_hopf
from physml.pinn.by_recipe import adopt
from physml.pinn.catalogue.advection import Advection
from physml.pinn.catalogue.allen_cahn import AllenCahn
from physml.pinn.catalogue.black_scholes import BlackScholes
from physml.pinn.catalogue.black_scholes_barenblatt_10d import BlackScholesBarenblatt10D
from physml.pinn.catalogue.burgers import Burgers
from physml.pinn.catalogue.burgers_inverse import BurgersInverse
from physml.pinn.catalogue.burgers_smooth import BurgersSmooth
from physml.pinn.catalogue.cavity import Cavity
from physml.pinn.catalogue.cavity_unit_lid import CavityUnitLid, centre_lines
from physml.pinn.catalogue.disk_eigenvalues import DiskEigenvalues
from physml.pinn.catalogue.fokker_planck import DoubleWell
from physml.pinn.catalogue.heat import Heat
from physml.pinn.catalogue.heat_4d import Heat4D
from physml.pinn.catalogue.helmholtz import Helmholtz
from physml.pinn.catalogue.hjb_lqr import HJBLQR
from physml.pinn.catalogue.kdv import KdV
from physml.pinn.catalogue.kovasznay import Kovasznay
from physml.pinn.catalogue.kuramoto_sivashinsky import KuramotoSivashinsky
from physml.pinn.catalogue.lorenz import Lorenz
from physml.pinn.catalogue.oscillator import Oscillator
from physml.pinn.catalogue.poisson_2d import Poisson2D
from physml.pinn.catalogue.poisson_5d import Poisson5D
from physml.pinn.catalogue.poisson_10d import Poisson10D
from physml.pinn.catalogue.poisson_100d import Poisson100D
from physml.pinn.catalogue.poisson_inverse import PoissonInverse
from physml.pinn.catalogue.poisson_l_shape import PoissonLShape
from physml.pinn.catalogue.poisson_multiscale import PoissonMultiscale
from physml.pinn.catalogue.schrodinger import Schrodinger
from physml.pinn.catalogue.wave import Wave
from physml.train.entry import gathered

ENTRIES = gathered(__name__, __path__)
"""Every problem by the name it has on the command line, one for each file with an ``ENTRY``."""

PROBLEMS = ENTRIES
"""The same, by its name before entries were of one type."""

__all__ = [
    "Advection",
    "AllenCahn",
    "BlackScholes",
    "BlackScholesBarenblatt10D",
    "Burgers",
    "BurgersInverse",
    "BurgersSmooth",
    "Cavity",
    "CavityUnitLid",
    "DiskEigenvalues",
    "DoubleWell",
    "ENTRIES",
    "HJBLQR",
    "Heat",
    "Heat4D",
    "Helmholtz",
    "KdV",
    "Kovasznay",
    "KuramotoSivashinsky",
    "Lorenz",
    "Oscillator",
    "PROBLEMS",
    "Poisson100D",
    "Poisson10D",
    "Poisson2D",
    "Poisson5D",
    "PoissonInverse",
    "PoissonLShape",
    "PoissonMultiscale",
    "Schrodinger",
    "Wave",
    "adopt",
    "centre_lines",
    "cole_hopf",
]
