"""Least squares and ridge regression.

(1/n) |y − Xθ − b|² + λ |θ|²
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from physml.learn.linear.intercept import check_strength, prepared
from physml.learn.linear.linear_model import LinearModel
from physml.learn.linear.ridge_solvers import closed_form

Solve = Callable[[np.ndarray, np.ndarray, float], np.ndarray]
"""``(X (n, p), y (n, m), λ) -> θ (p, m)``, the least of ``(1/n)|y − Xθ|² + λ|θ|²``."""


def ordinary_least_squares(inputs: Any, targets: Any, *, intercept: bool = True) -> LinearModel:
    """The linear model of the least squared error, ``(1/n)|y − Xθ − b|²``.

    Args:
        inputs: ``X``, ``(n, p)``.
        targets: ``y``, ``(n,)`` or ``(n, m)``.
        intercept: whether there is one, ``b``.

    Raises:
        ShapeError: a singular design, whose coefficients the data do not determine: fewer samples
            than coefficients, or inputs that depend on one another; other shapes.
        NonFiniteError: a NaN or an infinity.

    >>> import numpy as np, physml as pm
    >>> x = np.array([[0.0], [1.0], [2.0]])
    >>> model = pm.learn.ordinary_least_squares(x, [1.0, 3.0, 5.0])
    >>> model.coefficients.round(12).tolist(), round(float(model.intercept), 12)
    ([2.0], 1.0)
    """
    return ridge(inputs, targets, 0.0, intercept=intercept)


def ridge(
    inputs: Any,
    targets: Any,
    strength: float,
    *,
    intercept: bool = True,
    penalise_intercept: bool = False,
    solve: Solve = closed_form,
) -> LinearModel:
    """The linear model of the least ``(1/n)|y − Xθ − b|² + λ|θ|²``.

    With ``penalise_intercept`` the penalty is ``λ(|θ|² + |b|²)``. The loss is a mean and the
    penalty a sum, both without a half: scikit-learn's ``alpha`` is ``n λ``.

    Args:
        inputs: ``X``, ``(n, p)``; inputs of unlike size are penalised unlike, see ``Scaler``.
        targets: ``y``, ``(n,)`` or ``(n, m)``.
        strength: ``λ ≥ 0``.
        intercept: whether there is one, ``b``.
        penalise_intercept: whether it is penalised too.
        solve: ``closed_form``, ``coordinate_descent``, ``gradient_descent`` or
            ``natural_gradient_step``, which agree to rounding.

    Raises:
        ShapeError: without a penalty, a singular design; other shapes.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: a strength that is negative or no number.
        ConvergenceError: an iteration that did not end.

    Source: Hoerl and Kennard (1970), doi:10.1080/00401706.1970.10488634.

    >>> import numpy as np, physml as pm
    >>> x, y = np.array([[1.0], [-1.0]]), np.array([1.0, -1.0])
    >>> pm.learn.ridge(x, y, 1.0).coefficients.tolist()
    [0.5]
    """
    check_strength(strength)
    problem = prepared(inputs, targets, intercept=intercept, penalise_intercept=penalise_intercept)
    return problem.model(solve(problem.design, problem.targets, strength))
