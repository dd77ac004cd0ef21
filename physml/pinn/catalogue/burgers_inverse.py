"""The viscosity of Burgers' equation from noisy values of its solution."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial as bind
from typing import Any

import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.calculus import gradient, partial
from physml.cole_hopf import CONVERGED, SHOCK, cole_hopf
from physml.memory import Need, check_memory
from physml.networks import Constant
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.by_recipe import entry
from physml.pinn.catalogue.burgers import ansatz
from physml.pinn.conditions import measured
from physml.pinn.geometry import Box
from physml.pinn.problem import Network, Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record


def equation(unknowns: Any, z: Array) -> Array:
    """``u_t + u u_x − ν u_xx`` with ``ν`` unknown."""
    u, viscosity = unknowns["u"], unknowns["viscosity"](z)
    u_t, u_x = gradient(u)(z)
    return u_t + u(z) * u_x - viscosity * partial(u, 1, 1)(z)


@dataclass(frozen=True, kw_only=True)
class BurgersInverse(Statement):
    """``u_t + u u_x = ν u_xx`` on [−1, 1], ν to be found from measurements of u.

    Unknowns ``"u"`` and ``"viscosity"``; the initial value is known. Only points in the shock tell
    ν: by the bound of Cramér and Rao 500 points at random with 1% noise leave a deviation of 0.7 to
    1.1% of ν = 0.01/π, depending on where they fall, if nothing else were unknown.

    Attributes:
        viscosity: the true ν, from 0.01/π to 0.1.
        count: how many measurements.
        noise: their deviation, relative to that of the values.
        seed: of their points and noise.
    """

    viscosity: float = SHOCK
    count: int = 500
    noise: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        whole_fields(self)
        low, high = CONVERGED
        known = low <= self.viscosity <= high
        self.expect(known, "viscosity", f"a number from {low:.6g} to {high:g}, to measure u there")
        self.expect(self.count >= 1, "count", "at least 1")
        need = Need(f"2 × {self.count} measurements × 3 numbers", 6 * self.count, 8)
        check_memory("count", [need], "count", host=True)
        self.expect(0 <= self.noise < math.inf, "noise", "a number ≥ 0")
        self.expect(self.seed >= 0, "seed", "a whole number ≥ 0")

    def measurements(self) -> tuple[np.ndarray, np.ndarray]:
        """Points ``(n, 2)`` at random and values of the exact solution with Gaussian noise."""
        rng = np.random.default_rng(self.seed)
        points = rng.uniform([0, -1], [1, 1], (self.count, 2))
        values = cole_hopf(points, viscosity=self.viscosity)
        return points, values + self.noise * values.std() * rng.normal(size=self.count)

    def problem(self) -> Problem:
        """Equation, domain, data, reference."""
        points, values = self.measurements()
        return Problem(
            domain=Box(t=(0, 1), x=(-1, 1)),
            equation=equation,
            ansatz={"u": ansatz},
            periodic="x",
            conditions=[measured(points, values, unknown="u", weight=0.1)],
            exact={
                "u": bind(cole_hopf, viscosity=self.viscosity),
                "viscosity": lambda points: np.full(len(points), self.viscosity),
            },
            reference_error=1e-15,
            name="burgers-inverse",
        )

    def network(self, recipe: Recipe) -> Network:
        """The solution by the recipe's network, and a constant, ten times too large at first."""
        return {
            "u": recipe.network.build(),
            "viscosity": Constant(10 * self.viscosity, positive=True),
        }


def quick(burgers: BurgersInverse) -> Recipe:
    """A quarter of the points, half of the steps and a smaller network, for a first look."""
    del burgers
    network = NetworkSettings(width=20, depth=3)
    return replace(ENTRY.recipe, network=network, points=1024, steps=60)


ENTRY = entry(
    "burgers-inverse",
    "u_t + u u_x = ν u_xx, ν from noisy values",
    "exact: the ν of the values, Cole–Hopf quadrature",
    BurgersInverse(),
    Recipe(
        network=NetworkSettings(width=20, depth=4),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=4096,
        redraw=20,
        steps=120,
    ),
    quick=quick,
    records=(Record("u 7.1e-04, viscosity 6.0e-03 relative L2", 125, "docs/results/pinn.md"),),
)
