"""What logistic and softmax regression share: their design, and when the least is at infinity."""

from __future__ import annotations

from typing import Any

import numpy as np

from physml.errors import ConfigurationError, ShapeError
from physml.learn.linear.intercept import check_strength
from physml.learn.linear.linear_model import as_design
from physml.learn.linear.ridge_solvers import check_rank


def labelled(
    inputs: Any, labels: np.ndarray, strength: float, intercept: bool, penalise_intercept: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The design, with a column of ones last for an intercept, and the penalty of each column.

    Raises:
        ShapeError: not as many inputs as labels; without a penalty, a singular design.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: what is no strength, an intercept that is penalised and not there.
    """
    check_strength(strength)
    X = as_design(inputs)
    if len(X) != len(labels):
        raise ShapeError(f"labels: expected one for each of {len(X)} samples, got {len(labels)}")
    if penalise_intercept and not intercept:
        raise ConfigurationError("penalise_intercept: expected False without an intercept")
    weights = np.full(X.shape[1], float(strength))
    if intercept:
        X = np.column_stack([X, np.ones(len(X))])
        weights = np.append(weights, strength if penalise_intercept else 0.0)
    if strength == 0:
        check_rank(X)
    return X, weights


def separable(name: str) -> str:
    """Why classes that planes separate have no best model without a penalty."""
    return (
        f"{name}: expected a strength > 0, since planes separate the classes and every larger θ "
        "fits better: got 0"
    )
