"""A Poisson equation in a hundred dimensions."""

from __future__ import annotations

from dataclasses import dataclass

from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.by_recipe import entry
from physml.pinn.catalogue.poisson_on_a_cube import poisson, squares
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record


@dataclass(frozen=True)
class Poisson100D(Statement):
    """``−Δu = −2`` in a hundred dimensions, with ``u = Σ x_i² / 100`` on the boundary."""

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        return poisson(100, squares, lambda z: -2.0 + 0.0 * z[0], "poisson-100d")


ENTRY = entry(
    "poisson-100d",
    "Δu = 2 in a hundred dimensions",
    "exact: Σ x_i² / 100",
    Poisson100D(),
    Recipe(
        # Softplus has a curvature everywhere, and a quadratic form of rank 100 takes as many
        # neurons; points of the boundary tell more of it than the trace that −Δu is.
        network=NetworkSettings(width=128, depth=1, activation="softplus"),
        optimizer=OptimizerSettings(
            name="natural-gradient", learning_rate=1.0, decay=50.0, damping=1e-2
        ),
        points=128,
        condition_points=512,
        redraw=1,
        steps=60,
    ),
    records=(Record("3.8e-03 relative L2", 37, "docs/results/pinn.md"),),
)
