"""The Poisson equation with four wave lengths at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.calculus import laplacian
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.by_recipe import entry
from physml.pinn.conditions import dirichlet
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record
from physml.types import Field


def _standing(z: Any, w: float) -> Any:
    xp = z.__array_namespace__()
    return xp.prod(xp.sin(w * z), axis=-1)


@dataclass(frozen=True, kw_only=True)
class PoissonMultiscale(Statement):
    """``−Δu = f`` on the unit square, zero on its boundary, with u of 2 to 8 waves an axis.

    The network sees the waves of the source beside x and y. Without them a SIREN of two layers of
    24 and frequencies up to those of f was still 90% wrong after 50 steps.

    Attributes:
        half_waves: along each axis, whole numbers, ascending.
    """

    half_waves: tuple[int, ...] = (4, 8, 12, 16)

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        whole_fields(self)
        ascending = all(a < b for a, b in pairwise((0, *self.half_waves)))
        self.expect(
            ascending and self.half_waves != (), "half_waves", "ascending numbers from 1 up"
        )

    @property
    def waves(self) -> tuple[float, ...]:
        """w, π times the half waves."""
        return tuple(np.pi * float(count) for count in self.half_waves)

    def exact(self, z: Any) -> Any:
        """The mean of ``sin wx sin wy``, at a point or at points."""
        return sum(_standing(z, w) for w in self.waves) / len(self.waves)

    def source(self, z: Any) -> Any:
        """The mean of ``2w² sin wx sin wy``, whose largest part is 64 times that of u."""
        return sum(w**2 * _standing(z, w) for w in self.waves) / (len(self.waves) / 2)

    def equation(self, u: Field, z: Array) -> Array:
        """``−Δu − f`` over the largest part of f, so that it is of size one."""
        return (-laplacian(u)(z) - self.source(z)) / (self.waves[-1] ** 2 * 2 / len(self.waves))

    def features(self, z: Array) -> Array:
        """``(2 × waves,)``: ``sin wx`` and ``sin wy``, the waves of the source."""
        return jnp.sin(jnp.outer(z, jnp.asarray(self.waves, z.dtype))).ravel()

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        return Problem(
            domain=Box(x=(0, 1), y=(0, 1)),
            equation=self.equation,
            conditions=[dirichlet(0.0, ("x", "y"), name="boundary", weight=10.0)],
            features=self.features,
            exact=self.exact,
            name="poisson-multiscale",
        )


ENTRY = entry(
    "poisson-multiscale",
    "−Δu = f with waves of several lengths",
    "exact: the mean of sin wx sin wy",
    PoissonMultiscale(),
    Recipe(
        network=NetworkSettings(width=20, depth=2),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        condition_points=512,
        steps=100,
    ),
    records=(Record("3.7e-05 relative L2", 33, "docs/results/pinn.md"),),
)
