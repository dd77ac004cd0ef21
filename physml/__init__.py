"""physml finds functions that obey physics: PDEs and quantum ground states by one optimizer.

Flat names are the shared core and each room's door; all else is in its room, ``pm.pinn``,
``pm.vmc``, ``pm.networks``, ... Everything loads on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from physml.version import __version__

if TYPE_CHECKING:
    from physml import (
        calculus,
        control,
        datasets,
        errors,
        figures,
        generative,
        ising,
        learn,
        networks,
        optim,
        pinn,
        pmm,
        sampling,
        train,
        types,
        vmc,
    )
    from physml import cli as cli
    from physml.calculus import (
        divergence,
        gradient,
        hessian,
        jacobian,
        kinetic_energy,
        laplacian,
        partial,
    )
    from physml.cli import load
    from physml.datasets import Dataset
    from physml.errors import PhysmlError
    from physml.lazy_jacobian import Block, Jacobian
    from physml.networks import MLP
    from physml.optim import gauss_newton, natural_gradient, soap, ssbfgs, ssbroyden
    from physml.pinn import Box, Problem, Solution, dirichlet, initial, solve
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
    # data
    "Dataset",
    # rooms
    "calculus",
    "control",
    "datasets",
    "errors",
    "figures",
    "generative",
    "ising",
    "learn",
    "networks",
    "optim",
    "pinn",
    "pmm",
    "sampling",
    "train",
    "types",
    "vmc",
    "__version__",
]

# Nothing is loaded here: so a Ctrl-C while it is can be heeded by who asked for it (__main__).
_ROOMS = (
    *("calculus", "cli", "control", "datasets", "errors", "figures", "generative", "ising"),
    *("learn", "networks", "optim", "pinn", "pmm", "sampling", "train", "types", "vmc"),
)
_DOORS = {
    "calculus": "divergence gradient hessian jacobian kinetic_energy laplacian partial",
    "cli": "load",
    "datasets": "Dataset",
    "errors": "PhysmlError",
    "lazy_jacobian": "Block Jacobian",
    "networks": "MLP",
    "optim": "gauss_newton natural_gradient soap ssbfgs ssbroyden",
    "pinn": "Box Problem Solution dirichlet initial solve",
    "sampling": "drawn fixed langevin metropolis",
    "train": (
        "FitResult Run cost cross_entropy every fit least_squares posterior progress score total"
    ),
    "types": "Evaluation Field LocalOperator Objective Optimizer Sampler",
    "vmc": "GroundState QuantumDot SlaterJastrow System ground_state",
}

# A type checker sees the imports above, and no name that is not there.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in _ROOMS:
            return import_module(f"physml.{name}")
        for home, names in _DOORS.items():
            if name in names.split():
                # Kept, so that this function is asked once.
                value = globals()[name] = getattr(import_module(f"physml.{home}"), name)
                return value
        return import_module("physml.moved_names").found(name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
