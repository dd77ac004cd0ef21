"""Inputs of mean 0 and deviation 1, by the numbers of the training samples alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from physml.as_numbers import as_numbers
from physml.datasets.constant import constant
from physml.errors import NonFiniteError, ShapeError

_LARGEST = 1e150
"""The sums of larger ones' squares are infinite, and all scaled inputs would be zero."""


class Scaler(NamedTuple):
    """``x ↦ (x − mean)/deviation``, input by input.

    Attributes:
        mean: ``(d,)``, or the shape of an image.
        deviation: of the same shape; 1 of an input that never changes but by rounding.

    >>> import numpy as np, physml as pm
    >>> scaler = pm.datasets.Scaler.of(np.array([[0.0, 5.0], [2.0, 5.0]]))
    >>> scaler(np.array([[4.0, 5.0]])).tolist()
    [[3.0, 0.0]]
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, inputs: Any) -> Scaler:
        """The scaler of training samples ``(n, ...)``: never of samples for testing, too.

        Raises:
            ShapeError: no samples.
            NonFiniteError: a NaN or an infinity, or numbers whose squares are none.
        """
        numbers = _samples(inputs)
        deviation = np.where(constant(numbers), 1.0, numbers.std(axis=0))
        return cls(numbers.mean(axis=0), deviation)

    @classmethod
    def of_images(cls, inputs: Any) -> Scaler:
        """One mean and one deviation of all pixels: those rarely lit would else outshine the rest.

        Raises:
            ShapeError, NonFiniteError: see ``of``.
        """
        numbers = _samples(inputs)
        deviation = 1.0 if constant(numbers.ravel()) else numbers.std()
        return cls(np.asarray(numbers.mean()), np.asarray(deviation))

    def __call__(self, inputs: Any) -> Any:
        """Scaled inputs, ``(n, ...)`` or of one sample ``(...)``.

        Raises:
            ShapeError: of other inputs, such as one that would broadcast to all.
        """
        shape = np.shape(self.mean)
        if shape and np.shape(inputs)[-len(shape) :] != shape:
            raise ShapeError(f"inputs: expected (n, ...) of {shape}, got {np.shape(inputs)}")
        return (inputs - self.mean) / self.deviation


def _samples(inputs: Any) -> np.ndarray:
    numbers = as_numbers("inputs", inputs)
    if numbers.ndim < 2 or numbers.size == 0:
        raise ShapeError(f"inputs: expected samples (n, ...), got {numbers.shape}")
    largest = np.abs(numbers).max()
    if not largest < _LARGEST:
        raise NonFiniteError(
            f"inputs: expected finite numbers below {_LARGEST:.0e}, got {largest}; choose another "
            "unit"
        )
    return numbers
