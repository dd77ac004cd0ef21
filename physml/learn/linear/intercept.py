"""The intercept of a linear model: none, free of the penalty, or penalised like a coefficient.

A free one is found by centring: at its best value the means agree, ``b = ȳ − x̄·θ``. A penalised one
is the coefficient of a column of ones.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from physml.datasets.constant import constant
from physml.errors import ConfigurationError, ShapeError
from physml.learn.linear.linear_model import LinearModel, as_design
from physml.learn.metrics.shapes import finite


class Prepared(NamedTuple):
    """A least-squares problem ``y ≈ Xθ`` whose intercept is taken care of.

    Attributes:
        design: ``X``, ``(n, q)``.
        targets: ``y``, ``(n, m)``.
        shape: of a target of one sample, ``()`` or ``(m,)``.
        kind: of the intercept.
        means: ``(x̄, ȳ)`` of a free one.
    """

    design: np.ndarray
    targets: np.ndarray
    shape: tuple[int, ...]
    kind: str
    means: tuple[np.ndarray, np.ndarray]

    def model(self, theta: np.ndarray) -> LinearModel:
        """The linear model of a solution ``θ``, ``(q, m)``."""
        mean_x, mean_y = self.means
        b = mean_y - mean_x @ theta
        if self.kind == "penalised":
            theta, b = theta[:-1], theta[-1]
        return LinearModel(theta.reshape(-1, *self.shape), b.reshape(self.shape))


def prepared(inputs: Any, targets: Any, *, intercept: bool, penalise_intercept: bool) -> Prepared:
    """Check inputs and targets, and take care of the intercept.

    Raises:
        ShapeError: other shapes than ``(n, p)`` and ``(n,)`` or ``(n, m)``.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: an intercept that is penalised and not there.
    """
    X, y = as_design(inputs), finite("targets", targets)
    if y.ndim not in (1, 2) or len(y) != len(X):
        raise ShapeError(
            f"targets: expected one a sample, ({len(X)},) or ({len(X)}, m), got {y.shape}"
        )
    if penalise_intercept and not intercept:
        raise ConfigurationError("penalise_intercept: expected False without an intercept")
    shape, y = y.shape[1:], y.reshape(len(y), -1)
    kind = "none" if not intercept else "penalised" if penalise_intercept else "free"
    means = (np.zeros(X.shape[1]), np.zeros(y.shape[1]))
    if kind == "free":
        means = (X.mean(axis=0), y.mean(axis=0))
        X, y = np.where(constant(X), 0.0, X - means[0]), y - means[1]
    if kind == "penalised":
        X = np.column_stack([X, np.ones(len(X))])
        means = (np.zeros(X.shape[1]), means[1])
    return Prepared(X, y, shape, kind, means)


def check_strength(strength: float, *, above: bool = False) -> None:
    """Refuse what is no strength of a penalty.

    Raises:
        ConfigurationError: a number below 0, or 0 where it must be above; none.
    """
    number = np.ndim(strength) == 0 and np.asarray(strength).dtype.kind in "iuf"
    if not (number and (strength > 0 if above else strength >= 0) and strength < np.inf):
        least = "> 0" if above else "≥ 0"
        raise ConfigurationError(f"strength: expected a number {least}, got {strength}")
