"""Differential equations: problems, conditions, and their solution by physics-informed networks."""

from physml.pinn.collocation import collocation
from physml.pinn.conditions import Condition, dirichlet, initial, neumann, periodic, robin
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem, residual_rows
from physml.pinn.recipe import Recipe
from physml.pinn.solution import Errors, Solution
from physml.pinn.solve import solve

__all__ = [
    "Box",
    "Condition",
    "Errors",
    "Problem",
    "Recipe",
    "Solution",
    "collocation",
    "dirichlet",
    "initial",
    "neumann",
    "periodic",
    "residual_rows",
    "robin",
    "solve",
]
