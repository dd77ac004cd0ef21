"""Lasso: a linear model few of whose coefficients differ from zero.

(1/n) |y − Xθ − b|² + λ |θ|₁
"""

from __future__ import annotations

from typing import Any

import numpy as np

from physml.learn.linear.coordinate_descent import descend
from physml.learn.linear.intercept import check_strength, prepared
from physml.learn.linear.linear_model import LinearModel


def lasso(
    inputs: Any,
    targets: Any,
    strength: float,
    *,
    intercept: bool = True,
    penalise_intercept: bool = False,
) -> LinearModel:
    """The linear model of the least ``(1/n)|y − Xθ − b|² + λ|θ|₁``, by coordinate descent.

    With ``penalise_intercept`` the penalty is ``λ(|θ|₁ + |b|)``. There is no half: scikit-learn's
    ``alpha`` is ``λ/2``. The coefficients obey the conditions of the least to rounding; where
    inputs depend on one another there may be several such.

    Args:
        inputs: ``X``, ``(n, p)``; inputs of unlike size are penalised unlike, see ``Scaler``.
        targets: ``y``, ``(n,)`` or ``(n, m)``, each output on its own.
        strength: ``λ > 0``.
        intercept: whether there is one, ``b``.
        penalise_intercept: whether it is penalised too.

    Raises:
        ShapeError: other shapes.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: a strength that is not positive.
        ConvergenceError: inputs so alike that the iteration did not end.

    Source: Tibshirani (1996), doi:10.1111/j.2517-6161.1996.tb02080.x.

    >>> import numpy as np, physml as pm
    >>> x = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> pm.learn.lasso(x, x @ [2.0, 0.2], 1.0).coefficients.round(12).tolist()
    [1.5, 0.0]
    """
    check_strength(strength, above=True)
    problem = prepared(inputs, targets, intercept=intercept, penalise_intercept=penalise_intercept)
    theta = [_down_to(strength, problem.design, y) for y in problem.targets.T]
    return problem.model(np.stack(theta, axis=1))


def _down_to(strength: float, design: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """By halves of the largest strength: begun far below it, nearly all inputs would take part."""
    theta = np.zeros(design.shape[1])
    here = 2 * np.abs(design.T @ targets).max() / len(design)
    while here > 2 * strength:
        here /= 2
        theta = descend(design, targets, l2=0.0, l1=here, start=theta, tolerance=1e-3)
    return descend(design, targets, l2=0.0, l1=strength, start=theta)


def largest_strength(inputs: Any, targets: Any, *, intercept: bool = True) -> float:
    """The strength from which on all of lasso's coefficients are zero, ``max |(2/n) Xᵀy|``.

    Args:
        inputs: ``X``, ``(n, p)``.
        targets: ``y``, ``(n,)`` or ``(n, m)``.
        intercept: whether there is one, free of the penalty.

    Raises:
        ShapeError, NonFiniteError: see ``lasso``.

    >>> import numpy as np, physml as pm
    >>> x = np.array([[1.0], [-1.0]])
    >>> pm.learn.largest_strength(x, [3.0, -3.0])
    6.0
    """
    problem = prepared(inputs, targets, intercept=intercept, penalise_intercept=False)
    return float(2 * np.abs(problem.design.T @ problem.targets).max() / len(problem.design))
