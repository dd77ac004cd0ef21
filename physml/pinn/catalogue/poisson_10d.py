"""Laplace's equation in ten dimensions."""

from __future__ import annotations

from dataclasses import dataclass

from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.by_recipe import entry
from physml.pinn.catalogue.poisson_on_a_cube import poisson, products
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record


@dataclass(frozen=True)
class Poisson10D(Statement):
    """``Δu = 0`` in ten dimensions, with ``u = Σ x_{2i−1} x_{2i}`` on the boundary."""

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        return poisson(10, products, lambda z: 0.0 * z[0], "poisson-10d")


ENTRY = entry(
    "poisson-10d",
    "Δu = 0 in ten dimensions",
    "exact: Σ x_{2i−1} x_{2i}",
    Poisson10D(),
    Recipe(
        network=NetworkSettings(name="siren", width=32, depth=2),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.3),
        points=2048,
        condition_points=1024,
        steps=150,
    ),
    records=(Record("7.2e-07 relative L2", 270, "docs/results/pinn.md"),),
)
