"""The least of a convex function by Newton's method, with halved steps where one goes too far."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from physml.errors import ConvergenceError

Value = Callable[[np.ndarray], float]
Derivatives = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def newton(
    value: Value, derivatives: Derivatives, start: np.ndarray, *, steps: int = 100
) -> np.ndarray:
    """``θ ← θ − 2⁻ᵏ H⁻¹ g``, with the first ``k`` by which the value falls as it should.

    It ends where the value can no longer be told from the least, ``½ gᵀH⁻¹g`` at rounding, after
    one step more.

    Args:
        value: ``θ -> ()``, convex.
        derivatives: ``θ -> (g (p,), H (p, p))``, H positive.
        start: ``(p,)``.
        steps: at most so many.

    Raises:
        ConvergenceError: the least was not reached, or is at infinity.
    """
    theta, here = start, value(start)
    for _ in range(steps):
        gradient, hessian = derivatives(theta)
        try:
            direction = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError as error:
            raise ConvergenceError(
                f"newton: the curvature vanishes in a direction ({error})"
            ) from error
        gain = float(gradient @ direction)
        if gain <= 2e-16 * max(abs(here), np.finfo(float).tiny):
            return theta - direction
        length = 1.0
        while not value(theta - length * direction) <= here - 1e-4 * length * gain:
            length /= 2
            if length < 1e-12:  # rounding hides what is left
                return theta
        theta = theta - length * direction
        here = value(theta)
    raise ConvergenceError(
        f"newton: {steps} steps did not reach the least, of value {here:.6g} now; it may be at "
        "infinity: give a larger strength"
    )
