"""A Poisson equation in five dimensions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.by_recipe import entry
from physml.pinn.catalogue.poisson_on_a_cube import cosines, poisson
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record


@dataclass(frozen=True)
class Poisson5D(Statement):
    """``−Δu = π² Σ cos πx_i`` in five dimensions."""

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        return poisson(5, cosines, lambda z: np.pi**2 * cosines(z), "poisson-5d")


ENTRY = entry(
    "poisson-5d",
    "−Δu = π² Σ cos πx_i",
    "exact: Σ cos πx_i",
    Poisson5D(),
    Recipe(
        network=NetworkSettings(name="siren", width=24, depth=2),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        condition_points=1024,
        steps=150,
    ),
    records=(Record("1.9e-08 relative L2", 70, "docs/results/pinn.md"),),
)
