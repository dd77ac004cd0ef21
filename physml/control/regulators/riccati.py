"""The linear–quadratic regulator of an infinite horizon, by the algebraic Riccati equation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from physml.as_numbers import as_numbers
from physml.control.regulators.linear_quadratic import LinearQuadratic, check_stabilisable, checked
from physml.errors import ConfigurationError, ConvergenceError, ShapeError

# Of the equation, relative to its largest term.
_RESIDUAL = 1e-8


@dataclass(frozen=True, eq=False)
class Regulator:
    """The cheapest feedback ``u = −K x`` of a linear system.

    Attributes:
        system: its matrices.
        P: ``(n, n)``, symmetric: the least cost is ``xᵀPx``.
        K: ``(m, n)``, the gain.
        eigenvalues: ``(n,)``, of ``A − BK``.
        discrete: whether time goes in steps.
        discount: what a step later costs of one now; 1 in continuous time.
        residual: of the Riccati equation, relative to its largest term.
    """

    system: LinearQuadratic
    P: np.ndarray
    K: np.ndarray
    eigenvalues: np.ndarray
    discrete: bool
    discount: float
    residual: float

    def cost(self, x: Any) -> np.ndarray:
        """The least cost from a state, ``xᵀPx``.

        Args:
            x: one state ``(n,)`` or many, ``(k, n)``.

        Returns:
            ``()`` or ``(k,)``.

        Raises:
            ShapeError: states of another length.
        """
        x = self._states(x)
        return np.einsum("...i,ij,...j->...", x, self.P, x)

    def action(self, x: Any) -> np.ndarray:
        """``u = −K x``, ``(m,)`` or ``(k, m)``."""
        return -self._states(x) @ self.K.T

    def _states(self, x: Any) -> np.ndarray:
        x, n = as_numbers("x", x), len(self.P)
        if x.ndim not in (1, 2) or x.shape[-1] != n:
            raise ShapeError(f"x: expected ({n},) or (k, {n}), got {x.shape}")
        return x


def riccati(A: Any, B: Any, Q: Any, R: Any) -> Regulator:
    """The regulator in continuous time.

        ẋ = A x + B u,   least ∫₀^∞ xᵀQx + uᵀRu dt = x₀ᵀPx₀      (no factor ½)
        AᵀP + PA − P B R⁻¹ Bᵀ P + Q = 0,   K = R⁻¹ Bᵀ P

    Args:
        A: ``(n, n)``; a number where ``n = 1``.
        B: ``(n, m)``, or ``(n,)`` of one input.
        Q: ``(n, n)``, symmetric, no negative eigenvalue.
        R: ``(m, m)``, symmetric, positive.

    Raises:
        ShapeError: shapes that do not belong together.
        ConfigurationError: a cost that is none, a mode that no input can hold, or that grows
            unseen by the cost.
        ConvergenceError: the solution does not fulfil the equation, or does not hold the system.

    Source: Kalman (1960), Bol. Soc. Mat. Mexicana 5, 102; solved by Schur's method, Laub (1979),
    doi:10.1109/TAC.1979.1102178.

    >>> import physml as pm
    >>> pm.control.riccati([[0, 1], [0, 0]], [0, 1], [[1, 0], [0, 1]], 1).P.round(6).tolist()
    [[1.732051, 1.0], [1.0, 1.732051]]
    """
    from scipy.linalg import solve_continuous_are  # here, since scipy takes long to load

    system = checked(A, B, Q, R)
    check_stabilisable(system, discrete=False)
    P = _solved(solve_continuous_are, system)
    K = np.linalg.solve(system.R, system.B.T @ P)
    terms = [system.A.T @ P, P @ system.A, -P @ system.B @ K, system.Q]
    return _judged(system, P, K, terms, discrete=False, discount=1.0)


def discrete_riccati(A: Any, B: Any, Q: Any, R: Any, *, discount: float = 1.0) -> Regulator:
    """The regulator in steps of time.

        x' = A x + B u,   least Σₖ γᵏ (xₖᵀQxₖ + uₖᵀRuₖ) = x₀ᵀPx₀
        P = Q + γ AᵀP(A − BK),   K = γ (R + γ BᵀPB)⁻¹ BᵀPA

    With noise of covariance ``W`` in each step the least cost is ``γ/(1 − γ) tr PW`` higher, for
    ``γ < 1``.

    Args:
        A: ``(n, n)``; a number where ``n = 1``.
        B: ``(n, m)``, or ``(n,)`` of one input.
        Q: ``(n, n)``, symmetric, no negative eigenvalue.
        R: ``(m, m)``, symmetric, positive.
        discount: ``γ`` in (0, 1]: below 1 what decays is ``√γ (A − BK)``, and the system itself may
            grow.

    Raises:
        ShapeError, ConfigurationError, ConvergenceError: see ``riccati``.

    Source: Bertsekas, Dynamic Programming and Optimal Control, vol. 1.

    >>> import physml as pm
    >>> golden = pm.control.discrete_riccati(1, 1, 1, 1)  # P² = P + 1
    >>> golden.P.round(6).tolist(), golden.K.round(6).tolist()
    ([[1.618034]], [[0.618034]])
    """
    from scipy.linalg import solve_discrete_are

    if not 0 < discount <= 1:
        raise ConfigurationError(f"discount: expected a number in (0, 1], got {discount}")
    system, root = checked(A, B, Q, R), discount**0.5
    scaled = system._replace(A=root * system.A, B=root * system.B)
    check_stabilisable(scaled, discrete=True)
    P = _solved(solve_discrete_are, scaled)
    K = np.linalg.solve(scaled.R + scaled.B.T @ P @ scaled.B, scaled.B.T @ P @ scaled.A)
    terms = [scaled.A.T @ P @ (scaled.A - scaled.B @ K), system.Q, -P]
    return _judged(system, P, K, terms, discrete=True, discount=float(discount))


def _solved(solve: Any, system: LinearQuadratic) -> np.ndarray:
    try:
        P = solve(*system)
    except (np.linalg.LinAlgError, ValueError) as error:
        raise ConvergenceError(
            f"riccati: expected a solution that holds the system, got none ({error}); look at "
            "modes that neither grow nor decay, and at the scales of A, B, Q, R"
        ) from error
    return np.asarray(0.5 * (P + P.T))


def _judged(
    system: LinearQuadratic,
    P: np.ndarray,
    K: np.ndarray,
    terms: list[np.ndarray],
    *,
    discrete: bool,
    discount: float,
) -> Regulator:
    largest = max(np.abs(term).max() for term in terms)
    residual = np.abs(sum(terms)).max() / (largest or 1.0)  # all are 0 where nothing has a cost
    values = np.linalg.eigvals(system.A - system.B @ K)
    edge = discount**0.5 * np.abs(values).max() - 1 if discrete else values.real.max()
    if not residual < _RESIDUAL or not edge < 0:
        raise ConvergenceError(
            f"riccati: expected a solution that holds the system, got a residual of {residual:.1e} "
            f"and the closed-loop eigenvalues {values}; scale states and inputs alike"
        )
    return Regulator(system, P, K, values, discrete, discount, float(residual))
