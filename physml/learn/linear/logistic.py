"""Logistic regression: two classes by one logit.

−(1/n) Σ ln p(yᵢ|xᵢ) + λ |θ|²,   p(1|x) = 1/(1 + e^{−z}),   z = x·θ + b
"""

from __future__ import annotations

from typing import Any

import numpy as np

from physml.datasets.labels import as_labels, check_several_classes
from physml.errors import ShapeError
from physml.learn.linear.classes import labelled, separable
from physml.learn.linear.linear_model import LinearClassifier
from physml.learn.linear.newton import newton


def logistic_regression(
    inputs: Any,
    labels: Any,
    strength: float,
    *,
    intercept: bool = True,
    penalise_intercept: bool = False,
) -> LinearClassifier:
    """The linear model of the least ``−(1/n) Σ ln p(yᵢ|xᵢ) + λ|θ|²`` of two classes.

    With ``penalise_intercept`` the penalty is ``λ(|θ|² + b²)``. Penalty as in ``ridge``, without a
    half: scikit-learn's ``C`` is ``1/(2nλ)``. By Newton's method, to rounding.

    Args:
        inputs: ``X``, ``(n, p)``; inputs of unlike size are penalised unlike, see ``Scaler``.
        labels: ``(n,)``, 0 or 1, some of each.
        strength: ``λ ≥ 0``.
        intercept: whether there is one, ``b``.
        penalise_intercept: whether it is penalised too.

    Raises:
        ShapeError: labels that are none, or of one class; without a penalty, a singular design, or
            classes that a plane separates, where the least is at infinity; other shapes.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: a strength that is negative or no number.
        ConvergenceError: without a penalty, a least at infinity of another kind.

    Source: Cox (1958), doi:10.1111/j.2517-6161.1958.tb00292.x.

    >>> import numpy as np, physml as pm
    >>> x, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), [0, 1, 0, 1]
    >>> pm.learn.logistic_regression(x, y, 0.0).probabilities(np.zeros((1, 1))).round(12).tolist()
    [[0.5, 0.5]]
    """
    y = as_labels("labels", labels, classes=2)
    X, weights = labelled(inputs, y, strength, intercept, penalise_intercept)
    sign = 1.0 - 2.0 * y

    def value(theta: np.ndarray) -> float:
        return float(np.mean(np.logaddexp(0.0, sign * (X @ theta))) + weights @ theta**2)

    def derivatives(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        z = X @ theta
        if strength == 0 and np.all(sign * z < 0):
            raise ShapeError(separable("logistic_regression"))
        # Of −z where that is smaller, so that neither p nor 1 − p loses its digits.
        wrong = np.exp(-np.logaddexp(0.0, -sign * z))
        bend = wrong * np.exp(-np.logaddexp(0.0, sign * z))
        gradient = X.T @ (sign * wrong) / len(X) + 2 * weights * theta
        return gradient, (X.T * bend) @ X / len(X) + 2 * np.diag(weights)

    check_several_classes("labels", y)
    theta = newton(value, derivatives, np.zeros(X.shape[1]))
    if not intercept:
        return LinearClassifier(theta, np.array(0.0))
    return LinearClassifier(theta[:-1], theta[-1])
