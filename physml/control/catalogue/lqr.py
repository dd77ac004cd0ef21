"""A mass on a line, pushed to rest at the least cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jax import Array

from physml.control.regulators.riccati import Regulator, riccati
from physml.errors import ConfigurationError
from physml.ranges import check_positive
from physml.train import Entry, Panel, Run, Study
from physml.train.callbacks import Callback


@dataclass(frozen=True)
class DoubleIntegrator:
    """``ẍ = u`` at the cost ``∫₀^∞ q x² + w ẋ² + r u² dt``.

    Attributes:
        place_weight: ``q > 0``.
        speed_weight: ``w ≥ 0``.
        force_weight: ``r > 0``.
        place: at first.
        speed: at first.
    """

    place_weight: float = 1.0
    speed_weight: float = 1.0
    force_weight: float = 1.0
    place: float = 1.0
    speed: float = 0.0

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_positive("place_weight", self.place_weight)
        check_positive("force_weight", self.force_weight)
        others = (self.speed_weight, self.place, self.speed)
        if not (np.isfinite(others).all() and self.speed_weight >= 0):
            raise ConfigurationError(
                "speed_weight: expected a number ≥ 0 and a finite start, got "
                f"{self.speed_weight}, {self.place}, {self.speed}"
            )

    def matrices(self) -> tuple[np.ndarray, ...]:
        """``A``, ``B``, ``Q``, ``R``."""
        return (
            np.array([[0.0, 1.0], [0.0, 0.0]]),
            np.array([0.0, 1.0]),
            np.diag([self.place_weight, self.speed_weight]),
            np.array([[self.force_weight]]),
        )

    def start(self) -> np.ndarray:
        """Place and speed."""
        return np.array([self.place, self.speed])

    def exact(self) -> np.ndarray:
        """``P`` in closed form, by comparing entries of Riccati's equation."""
        q, w, r = self.place_weight, self.speed_weight, self.force_weight
        both = np.sqrt(q * r)
        speed = np.sqrt(r * (w + 2 * both))
        return np.array([[both * speed / r, both], [both, speed]])


@dataclass(frozen=True, kw_only=True)
class LqrRecipe:
    """How the cost is measured.

    Attributes:
        lives: of the slowest closed-loop mode, after which what is left is not driven any more.
        tolerance: of the integrator.
    """

    lives: float = 20.0
    tolerance: float = 1e-12

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_positive("lives", self.lives)
        check_positive("tolerance", self.tolerance)


def solve(
    subject: DoubleIntegrator,
    recipe: LqrRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """The cost of the driven motion, integrated, beside ``x₀ᵀPx₀``."""
    del key, run, callbacks
    began = time.perf_counter()
    found, x = riccati(*subject.matrices()), subject.start()
    exact, last = subject.exact(), recipe.lives / -found.eigenvalues.real.max()
    costs = [driven(found, x, last, recipe.tolerance * scale) for scale in (1, 10)]
    times, states, spent = costs[0]
    value = float(spent[-1])
    truth = float(x @ exact @ x)
    # What was not driven any more, by the largest value of P, and what the tolerance changes.
    left = float(np.linalg.eigvalsh(found.P)[-1] * (states[:, -1] @ states[:, -1]))
    error = left + abs(value - float(costs[1][2][-1])) + 1e-15 * abs(truth)
    told: dict[str, Any] = {
        "value": value,
        "value_error": error,
        "exact": truth,
        "relative_error": 0.0 if truth == 0 else abs(value / truth - 1),
        "riccati": float(found.cost(x)),
        "P": found.P.tolist(),
        "K": found.K.tolist(),
        "P_error": float(np.abs(found.P - exact).max()),
        "residual": found.residual,
        "parameters": found.K.size,
        "seconds": time.perf_counter() - began,
        "compile_seconds": 0.0,
    }
    said = {
        "cost, driven": f"{value:.12g} ± {error:.1g}",
        "cost, x₀ᵀPx₀": f"{told['riccati']:.12g}; in closed form {truth:.12g}",
        "P": f"{np.array2string(found.P, precision=9)}, off by {told['P_error']:.1g}".replace(
            "\n", ""
        ),
        "gain": str(found.K.round(9).tolist()),
        "closed loop": ", ".join(f"{value:.4g}" for value in found.eigenvalues),
    }
    forces = found.action(states.T)[:, 0]
    panels = [
        Panel(
            "time",
            "state",
            {"place": (times, states[0]), "speed": (times, states[1]), "force": (times, forces)},
        ),
        Panel(
            "time",
            "cost still to come",
            {
                "x'Px": (times, np.maximum(found.cost(states.T), 1e-16)),
                "driven": (times, np.maximum(value - spent, 1e-16)),
            },
            "y",
        ),
    ]
    return Study("lqr", told, said, {"P": found.P, "K": found.K}, panels)


def driven(
    regulator: Regulator, start: np.ndarray, last: float, tolerance: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, states ``(n, k)`` and the cost until then, of ``ẋ = A x + B u``, ``u = −K x``."""
    from scipy.integrate import solve_ivp

    A, B, Q, R = regulator.system

    def rate(t: float, both: np.ndarray) -> np.ndarray:
        x = both[:-1]
        u = -regulator.K @ x
        return np.append(A @ x + B @ u, x @ Q @ x + u @ R @ u)

    found = solve_ivp(
        rate,
        (0.0, last),
        np.append(start, 0.0),
        method="DOP853",
        rtol=max(tolerance, 3e-14),
        atol=tolerance,
        t_eval=np.linspace(0.0, last, 201),
    )
    return found.t, found.y[:-1], found.y[-1]


ENTRY = Entry(
    "lqr",
    "ẍ = u, least ∫ q x² + w ẋ² + r u² dt",
    "exact: P in closed form",
    DoubleIntegrator(),
    {"default": LqrRecipe(), "quick": LqrRecipe(tolerance=1e-9)},
    solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
)
