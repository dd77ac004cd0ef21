"""Differential equations: problems, conditions, and their solution by physics-informed networks."""

from physml.pinn import catalogue
from physml.pinn.ansatz import compose, hard_dirichlet, hard_initial
from physml.pinn.by_recipe import entry, solve_by_recipe
from physml.pinn.check import Check, TermCheck
from physml.pinn.collocation import collocation
from physml.pinn.conditions import (
    Condition,
    dirichlet,
    initial,
    integral,
    interface,
    measured,
    neumann,
    periodic,
    require,
    robin,
)
from physml.pinn.eigenvalues.eigenmodes import eigenmodes
from physml.pinn.eigenvalues.modes import Modes
from physml.pinn.error_curve import ErrorCurve, ErrorPoint
from physml.pinn.geometry import Ball, Box, Disk, Domain, Polygon, l_shape
from physml.pinn.march import March, continuation, march
from physml.pinn.problem import Problem, residual_rows
from physml.pinn.recipe import Recipe
from physml.pinn.solution import Solution
from physml.pinn.solution_errors import SolutionErrors
from physml.pinn.solve import Phase, solve
from physml.pinn.statement import Slabs, Statement
from physml.pinn.trigonometric import harmonics, interpolated_start, trigonometric_interpolant

__all__ = [
    "Ball",
    "Box",
    "Check",
    "Condition",
    "Disk",
    "Domain",
    "ErrorCurve",
    "ErrorPoint",
    "SolutionErrors",
    "Modes",
    "March",
    "Phase",
    "Polygon",
    "Problem",
    "Recipe",
    "Slabs",
    "Solution",
    "Statement",
    "TermCheck",
    "compose",
    "catalogue",
    "collocation",
    "continuation",
    "measured",
    "dirichlet",
    "eigenmodes",
    "entry",
    "hard_dirichlet",
    "hard_initial",
    "harmonics",
    "initial",
    "integral",
    "interpolated_start",
    "interface",
    "l_shape",
    "march",
    "neumann",
    "periodic",
    "require",
    "residual_rows",
    "robin",
    "solve",
    "solve_by_recipe",
    "trigonometric_interpolant",
]
