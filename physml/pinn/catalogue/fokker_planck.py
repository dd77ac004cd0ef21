"""Diffusion in a double well: the density as it relaxes, and the rate at which it does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import gradient, partial
from physml.fokker_planck import FokkerPlanck
from physml.networks import Constant
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.by_recipe import entry
from physml.pinn.conditions import integral
from physml.pinn.geometry import Box
from physml.pinn.problem import Network, Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.types import Field

_HIGH = 12.0
"""``βV`` at the ends of the line: 4e-7 of the stationary density is beyond, at β = 1."""

_NODES = 64
_POINTS = 1001
_AGREED = 1e-5
"""The reference's own error, relative L2, against twice the points."""


def potential(x: Any) -> Any:
    """``V = (x² − 1)²``."""
    return (x**2 - 1) ** 2


@dataclass(frozen=True, kw_only=True)
class DoubleWell(Statement):
    """``p_t = (V′ p)_x + p_xx/β``, ``V = (x² − 1)²``, from a lopsided density to the stationary.

    At first ``p ∝ e^{−βV + a tanh 2x}``, so that one well has e^{2a} of the other where β is large.
    Mobility is 1. Unknowns ``"density"`` and ``"gap"``, the rate at which the mean decays at last:
    0.748681 at β = 1, 0.0806198 at β = 3.

    ``p = e^{−βV + w}/Z`` is positive whatever the network is, and the equation in logarithmic form,
    divided by p: ``w_t = (w_xx + w_x²)/β − V′ w_x``. ``∫ p dx = 1`` is a condition, at all times.

    Attributes:
        beta: β, in units of the inverse barrier.
        tilt: a.
        time: when it ends.
    """

    beta: float = 1.0
    tilt: float = 1.0
    time: float = 4.0

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        self.expect(0.2 <= self.beta <= 5, "beta", "a number from 0.2 to 5")
        self.expect(0 < abs(self.tilt) <= 2, "tilt", "a number up to 2, of either sign, and not 0")
        self.expect(0 < self.time < math.inf, "time", "a number > 0")

    @property
    def end(self) -> float:
        """Where the line ends, on both sides."""
        return float(np.sqrt(1 + np.sqrt(_HIGH / self.beta)))

    @cached_property
    def _constants(self) -> tuple[float, float]:
        """``ln ∫ e^{−βV} dx`` and ``ln ∫ e^{−βV + a tanh 2x} dx``."""
        x, weights = np.polynomial.legendre.leggauss(400)
        x, weights = self.end * x, self.end * weights

        def log_integral(a: float) -> float:
            boltzmann = np.exp(-self.beta * potential(x) + a * np.tanh(2 * x))
            return float(np.log(weights @ boltzmann))

        return log_integral(0.0), log_integral(self.tilt)

    def ansatz(self, N: Field, z: Array) -> Array:
        """``e^{−βV + w}/Z``, ``w = e^{−t} w₀ + (1 − e^{−t}) N``: positive, and right at first."""
        t, x = z
        stationary, tilted = self._constants
        first = self.tilt * jnp.tanh(2 * x) - (tilted - stationary)
        w = jnp.exp(-t) * first - jnp.expm1(-t) * N(z)
        return jnp.exp(-self.beta * potential(x) - stationary + w)

    def equation(self, f: Any, z: Array) -> Array:
        """``(p_t − (V′ p)_x − p_xx/β)/p``, by the derivatives of ``ln p``."""
        log_p = lambda y: jnp.log(f["density"](y))  # noqa: E731
        x = z[1]
        force, curvature = 4 * (x**3 - x), 12 * x**2 - 4
        rate, slope = gradient(log_p)(z)
        bend = partial(log_p, 1, 1)(z) + slope**2
        return rate - curvature - force * slope - bend / self.beta

    def decay(self, f: Any, z: Array) -> Array:
        """``x (p_t + γ p)``, whose integral vanishes where the mean decays as ``e^{−γt}``."""
        p = f["density"]
        return z[1] * (partial(p, 0)(z) + f["gap"](z) * p(z))

    @cached_property
    def reference(self) -> FokkerPlanck:
        """By finite volumes, on a line a little longer."""
        end = self.end + 0.5
        return FokkerPlanck(potential, self.beta, -end, end, _POINTS)

    def exact(self, points: np.ndarray) -> np.ndarray:
        """The density at points ``(n, 2)``, ``(n,)``."""
        times, which = np.unique(points[:, 0], return_inverse=True)
        found = np.empty(len(points))
        first = lambda x: np.exp(-self.beta * potential(x) + self.tilt * np.tanh(2 * x))  # noqa: E731
        for number, time in enumerate(times):
            mine = which == number
            places, back = np.unique(points[mine, 1], return_inverse=True)
            found[mine] = self.reference.density(first, np.array([time]), places)[0][back]
        return found

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        return Problem(
            domain=Box(t=(0, self.time), x=(-self.end, self.end)),
            equation=self.equation,
            ansatz={"density": self.ansatz},
            conditions=[
                integral(1.0, over="x", nodes=_NODES, unknown="density", name="mass", weight=1e3),
                integral(
                    0.0,
                    over="x",
                    of=self.decay,
                    nodes=_NODES,
                    name="decay",
                    weight=lambda z: jnp.where(z[0] > self.time / 2, 1.0, 0.0),
                ),
            ],
            exact={
                "density": self.exact,
                "gap": lambda points: np.full(len(points), self.reference.gap),
            },
            reference_error=_AGREED,
            name="fokker-planck",
        )

    def network(self, recipe: Recipe) -> Network:
        """``w`` by the recipe's network, and a constant, 1 at first."""
        return {
            "density": recipe.network.build(),
            "gap": Constant(1.0, positive=True),
        }


ENTRY = entry(
    "fokker-planck",
    "p_t = (V′ p)_x + p_xx/β, V = (x² − 1)²",
    "own spectrum by finite volumes",
    DoubleWell(),
    Recipe(
        network=NetworkSettings(width=20, depth=2),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=1024,
        condition_points=64,
        steps=80,
    ),
    quick=Recipe(
        network=NetworkSettings(width=12, depth=2), points=384, condition_points=24, steps=40
    ),
)
