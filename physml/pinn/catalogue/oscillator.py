"""A driven, damped oscillator: an ordinary differential equation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jax import Array

from physml.calculus import partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.by_recipe import entry
from physml.pinn.conditions import initial
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record
from physml.types import Field


@dataclass(frozen=True, kw_only=True)
class Oscillator(Statement):
    """``ü + 2γu̇ + u = cos Ωt``, ``u(0) = 1``, ``u̇(0) = 0``, to t = 20.

    Attributes:
        damping: γ, in [0, 1), where the oscillator swings.
        drive: Ω; of an undamped oscillator not within 1e-3 of resonance, 1.
    """

    damping: float = 0.1
    drive: float = 0.8

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        self.expect(0 <= self.damping < 1, "damping", "a number in [0, 1)")
        self.expect(math.isfinite(self.drive), "drive", "a finite number")
        apart = abs(1 - self.drive**2 + 2j * self.damping * self.drive)
        self.expect(apart > 1e-3, "drive", "a frequency off resonance, where u has a closed form")

    def equation(self, u: Field, z: Array) -> Array:
        """``ü + 2γu̇ + u − cos Ωt``."""
        force = z.__array_namespace__().cos(self.drive * z[0])
        return partial(u, 0, 0)(z) + 2 * self.damping * partial(u, 0)(z) + u(z) - force

    def exact(self, z: Any) -> Any:
        """The response ``Re A e^{iΩt}``, and the start's ``e^{−γt}(a cos ωt + b sin ωt)``."""
        xp, t = z.__array_namespace__(), z[..., 0]
        amplitude = 1 / (1 - self.drive**2 + 2j * self.damping * self.drive)
        frequency = np.sqrt(1 - self.damping**2)
        forced = amplitude.real * xp.cos(self.drive * t) - amplitude.imag * xp.sin(self.drive * t)
        a = 1 - amplitude.real
        b = (self.damping * a + self.drive * amplitude.imag) / frequency
        free = a * xp.cos(frequency * t) + b * xp.sin(frequency * t)
        return forced + xp.exp(-self.damping * t) * free

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        return Problem(
            domain=Box(t=(0, 20)),
            equation=self.equation,
            conditions=[initial(1.0, velocity=0.0, weight=10.0)],
            exact=self.exact,
            name="oscillator",
        )


ENTRY = entry(
    "oscillator",
    "ü + 2γu̇ + u = cos Ωt",
    "exact: closed form",
    Oscillator(),
    Recipe(
        network=NetworkSettings(name="siren", width=20, depth=2, frequency=10.0),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=512,
        condition_points=1,
        steps=150,
    ),
    records=(Record("6.7e-11 relative L2", 13, "docs/results/pinn.md"),),
)
