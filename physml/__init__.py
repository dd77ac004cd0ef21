"""physml finds functions that obey physics: PDEs and quantum ground states by one optimizer.

Flat names are the shared core and each room's door; all else is in its room, ``pm.pinn``,
``pm.vmc``, ``pm.networks``, ... Rooms that know physics load on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from physml import calculus, errors, figures, networks, optim, sampling, train, types
from physml.calculus import (
    divergence,
    gradient,
    hessian,
    jacobian,
    kinetic_energy,
    laplacian,
    partial,
)
from physml.errors import PhysmlError
from physml.lazy_jacobian import Block, Jacobian
from physml.networks import MLP
from physml.optim import gauss_newton, natural_gradient, soap, ssbfgs, ssbroyden
from physml.sampling import drawn, fixed, langevin, metropolis
from physml.train import (
    FitResult,
    Run,
    cost,
    cross_entropy,
    every,
    fit,
    least_squares,
    posterior,
    progress,
    score,
    total,
)
from physml.types import Evaluation, Field, LocalOperator, Objective, Optimizer, Sampler
from physml.version import __version__

if TYPE_CHECKING:
    from physml import cli as cli
    from physml import learn, pinn, vmc
    from physml.cli import load
    from physml.learn import Dataset
    from physml.pinn import Box, Problem, Solution, dirichlet, initial, solve
    from physml.vmc import GroundState, QuantumDot, SlaterJastrow, System, ground_state

__all__ = [
    # the types
    "Block",
    "Evaluation",
    "Field",
    "Jacobian",
    "LocalOperator",
    "Objective",
    "Optimizer",
    "Sampler",
    # the root of all errors
    "PhysmlError",
    # derivatives
    "divergence",
    "gradient",
    "hessian",
    "jacobian",
    "kinetic_energy",
    "laplacian",
    "partial",
    # a network
    "MLP",
    # optimizers
    "gauss_newton",
    "natural_gradient",
    "soap",
    "ssbfgs",
    "ssbroyden",
    # samplers
    "drawn",
    "fixed",
    "langevin",
    "metropolis",
    # objectives
    "cost",
    "cross_entropy",
    "least_squares",
    "score",
    "total",
    # training
    "FitResult",
    "Run",
    "every",
    "fit",
    "load",
    "posterior",
    "progress",
    # the door to differential equations
    "Box",
    "Problem",
    "Solution",
    "dirichlet",
    "initial",
    "solve",
    # the door to ground states
    "GroundState",
    "QuantumDot",
    "SlaterJastrow",
    "System",
    "ground_state",
    # the door to learning from data
    "Dataset",
    # rooms
    "calculus",
    "errors",
    "figures",
    "learn",
    "networks",
    "optim",
    "pinn",
    "sampling",
    "train",
    "types",
    "vmc",
    "__version__",
]

_DOORS = {
    "cli": ("load",),
    "learn": ("Dataset",),
    "pinn": ("Box", "Problem", "Solution", "dirichlet", "initial", "solve"),
    "vmc": ("GroundState", "QuantumDot", "SlaterJastrow", "System", "ground_state"),
}

# A type checker sees the imports above, and no name that is not there.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in _DOORS:
            return import_module(f"physml.{name}")
        for room, names in _DOORS.items():
            if name in names:
                # Kept, so that this function is asked once.
                value = globals()[name] = getattr(import_module(f"physml.{room}"), name)
                return value
        return import_module("physml.moved_names").found(name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
