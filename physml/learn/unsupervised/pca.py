"""Principal components: the directions in which data vary most."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from physml.as_whole import as_whole
from physml.datasets.constant import constant
from physml.errors import ConfigurationError, ShapeError
from physml.learn.metrics.shapes import finite
from physml.train.study import Study


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """Scores ``z = V (x − m)`` of samples, and samples ``m + Vᵀ z`` of scores.

    Attributes:
        mean: ``m``, the shape of a sample.
        components: ``V``, ``(k, d)``, orthonormal rows, that of most variance first; the largest
            entry of each is positive.
        variance: along each, ``(k,)``: mean squares, divided by ``n`` and not by ``n − 1``.
        explained: its part of the whole variance, ``(k,)``.
    """

    mean: np.ndarray
    components: np.ndarray
    variance: np.ndarray
    explained: np.ndarray

    def transform(self, inputs: Any) -> np.ndarray:
        """The scores ``(n, k)`` of samples ``(n, ...)``.

        Raises:
            ShapeError: samples of another shape.
            NonFiniteError: a NaN or an infinity.
        """
        x = finite("inputs", inputs)
        if x.shape[1:] != self.mean.shape or x.ndim == 0:
            expected = ", ".join(map(str, ("n", *self.mean.shape)))
            raise ShapeError(f"inputs: expected ({expected}), got {x.shape}")
        return np.asarray((x - self.mean).reshape(len(x), -1) @ self.components.T)

    def inverse(self, scores: Any) -> np.ndarray:
        """The samples ``(n, ...)`` of scores ``(n, k)``.

        Raises:
            ShapeError: scores of another number.
            NonFiniteError: a NaN or an infinity.
        """
        z = finite("scores", scores)
        if z.ndim != 2 or z.shape[1] != len(self.components):
            raise ShapeError(f"scores: expected (n, {len(self.components)}), got {z.shape}")
        return (z @ self.components).reshape(-1, *self.mean.shape) + self.mean

    def save(self, directory: str | Path) -> Path:
        """Keep them in a directory.

        Raises:
            CheckpointError: where something stands already, or it cannot be written.
        """
        arrays = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Study("principal components", {}, {}, arrays).save(directory)

    @classmethod
    def load(cls, directory: str | Path) -> PrincipalComponents:
        """Read what ``save`` wrote.

        Raises:
            CheckpointError: it is missing, was altered, or holds something else.
        """
        kept = Study.load(directory).arrays
        return cls(*(kept[name] for name in cls.__dataclass_fields__))


def pca(inputs: Any, components: int | None = None) -> PrincipalComponents:
    """Principal components of samples, from the singular values of ``X − m``.

    Inputs are centred and not scaled: of columns in different units take
    ``Scaler.of(inputs)(inputs)``. The mean square of what the first ``k`` leave out is the sum of
    the other variances, the least of all linear maps through ``k`` numbers.

    Args:
        inputs: ``(n, d)``, or ``(n, ...)`` of images; those to train on alone.
        components: how many, up to ``min(n − 1, d)``; all that vary if None.

    Raises:
        ConfigurationError: more components than samples less one, or than directions that vary.
        ShapeError: inputs of another shape, or a single sample.
        NonFiniteError: a NaN or an infinity.

    Sources: Pearson (1901), doi:10.1080/14786440109462720; Eckart and Young (1936),
    doi:10.1007/BF02288367.

    >>> import numpy as np, physml as pm
    >>> x = np.array([[0.0, 0.0], [2.0, 2.0], [4.0, 4.0], [2.0, 2.5], [2.0, 1.5]])
    >>> found = pm.learn.pca(x, 1)
    >>> found.components.round(2).tolist(), found.explained.round(2).tolist()
    ([[0.7, 0.72]], [0.99])
    """
    x = finite("inputs", inputs)
    if x.ndim < 2 or len(x) < 2 or x.size == 0:
        raise ShapeError(f"inputs: expected at least two samples (n, d), got {x.shape}")
    mean = x.mean(axis=0)
    flat = np.where(constant(x), 0.0, x - mean).reshape(len(x), -1)
    _, singular, rows = np.linalg.svd(flat, full_matrices=False)
    rounding = max(flat.shape) * np.finfo(float).eps * singular.max(initial=0.0)
    varying = int(np.sum(singular > rounding))
    if not varying:
        raise ConfigurationError("inputs: expected samples that differ, got all of them alike")
    k = varying if components is None else as_whole("components", components, least=1)
    if k > varying:
        raise ConfigurationError(
            f"components: expected from 1 to {varying}, the directions in which {len(x)} samples "
            f"vary, got {k}"
        )
    kept = rows[:k]
    kept = kept * np.sign(kept[np.arange(k), np.abs(kept).argmax(axis=1)])[:, None]
    variance = singular**2 / len(x)
    return PrincipalComponents(mean, kept, variance[:k], variance[:k] / variance.sum())
