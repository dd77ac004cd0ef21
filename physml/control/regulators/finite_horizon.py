"""The linear–quadratic regulator up to a last time: Riccati's equation backwards from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.control.regulators.linear_quadratic import checked, definite
from physml.errors import ConfigurationError, NonFiniteError, ShapeError


@dataclass(frozen=True, eq=False)
class HorizonRegulator:
    """The cheapest feedback ``u = −K(t) x`` of a linear system up to a last time.

    Attributes:
        times: ``(k + 1,)``, from 0 to the last; of a recursion 0, 1, ..., k.
        P: ``(k + 1, n, n)``: the least cost from there on is ``xᵀP(t)x``.
        K: gains, ``(k + 1, m, n)``; of a recursion, ``(k, m, n)``, since none is used at the last.
    """

    times: np.ndarray
    P: np.ndarray
    K: np.ndarray

    def cost(self, x: Any) -> np.ndarray:
        """The least cost from a state at time 0, ``()``, or of many, ``(k,)``."""
        x, n = as_numbers("x", x), self.P.shape[-1]
        if x.ndim not in (1, 2) or x.shape[-1] != n:
            raise ShapeError(f"x: expected ({n},) or (k, {n}), got {x.shape}")
        return np.einsum("...i,ij,...j->...", x, self.P[0], x)


def riccati_flow(
    A: Any, B: Any, Q: Any, R: Any, *, horizon: float, last: Any = None, steps: int = 100
) -> HorizonRegulator:
    """The regulator up to the time ``T``.

        least ∫₀^T xᵀQx + uᵀRu dt + x(T)ᵀ P_T x(T) = x₀ᵀ P(0) x₀
        −Ṗ = AᵀP + PA − P B R⁻¹ Bᵀ P + Q,   P(T) = P_T,   K(t) = R⁻¹ Bᵀ P(t)

    A step is the exponential of the Hamiltonian matrix over a part of it so short that no digit is
    lost, doubled to the whole of it by maps that stay bounded: stiff systems and long horizons keep
    their digits, and more steps are more times to look at, and no smaller error.

    Args:
        A: ``(n, n)``; a number where ``n = 1``.
        B: ``(n, m)``, or ``(n,)`` of one input.
        Q: ``(n, n)``, symmetric, no negative eigenvalue.
        R: ``(m, m)``, symmetric, positive.
        horizon: ``T > 0``.
        last: ``P_T``, ``(n, n)``, like ``Q``; 0 if None.
        steps: intervals of time.

    Raises:
        ShapeError, ConfigurationError: see ``riccati``; a horizon that is not positive.
        NonFiniteError: a step in which what no input can hold overflows.

    Source: Davison and Maki (1973), doi:10.1109/TAC.1973.1100210; doubled: Anderson (1978),
    doi:10.1080/00207177808922490.

    >>> import numpy as np, physml as pm
    >>> found = pm.control.riccati_flow(0, 1, 1, 1, horizon=2.0)  # P = tanh(T − t)
    >>> bool(np.allclose(found.P[:, 0, 0], np.tanh(2.0 - found.times)))
    True
    """
    system, steps = checked(A, B, Q, R), as_whole("steps", steps, least=1)
    if not 0 < horizon < float("inf"):
        raise ConfigurationError(f"horizon: expected a time > 0, got {horizon}")
    n, P = len(system.A), _last(last, len(system.A))
    into = np.linalg.solve(system.R, system.B.T)
    hamiltonian = np.block([[system.A, -system.B @ into], [-system.Q, -system.A.T]])
    with np.errstate(over="ignore", invalid="ignore"):
        F, G, H = _over(horizon / steps, hamiltonian)
    if not all(np.isfinite(matrix).all() for matrix in (F, G, H)):
        raise NonFiniteError(f"steps: expected shorter steps than {horizon / steps}, got inf")
    found = [P]
    for _ in range(steps):
        P = H + F.T @ P @ np.linalg.solve(np.eye(n) + G @ P, F)
        if not np.isfinite(P).all():
            raise NonFiniteError(f"steps: expected shorter steps than {horizon / steps}, got inf")
        found.append(0.5 * (P + P.T))
    all_of_them = np.stack(found[::-1])
    return HorizonRegulator(np.linspace(0.0, horizon, steps + 1), all_of_them, into @ all_of_them)


def riccati_recursion(
    A: Any, B: Any, Q: Any, R: Any, *, steps: int, last: Any = None
) -> HorizonRegulator:
    """The regulator of ``N`` steps.

        least Σ_{k<N} xₖᵀQxₖ + uₖᵀRuₖ + x_Nᵀ P_N x_N = x₀ᵀ P₀ x₀
        Kₖ = (R + BᵀPₖ₊₁B)⁻¹ BᵀPₖ₊₁A,   Pₖ = Q + AᵀPₖ₊₁(A − BKₖ)

    Args:
        A: ``(n, n)``; a number where ``n = 1``.
        B: ``(n, m)``, or ``(n,)`` of one input.
        Q: ``(n, n)``, symmetric, no negative eigenvalue.
        R: ``(m, m)``, symmetric, positive.
        steps: ``N``.
        last: ``P_N``, ``(n, n)``, like ``Q``; 0 if None.

    Raises:
        ShapeError, ConfigurationError: see ``riccati``.

    Source: Bertsekas, Dynamic Programming and Optimal Control, vol. 1.

    >>> import physml as pm
    >>> pm.control.riccati_recursion(1, 1, 1, 1, steps=3).P[:, 0, 0].tolist()
    [1.6, 1.5, 1.0, 0.0]
    """
    system, steps = checked(A, B, Q, R), as_whole("steps", steps, least=1)
    found, gains = [_last(last, len(system.A))], []
    for _ in range(steps):
        P = found[-1]
        K = np.linalg.solve(system.R + system.B.T @ P @ system.B, system.B.T @ P @ system.A)
        P = system.Q + system.A.T @ P @ (system.A - system.B @ K)
        found.append(0.5 * (P + P.T))
        gains.append(K)
    return HorizonRegulator(np.arange(steps + 1.0), np.stack(found[::-1]), np.stack(gains[::-1]))


def _over(time: float, hamiltonian: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``F``, ``G`` and ``H`` of ``x₁ = F x₀ − G λ₁`` and ``λ₀ = H x₀ + Fᵀ λ₁`` over a time."""
    from scipy.linalg import expm

    n, size = len(hamiltonian) // 2, float(np.linalg.norm(hamiltonian, 2))
    doublings = max(0, int(np.ceil(np.log2(max(1.0, time * size)))))
    flow = expm(time / 2.0**doublings * hamiltonian)
    back = np.linalg.inv(flow[n:, n:])
    F, G, H = back.T, -flow[:n, n:] @ back, -back @ flow[n:, :n]
    for _ in range(doublings):
        if not np.isfinite(F).all():
            break
        closed = np.linalg.solve(np.eye(n) + G @ H, np.hstack([F, G]))
        F, G, H = (
            F @ closed[:, :n],
            G + F @ closed[:, n:] @ F.T,
            H + F.T @ H @ closed[:, :n],
        )
        G, H = 0.5 * (G + G.T), 0.5 * (H + H.T)
    return F, G, H


def _last(last: Any, n: int) -> np.ndarray:
    if last is None:
        return np.zeros((n, n))
    matrix = as_numbers("last", last)
    matrix = matrix.reshape(1, 1) if matrix.ndim == 0 else matrix
    if matrix.shape != (n, n):
        raise ShapeError(f"last: expected {(n, n)}, got {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise NonFiniteError(f"last: expected finite numbers, got {matrix.tolist()}")
    return definite("last", matrix, or_zero=True)
