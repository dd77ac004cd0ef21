"""Control and its equations: judged by what is known exactly."""

from physml.control.finite_horizon import HorizonRegulator, riccati_flow, riccati_recursion
from physml.control.linear_quadratic import LinearQuadratic
from physml.control.riccati import Regulator, discrete_riccati, riccati

__all__ = [
    # linear systems, quadratic costs
    "HorizonRegulator",
    "LinearQuadratic",
    "Regulator",
    "discrete_riccati",
    "riccati",
    "riccati_flow",
    "riccati_recursion",
]
