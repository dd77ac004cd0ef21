"""The Hamilton–Jacobi–Bellman equation of a linear system with a quadratic cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.linalg import solve_continuous_are

from physml.calculus import gradient
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.by_recipe import entry
from physml.pinn.geometry import Box
from physml.pinn.problem import Network, Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.types import Field

# q̇ = v, v̇ = u.
_A = np.array([[0.0, 1.0], [0.0, 0.0]])
_B = np.array([[0.0], [1.0]])

_TINY = 1e-30


def length(z: Array) -> Array:
    """``|x|``, with a derivative at the origin, too."""
    return jnp.sqrt(z @ z + _TINY)


def quadratic(N: Field, z: Array) -> Array:
    """``V = |x|² e^M``, ``M`` the even part of ``N(x/|x|)``: four times as much twice as far."""
    r = length(z)
    return r**2 * jnp.exp(0.5 * (N(z / r) + N(-z / r)))


def linear(N: Field, z: Array) -> Array:
    """``u = −q − v + |x| M/10``, ``M`` the odd part of ``N(x/|x|)``: twice as much twice as far.

    From a feedback that is stable Newton's method on the equation is Kleinman's iteration, which
    ends in the stable solution; from another it may end in one with a kink. The tenth keeps a
    network that starts anyhow near the stable ``−q − v``.

    Source: Kleinman (1968), doi:10.1109/TAC.1968.1098829.
    """
    r = length(z)
    return 0.05 * r * (N(z / r) - N(-z / r)) - z[0] - z[1]


@dataclass(frozen=True, kw_only=True)
class HJBLQR(Statement):
    """``0 = min_u [q² + v² + R u² + v V_q + u V_v]``: a mass is brought to rest by a force.

    The double integrator ``q̈ = u`` with the cost ``∫₀^∞ q² + v² + R u² dt``. Unknowns ``"value"``,
    V, the least cost from (q, v), and ``"feedback"``, the u that has it. V = xᵀPx and u = −Kx with
    P of the algebraic Riccati equation; P = [[√3, 1], [1, √3]] and K = (1, √3) at R = 1.

    The equation has no boundary values, and a path to rest may leave any box on its way: so that
    what is outside is known inside, V grows as |x|² and u as |x|, as linear systems with quadratic
    costs scale; V is even and u odd. V > 0, and a feedback that starts near a stable one,
    −q − v, choose the solution whose feedback is stable.

    Attributes:
        effort: R, the cost of the force.
    """

    effort: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        self.expect(0.01 <= self.effort <= 100, "effort", "a number from 0.01 to 100")

    def equation(self, f: Any, z: Array) -> Array:
        """``q² + v² + R u² + v V_q + u V_v``."""
        (q, v), u = z, f["feedback"](z)
        V_q, V_v = gradient(f["value"])(z)
        return q**2 + v**2 + self.effort * u**2 + v * V_q + u * V_v

    def least(self, f: Any, z: Array) -> Array:
        """``2 R u + V_v``, the derivative by u."""
        return 2 * self.effort * f["feedback"](z) + gradient(f["value"])(z)[1]

    @cached_property
    def riccati(self) -> tuple[np.ndarray, np.ndarray]:
        """``P (2, 2)`` and ``K (2,)``."""
        P = solve_continuous_are(_A, _B, np.eye(2), self.effort * np.eye(1))
        return P, (_B.T @ P)[0] / self.effort

    def value(self, points: np.ndarray) -> np.ndarray:
        """``xᵀPx``."""
        return np.asarray(np.sum(points @ self.riccati[0] * points, axis=1))

    def feedback(self, points: np.ndarray) -> np.ndarray:
        """``−Kx``."""
        return np.asarray(-points @ self.riccati[1])

    def problem(self) -> Problem:
        """Equations, domain, reference."""
        return Problem(
            domain=Box(q=(-1, 1), v=(-1, 1)),
            equation={"bellman": self.equation, "least": self.least},
            ansatz={"value": quadratic, "feedback": linear},
            exact={"value": self.value, "feedback": self.feedback},
            reference_error=1e-14,
            name="hjb-lqr",
        )

    def network(self, recipe: Recipe) -> Network:
        """One like the other."""
        return {name: recipe.network.build() for name in ("value", "feedback")}


ENTRY = entry(
    "hjb-lqr",
    "0 = min_u [q² + v² + R u² + v V_q + u V_v]",
    "exact: Riccati's equation",
    HJBLQR(),
    Recipe(
        network=NetworkSettings(width=12, depth=2),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=256,
        steps=80,
    ),
    quick=Recipe(network=NetworkSettings(width=8, depth=2), points=128, steps=40),
)
