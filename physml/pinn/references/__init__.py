"""Numerical solutions, each with its measured error, of problems without an exact one.

Independent of what they check: numpy and scipy in float64, no network and no jax. Each is solved
for when first called.
"""

from physml.pinn.references.allen_cahn import ALLEN_CAHN_ERROR, allen_cahn, allen_cahn_solution
from physml.pinn.references.cavity import (
    CAVITY_ERROR,
    PARABOLIC_LID,
    UNIT_LID,
    CavityFlow,
    cavity,
    cavity_solution,
)
from physml.pinn.references.exponential_integrators import etdrk4, lawson4, wave_numbers
from physml.pinn.references.fourier_projection import fourier_projection
from physml.pinn.references.ghia import CENTRE_LINE_EXTREMA, GHIA_U, GHIA_V
from physml.pinn.references.kdv import KDV_ERROR, kdv, kdv_solution
from physml.pinn.references.kuramoto_sivashinsky import (
    KURAMOTO_SIVASHINSKY_ERROR,
    kuramoto_sivashinsky,
    kuramoto_sivashinsky_solution,
)
from physml.pinn.references.lorenz import LORENZ_ERROR, lorenz, lorenz_solution
from physml.pinn.references.ode import OdeSolution
from physml.pinn.references.poisson_l_shape import (
    POISSON_L_SHAPE_ERROR,
    poisson_l_shape,
    poisson_l_shape_solution,
)
from physml.pinn.references.refinement import refinement_error
from physml.pinn.references.schrodinger import (
    SCHRODINGER_ERROR,
    schrodinger,
    schrodinger_solution,
)
from physml.pinn.references.spectral_solution import SpectralSolution

__all__ = [
    "ALLEN_CAHN_ERROR",
    "CAVITY_ERROR",
    "CENTRE_LINE_EXTREMA",
    "GHIA_U",
    "GHIA_V",
    "KDV_ERROR",
    "KURAMOTO_SIVASHINSKY_ERROR",
    "LORENZ_ERROR",
    "PARABOLIC_LID",
    "POISSON_L_SHAPE_ERROR",
    "SCHRODINGER_ERROR",
    "UNIT_LID",
    "CavityFlow",
    "OdeSolution",
    "SpectralSolution",
    "allen_cahn",
    "allen_cahn_solution",
    "cavity",
    "cavity_solution",
    "etdrk4",
    "fourier_projection",
    "kdv",
    "kdv_solution",
    "kuramoto_sivashinsky",
    "kuramoto_sivashinsky_solution",
    "lawson4",
    "lorenz",
    "lorenz_solution",
    "poisson_l_shape",
    "poisson_l_shape_solution",
    "refinement_error",
    "schrodinger",
    "schrodinger_solution",
    "wave_numbers",
]
