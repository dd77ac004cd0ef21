"""What a linear model is after it was fitted: coefficients and an intercept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from physml.datasets.scaler import Scaler
from physml.errors import ShapeError
from physml.learn.metrics.shapes import finite


@dataclass(frozen=True, eq=False)
class LinearModel:
    """``f(x) = x·θ + b``.

    Attributes:
        coefficients: ``θ``, ``(p,)``, or ``(p, m)`` of several outputs.
        intercept: ``b``, ``()`` or ``(m,)``.
    """

    coefficients: np.ndarray
    intercept: np.ndarray

    def predict(self, inputs: Any) -> np.ndarray:
        """``f``, ``(n,)`` or ``(n, m)``.

        Args:
            inputs: ``(n, p)``.

        Raises:
            ShapeError: of another number of inputs.
            NonFiniteError: a NaN or an infinity.
        """
        return as_design(inputs, len(self.coefficients)) @ self.coefficients + self.intercept

    def behind(self, scaler: Scaler) -> LinearModel:
        """The model of inputs as they are, of one fitted to scaled inputs: the scaler is in it.

        Args:
            scaler: of the inputs, ``(p,)``, or of images that were made rows afterwards.

        Raises:
            ShapeError: a scaler of another number of inputs.

        >>> import numpy as np, physml as pm
        >>> x, y = np.array([[0.0], [1.0], [4.0]]), np.array([1.0, 3.0, 9.0])
        >>> scaler = pm.datasets.Scaler.of(x)
        >>> model = pm.learn.ridge(scaler(x), y, 1e-12).behind(scaler)
        >>> model.predict(x).round(6).tolist()
        [1.0, 3.0, 9.0]
        """
        coefficients, intercept = _behind(self.coefficients, self.intercept, scaler)
        return LinearModel(coefficients, intercept)

    def numbers(self) -> int:
        """How many numbers were fitted, the intercept among them."""
        return int(self.coefficients.size + self.intercept.size)


@dataclass(frozen=True, eq=False)
class LinearClassifier:
    """``p(k|x) = softmax(x·θ + b)ₖ``; of two classes by one logit, ``p(1|x) = 1/(1 + e^{−z})``.

    Attributes:
        coefficients: ``θ``, ``(p, K)``, or ``(p,)`` of two classes by one logit.
        intercept: ``b``, ``(K,)`` or ``()``.
    """

    coefficients: np.ndarray
    intercept: np.ndarray

    def logits(self, inputs: Any) -> np.ndarray:
        """``z = x·θ + b``, ``(n, K)``, or ``(n,)`` of two classes by one logit.

        Raises:
            ShapeError, NonFiniteError: see ``LinearModel.predict``.
        """
        return as_design(inputs, len(self.coefficients)) @ self.coefficients + self.intercept

    def probabilities(self, inputs: Any) -> np.ndarray:
        """``p``, ``(n, K)``, of two classes ``(n, 2)``; see ``logits``."""
        z = self.logits(inputs)
        if z.ndim == 1:
            z = np.stack([np.zeros_like(z), z], axis=1)
        return np.exp(log_softmax(z))

    def predict(self, inputs: Any) -> np.ndarray:
        """The most likely class, ``(n,)``; see ``logits``."""
        z = self.logits(inputs)
        return (z > 0).astype(int) if z.ndim == 1 else z.argmax(axis=1)

    def behind(self, scaler: Scaler) -> LinearClassifier:
        """The classifier of inputs as they are; see ``LinearModel.behind``."""
        coefficients, intercept = _behind(self.coefficients, self.intercept, scaler)
        return LinearClassifier(coefficients, intercept)

    def numbers(self) -> int:
        """How many numbers were fitted, the intercept among them."""
        return int(self.coefficients.size + self.intercept.size)


def as_design(inputs: Any, columns: int | None = None) -> np.ndarray:
    """Inputs ``(n, p)`` in float64.

    Raises:
        ShapeError: another shape.
        NonFiniteError: a NaN or an infinity.
    """
    X = finite("inputs", inputs)
    if X.ndim != 2 or columns not in (None, X.shape[1]):
        expected = f"(n, {'p' if columns is None else columns})"
        raise ShapeError(f"inputs: expected {expected}, got {X.shape}")
    return X


def log_softmax(z: np.ndarray) -> np.ndarray:
    """``ln p`` of logits ``(n, K)``."""
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))


def _behind(
    coefficients: np.ndarray, intercept: np.ndarray, scaler: Scaler
) -> tuple[np.ndarray, np.ndarray]:
    mean, deviation = (np.ravel(part) for part in (scaler.mean, scaler.deviation))
    if {len(mean), len(deviation)} - {1, len(coefficients)}:
        raise ShapeError(
            f"scaler: expected one of {len(coefficients)} inputs, got {np.shape(scaler.mean)}"
        )
    scaled = (coefficients.T / deviation).T
    return scaled, intercept - np.broadcast_to(mean, len(coefficients)) @ scaled
