"""The least of ``(1/n)|y − Xθ|² + λ₂|θ|² + λ₁|θ|₁``, one coefficient after another.

    θ_j ← S(x_jᵀ r_j/n, λ₁/2) / (|x_j|²/n + λ₂),   S(a, t) = sign(a) max(|a| − t, 0)

with ``r_j`` the residual without ``x_j``. The least obeys, and the end is judged by,

    (2/n) x_jᵀ r − 2λ₂θ_j = λ₁ sign θ_j   where θ_j ≠ 0,     |(2/n) x_jᵀ r| ≤ λ₁   elsewhere
"""

from __future__ import annotations

import numpy as np

from physml.errors import ConvergenceError


def descend(
    design: np.ndarray,
    targets: np.ndarray,
    *,
    l2: float,
    l1: float,
    start: np.ndarray | None = None,
    tolerance: float = 1e-14,
    sweeps: int = 20_000,
) -> np.ndarray:
    """The least of one output's cost.

    Args:
        design: ``X``, ``(n, p)``.
        targets: ``y``, ``(n,)``.
        l2: ``λ₂ ≥ 0``.
        l1: ``λ₁ ≥ 0``; not both are zero.
        start: ``θ`` to begin with, ``(p,)``; zeros if None.
        tolerance: of the largest violation of the conditions above, in units of the numbers whose
            sum it is, ``(2/n)|X|ᵀ(|y| + |X||θ|)``, where absolute values are of each entry.
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
    sizes = np.abs(columns), np.abs(design), np.abs(targets)
    residual = targets - design @ theta
    for _ in range(sweeps):
        for j in range(p):
            old = theta[j]
            if curvature[j] == 0:
                continue
            pull = columns[j] @ residual + (curvature[j] - l2) * old
            new = np.sign(pull) * max(abs(pull) - 0.5 * l1, 0.0) / curvature[j]
            if new != old:
                residual -= (n * (new - old)) * columns[j]
                theta[j] = new
        if l1 > 0:
            theta = _on_support(design, targets, theta, l2, l1)
        residual = targets - design @ theta  # afresh, lest its rounding add up
        missed = violation(design, residual, theta, l2=l2, l1=l1)
        scale = 2 * float((sizes[0] @ (sizes[2] + sizes[1] @ np.abs(theta))).max())
        if missed <= tolerance * scale:
            return theta
    raise ConvergenceError(
        f"coordinate descent: {sweeps} sweeps left a violation of "
        f"{missed / scale:.1e}, where "
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
    """Towards the least among ``θ`` of these signs, a linear system, as far as signs stay.

    What becomes zero on the way is left out, and the way begun again; the cost falls all along it.
    Once the signs are right, the end is the least of all, which sweeps alone would approach by a
    factor each: by one close to 1 where inputs are alike. Lee, Battle, Raina and Ng (2006),
    Advances in Neural Information Processing Systems 19 (feature-sign search).
    """
    theta = theta.copy()
    while len(some := np.flatnonzero(theta)):
        X, now = design[:, some], theta[some]
        gram = X.T @ X / len(X) + l2 * np.eye(len(some))
        pull = X.T @ targets / len(X) - 0.5 * l1 * np.sign(now)
        curvatures, axes = np.linalg.eigh(gram)
        flat = curvatures <= 8 * len(some) * np.finfo(float).eps * curvatures[-1]
        slope = axes.T @ (pull - gram @ now)
        if np.linalg.norm(slope[flat]) > 1e-10 * np.linalg.norm(pull):
            # Of inputs that depend on one another, the same model by less |θ|₁: until one is zero.
            way, longest = axes[:, flat] @ slope[flat], np.inf
        else:
            way, longest = axes[:, ~flat] @ (slope[~flat] / curvatures[~flat]), 1.0
        shrinks = way * now < 0
        ends = np.where(shrinks, -now / np.where(shrinks, way, 1.0), np.inf)
        step = ends.min()
        if step >= longest:
            theta[some] = now + way
            return theta
        if step == np.inf:  # rounding: nothing becomes zero
            return theta
        theta[some] = np.where(ends == step, 0.0, now + step * way)
    return theta
