"""Flow in a square cavity whose lid moves at one speed: the velocity jumps in its corners."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial as bind
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn import references
from physml.pinn.by_recipe import entry
from physml.pinn.catalogue.cavity import momentum_and_mass, velocity_and_pressure
from physml.pinn.conditions import integral, require
from physml.pinn.geometry import Box
from physml.pinn.problem import Network, Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record

REFERENCE_ERROR = 1.5e-4
"""Relative L2 of the velocity against 44 modes, on the 201² grid without the corners: 1.4e-4."""


def lid(unknowns: Any, z: Array) -> Array:
    """``u − (1, 0)``, less and less over the last fifths before the corners, where it jumps."""
    return jnp.minimum(1.0, 5 * z[0] * (1 - z[0])) * (unknowns["velocity"](z) - jnp.array([1.0, 0]))


def walls(unknowns: Any, z: Array) -> Array:
    """``u``, less and less over the last fifth below the lid."""
    return jnp.minimum(1.0, 5 * (1 - z[1])) * unknowns["velocity"](z)


def centre_lines(velocity: Any) -> dict[str, float]:
    """The largest difference from the table of Ghia, Ghia and Shin, of u on x = ½, v on y = ½.

    In units of the lid's speed. The converged flow is 0.005 and 0.0094 from it.

    Args:
        velocity: a function of points ``(n, 2)``, ``(n, 2)``, such as
            ``lambda points: solution(points)["velocity"]``.

    Source: doi:10.1016/0021-9991(82)90058-4.
    """
    found = {}
    for name, table, axis, component in (
        ("u", references.GHIA_U, 1, 0),
        ("v", references.GHIA_V, 0, 1),
    ):
        points = np.full((len(table), 2), 0.5)
        points[:, axis] = table[:, 0]
        found[name] = float(np.abs(np.asarray(velocity(points))[:, component] - table[:, 1]).max())
    return found


def _reference(points: np.ndarray) -> np.ndarray:
    velocity = references.cavity_solution(lid=references.UNIT_LID)(points)[:, :2]
    from_corner = np.hypot(np.minimum(points[:, 0], 1 - points[:, 0]), 1 - points[:, 1])
    # In the corners themselves the velocity has no value.
    return np.where(from_corner[:, None] < 1e-12, 0.0, velocity)


@dataclass(frozen=True, kw_only=True)
class CavityUnitLid(Statement):
    """Steady flow in the unit square under a lid of speed 1.

    Unknowns ``"velocity"`` and ``"pressure"``, whose mean is zero; see ``centre_lines``. The
    velocity jumps in the upper corners: boundary values are penalties that fade towards them. The
    reference is known for Re = 100.

    Attributes:
        reynolds: Re, of the lid's speed and its length.
    """

    reynolds: float = 100.0

    def __post_init__(self) -> None:
        """Check the number at once."""
        self.expect(0 < self.reynolds < math.inf, "reynolds", "a number > 0")

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        known = self == CavityUnitLid()
        return Problem(
            domain=Box(x=(0, 1), y=(0, 1)),
            equation=bind(momentum_and_mass, reynolds=self.reynolds),
            conditions=[
                require(lid, "y+", name="lid", weight=10.0),
                require(walls, ("x", "y-"), name="walls", weight=10.0),
                integral(0.0, ("x", "y"), unknown="pressure", name="mean pressure"),
            ],
            components={"velocity": 2},
            exact={"velocity": _reference} if known else None,
            reference_error=REFERENCE_ERROR if known else 0.0,
            name="cavity-unit-lid",
        )

    def network(self, recipe: Recipe) -> Network:
        """Velocity and pressure, each by the recipe's network."""
        return velocity_and_pressure(recipe)


ENTRY = entry(
    "cavity-unit-lid",
    "u·∇u = −∇p + Δu/Re, ∇·u = 0, lid 1",
    "own Legendre–Galerkin solution; Ghia et al. (1982)",
    CavityUnitLid(),
    Recipe(
        network=NetworkSettings(width=20, depth=3),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=1536,
        condition_points=256,
        redraw=20,
        steps=80,
    ),
    records=(Record("4.3e-02 relative L2", 219, "docs/results/pinn.md"),),
)
