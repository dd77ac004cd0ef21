"""The least of ``(1/n)|y − Xθ|² + λ₂|θ|² + λ₁|θ|₁``, one coefficient after another.

    θ_j ← S(x_jᵀ r_j/n, λ₁/2) / (|x_j|²/n + λ₂),   S(a, t) = sign(a) max(|a| − t, 0)

with ``r_j`` the residual without ``x_j``. The least obeys, and the end is judged by,

    (2/n) x_jᵀ r − 2λ₂θ_j = λ₁ sign θ_j   where θ_j ≠ 0,     |(2/n) x_jᵀ r| ≤ λ₁   elsewhere
"""

from __future__ import annotations

import numpy as np

from physml.errors import ConvergenceError

_BETWEEN = 20
"""Sweeps over the coefficients that are not zero, between two over all."""


def descend(
    design: np.ndarray,
    targets: np.ndarray,
    *,
    l2: float,
    l1: float,
    start: np.ndarray | None = None,
    tolerance: float = 1e-13,
    sweeps: int = 20_000,
) -> np.ndarray:
    """The least of one output's cost.

    Args:
        design: ``X``, ``(n, p)``.
        targets: ``y``, ``(n,)``.
        l2: ``λ₂ ≥ 0``.
        l1: ``λ₁ ≥ 0``; not both are zero.
        start: ``θ`` to begin with, ``(p,)``; zeros if None.
        tolerance: of the largest violation of the conditions above, in units of ``max|(2/n)Xᵀy|``.
        sweeps: at most so many.

    Returns:
        ``θ``, ``(p,)``.

    Raises:
        ConvergenceError: that violation stayed larger.

    Source: Friedman, Hastie and Tibshirani (2010), doi:10.18637/jss.v033.i01.
    """
    n, p = design.shape
    columns = np.ascontiguousarray(design.T) / n
    curvature = np.sum(design**2, axis=0) / n + l2
    theta = np.zeros(p) if start is None else np.array(start, float)
    scale = 2 * np.abs(columns @ targets).max()
    residual = targets - design @ theta
    for sweep in range(sweeps):
        everywhere = sweep % (_BETWEEN + 1) == 0
        if everywhere:
            theta = _on_support(design, targets, theta, l2, l1)
            residual = targets - design @ theta  # afresh, lest its rounding add up
            if violation(design, residual, theta, l2=l2, l1=l1) <= tolerance * scale:
                return theta
        for j in range(p) if everywhere else np.flatnonzero(theta):
            old = theta[j]
            if curvature[j] == 0:
                continue
            pull = columns[j] @ residual + (curvature[j] - l2) * old
            new = np.sign(pull) * max(abs(pull) - 0.5 * l1, 0.0) / curvature[j]
            if new != old:
                residual -= (n * (new - old)) * columns[j]
                theta[j] = new
    raise ConvergenceError(
        f"coordinate descent: {sweeps} sweeps left a violation of "
        f"{violation(design, residual, theta, l2=l2, l1=l1) / scale:.1e}, where "
        f"{tolerance:.1e} was asked for; "
        "scale the inputs, or give a larger strength"
    )


def violation(
    design: np.ndarray, residual: np.ndarray, theta: np.ndarray, *, l2: float, l1: float
) -> float:
    """By how much the conditions of the least are missed, at most.

    Args:
        design: ``X``, ``(n, p)``.
        residual: ``y − Xθ``, ``(n,)``.
        theta: ``θ``, ``(p,)``.
        l2: ``λ₂``.
        l1: ``λ₁``.
    """
    slope = 2 * (design.T @ residual) / len(design) - 2 * l2 * theta
    missed = np.where(
        theta == 0, np.maximum(np.abs(slope) - l1, 0.0), np.abs(slope - l1 * np.sign(theta))
    )
    return float(missed.max())


def _on_support(
    design: np.ndarray, targets: np.ndarray, theta: np.ndarray, l2: float, l1: float
) -> np.ndarray:
    """The least among ``θ`` of these signs, a linear system; ``θ`` itself where signs change.

    Once the signs are right, that is the least of all, where sweeps come closer by a factor each.
    """
    some = np.flatnonzero(theta)
    if l1 == 0 or not len(some) or len(some) > len(design):
        return theta
    X = design[:, some]
    gram = X.T @ X / len(X) + l2 * np.eye(len(some))
    try:
        factor = np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:  # columns that depend on one another: sweeps decide
        return theta
    pull = X.T @ targets / len(X) - 0.5 * l1 * np.sign(theta[some])
    solved = np.linalg.solve(factor.T, np.linalg.solve(factor, pull))
    if not np.array_equal(np.sign(solved), np.sign(theta[some])):
        return theta
    found = np.zeros_like(theta)
    found[some] = solved
    return found
