"""Flow in a square cavity whose lid moves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial as bind
from typing import Any

import jax.numpy as jnp
from jax import Array

from physml.calculus import gradient, jacobian, laplacian
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn import references
from physml.pinn.by_recipe import entry
from physml.pinn.conditions import integral
from physml.pinn.geometry import Box
from physml.pinn.problem import Network, Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record
from physml.types import Field


def momentum_and_mass(unknowns: Any, z: Array, *, reynolds: float) -> Array:
    """``u·∇u + ∇p − Δu/Re`` and ``∇·u``, times the distances to both upper corners.

    There ``∇p`` grows like one over the distance, whose square has no integral.
    """
    velocity, pressure = unknowns["velocity"], unknowns["pressure"]
    slopes = jacobian(velocity)(z)
    viscous = laplacian(velocity)(z) / reynolds
    momentum = slopes @ velocity(z) + gradient(pressure)(z) - viscous
    from_corners = jnp.hypot(z[0] - jnp.array([0.0, 1.0]), z[1] - 1)
    return jnp.prod(from_corners) * jnp.append(momentum, slopes[0, 0] + slopes[1, 1])


def velocity_and_pressure(recipe: Recipe) -> Network:
    """Velocity and pressure, each by the recipe's network."""
    return {"velocity": recipe.network.build(outputs=2), "pressure": recipe.network.build()}


def ansatz(N: Field, z: Array) -> Array:
    """The lid's velocity, fading towards the bottom, and products that vanish on the walls."""
    x, y = z
    lid = 4 * x * (1 - x) * y**2
    return 16 * x * (1 - x) * y * (1 - y) * N(z) + jnp.stack([lid, 0 * x])


@dataclass(frozen=True, kw_only=True)
class Cavity(Statement):
    """Steady flow in the unit square under a lid of speed ``4x(1 − x)``.

    Unknowns ``"velocity"`` and ``"pressure"``, whose mean is zero. In the upper corners the
    vorticity jumps and the pressure is logarithmic: judge a solution by its velocity. The reference
    is known for Re = 100.

    Attributes:
        reynolds: Re, of the lid's largest speed and its length.
    """

    reynolds: float = 100.0

    def __post_init__(self) -> None:
        """Check the number at once."""
        self.expect(0 < self.reynolds < math.inf, "reynolds", "a number > 0")

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        known = self == Cavity()
        return Problem(
            domain=Box(x=(0, 1), y=(0, 1)),
            equation=bind(momentum_and_mass, reynolds=self.reynolds),
            ansatz={"velocity": ansatz},
            conditions=[integral(0.0, ("x", "y"), unknown="pressure", name="mean pressure")],
            components={"velocity": 2},
            exact={
                "velocity": lambda points: references.cavity(points)[:, :2],
                "pressure": lambda points: references.cavity(points)[:, 2],
            }
            if known
            else None,
            reference_error=references.CAVITY_ERROR if known else 0.0,
            name="cavity",
        )

    def network(self, recipe: Recipe) -> Network:
        """Velocity and pressure, each by the recipe's network."""
        return velocity_and_pressure(recipe)


ENTRY = entry(
    "cavity",
    "u·∇u = −∇p + Δu/Re, ∇·u = 0, lid 4x(1 − x)",
    "own Legendre–Galerkin solution",
    Cavity(),
    Recipe(
        network=NetworkSettings(width=20, depth=3),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        redraw=20,
        steps=200,
    ),
    records=(
        Record("velocity 9.4e-04, pressure 3.2e-02 relative L2", 216, "docs/results/pinn.md"),
    ),
)
