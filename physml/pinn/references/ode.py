"""Ordinary differential equations to nearly machine precision."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import integrate

from physml.errors import ConfigurationError, NonFiniteError, ShapeError

_TOLERANCE = 1e-13


class OdeSolution:
    """``u' = f(t, u)`` from ``u(0)``, called with points ``(n, 1)`` as (t): ``(n, components)``.

    The eighth-order method of Dormand and Prince at a relative tolerance of 1e-13; between its
    steps the interpolation, of seventh order, that belongs to it.

    Args:
        f: ``(t, u) -> u'``, of ``(components,)``.
        initial: ``u(0)``.
        end: the last time.
        longest: the longest step, which bounds the error of the interpolation.

    Raises:
        NonFiniteError: when no step is short enough.

    Source: Hairer, Nørsett and Wanner (1993), doi:10.1007/978-3-540-78862-1.

    >>> oscillator = OdeSolution(lambda t, u: np.array([u[1], -u[0]]), (1.0, 0.0), end=1.0,
    ...                          longest=0.02)
    >>> bool(abs(oscillator(np.array([[0.5]]))[0, 0] - np.cos(0.5)) < 1e-13)
    True
    """

    def __init__(
        self,
        f: Callable[[float, np.ndarray], np.ndarray],
        initial: tuple[float, ...],
        *,
        end: float,
        longest: float,
    ) -> None:
        solved = integrate.solve_ivp(
            f,
            (0.0, end),
            np.array(initial, float),
            method="DOP853",
            rtol=_TOLERANCE,
            atol=_TOLERANCE,
            max_step=longest,
            dense_output=True,
        )
        if not solved.success:
            raise NonFiniteError(f"u' = f(t, u) stops at t = {solved.t[-1]:g}: {solved.message}")
        self._end, self._interpolant = end, solved.sol

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Values ``(n, components)``.

        Raises:
            ShapeError: for points of another dimension.
            ConfigurationError: for times outside of those solved for.
        """
        points = np.asarray(points, np.float64)
        if points.ndim != 2 or points.shape[1] != 1:
            raise ShapeError(f"points: expected (n, 1) as (t), got {points.shape}")
        t, slack = points[:, 0], 1e-6 * self._end
        if ((t < -slack) | (t > self._end + slack)).any():
            raise ConfigurationError(
                f"points: expected times in [0, {self._end:g}], got [{t.min():g}, {t.max():g}]"
            )
        return self._interpolant(t).T
