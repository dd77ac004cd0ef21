"""Conditions: what must hold besides the equation, on faces or at samples of their own."""

from physml.pinn.conditions.condition import Condition
from physml.pinn.conditions.faces import dirichlet, initial, neumann, periodic, require, robin
from physml.pinn.conditions.integral import integral
from physml.pinn.conditions.interface import interface
from physml.pinn.conditions.measured import measured

__all__ = [
    "Condition",
    "measured",
    "dirichlet",
    "initial",
    "integral",
    "interface",
    "neumann",
    "periodic",
    "require",
    "robin",
]
