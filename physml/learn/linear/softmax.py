"""Softmax regression: several classes by a logit each.

−(1/n) Σ ln p(yᵢ|xᵢ) + λ |θ|²,   p(k|x) = softmax(x·θ + b)ₖ
"""

from __future__ import annotations

from typing import Any

import numpy as np

from physml.as_whole import as_whole
from physml.datasets.labels import as_labels, check_several_classes
from physml.errors import ShapeError
from physml.learn.linear.classes import labelled, separable
from physml.learn.linear.linear_model import LinearClassifier, log_softmax
from physml.learn.linear.newton import newton


def softmax_regression(
    inputs: Any,
    labels: Any,
    strength: float,
    *,
    classes: int | None = None,
    intercept: bool = True,
    penalise_intercept: bool = False,
) -> LinearClassifier:
    """The linear model of the least ``−(1/n) Σ ln p(yᵢ|xᵢ) + λ|θ|²`` of ``K`` classes.

    With ``penalise_intercept`` the penalty is ``λ(|θ|² + |b|²)``. The same number added to all
    logits changes nothing; of all such models it is the one whose logits sum to zero, at every
    input. Else as ``logistic_regression``: scikit-learn's ``C`` is ``1/(2nλ)``. By Newton's method,
    to rounding; its matrix has ``(pK)²`` numbers.

    Args:
        inputs: ``X``, ``(n, p)``; inputs of unlike size are penalised unlike, see ``Scaler``.
        labels: ``(n,)``, whole numbers from 0.
        strength: ``λ ≥ 0``.
        classes: ``K``, at least 2; up to the largest label if None. A class without samples has no
            least intercept, and is refused.
        intercept: whether there is one a class, ``b``.
        penalise_intercept: whether it is penalised too.

    Raises:
        ShapeError: labels that are none, a class without samples; without a penalty, a singular
            design, or classes that planes separate, where the least is at infinity; other shapes.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: a strength that is negative or no number.
        ConvergenceError: without a penalty, a least at infinity of another kind.

    >>> import numpy as np, physml as pm
    >>> x = np.array([[0.0, 1.0], [1.0, 0.0], [-1.0, -1.0]])
    >>> pm.learn.softmax_regression(x, [0, 1, 2], 1e-3).predict(x).tolist()
    [0, 1, 2]
    """
    y = as_labels("labels", labels, classes=classes)
    K = int(y.max()) + 1 if classes is None else as_whole("classes", classes)
    check_several_classes("labels", y)
    if lacking := sorted(set(range(K)) - set(y.tolist())):
        raise ShapeError(f"labels: expected samples of each of {K} classes, got none of {lacking}")
    X, weights = labelled(inputs, y, strength, intercept, penalise_intercept)
    n, q = X.shape
    hot = np.eye(K)[y]

    def value(flat: np.ndarray) -> float:
        theta = flat.reshape(q, K)
        loss = -np.mean(np.sum(hot * log_softmax(X @ theta), axis=1))
        # Of the models that differ by what is added to all logits, the last term takes one.
        return float(
            loss + weights @ np.sum(theta**2, axis=1) + 0.5 * np.sum(theta.sum(axis=1) ** 2)
        )

    def derivatives(flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        theta = flat.reshape(q, K)
        z = X @ theta
        margin = z[np.arange(n), y] - np.where(hot == 1, -np.inf, z).max(axis=1)
        if strength == 0 and np.all(margin > 0):
            raise ShapeError(separable("softmax_regression"))
        p = np.exp(log_softmax(z))
        gradient = X.T @ (p - hot) / n + 2 * weights[:, None] * theta
        gradient = gradient + theta.sum(axis=1, keepdims=True)
        hessian = np.zeros((q, K, q, K))
        for k in range(K):
            for m in range(k, K):
                bend = p[:, k] * ((k == m) - p[:, m])
                hessian[:, k, :, m] = hessian[:, m, :, k] = (X.T * bend) @ X / n
        rows = np.arange(q)
        hessian[rows, :, rows, :] += 1.0 + 2 * weights[:, None, None] * np.eye(K)
        return gradient.ravel(), hessian.reshape(q * K, q * K)

    theta = newton(value, derivatives, np.zeros(q * K)).reshape(q, K)
    if not intercept:
        return LinearClassifier(theta, np.zeros(K))
    return LinearClassifier(theta[:-1], theta[-1])
