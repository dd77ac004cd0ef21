"""Levels at points of parameters, checked where they come in, and what they are scaled by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.datasets.constant import constant
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.pmm.hermitian import Hermitian
from physml.pmm.selection import Selection


class LevelData(NamedTuple):
    """Levels at ``n`` points.

    Attributes:
        x: ``(n,)`` or ``(n, d)``.
        y: ``(n, m)``.
        single: whether there is one level, given as ``(n,)``.
    """

    x: np.ndarray
    y: np.ndarray
    single: bool

    @classmethod
    def of(cls, x: Any, y: Any) -> LevelData:
        """Check points and levels.

        Raises:
            ShapeError: other shapes than ``(n,)`` or ``(n, d)`` of as many points as levels; fewer
                than two points; complex, masked or no numbers.
            NonFiniteError: a NaN or an infinity.
        """
        points, levels = as_numbers("x", x), as_numbers("y", y)
        if points.ndim not in (1, 2) or points.size == 0:
            raise ShapeError(f"x: expected points (n,) or (n, d), got {points.shape}")
        if levels.ndim not in (1, 2) or len(levels) != len(points) or levels.size == 0:
            raise ShapeError(
                f"y: expected levels ({len(points)},) or ({len(points)}, m), a row a point, got "
                f"{levels.shape}"
            )
        if len(points) < 2:
            raise ShapeError("x: expected at least 2 points, got 1")
        for name, values in (("x", points), ("y", levels)):
            bad = np.argwhere(~np.isfinite(values))
            if len(bad):
                raise NonFiniteError(
                    f"{name}: expected finite numbers, got {values[tuple(bad[0])]} at index "
                    f"{tuple(bad[0].tolist())}; leave that point out"
                )
        return cls(points, levels.reshape(len(levels), -1), levels.ndim == 1)

    def check(self, keep: tuple[Selection, ...]) -> None:
        """Refuse levels that no matrix with such blocks has.

        Raises:
            ShapeError: another number of levels; levels of a block that do not ascend.
        """
        count = sum(one.count for one in keep)
        if self.y.shape[1] != count:
            raise ShapeError(
                f"y: expected {count} levels a point, as many as keep={keep} has, got "
                f"{self.y.shape[1]}"
            )
        start = 0
        for number, one in enumerate(keep):
            block = self.y[:, start : start + one.count]
            down = np.argwhere(np.diff(block, axis=1) < 0)
            if len(down):
                row = int(down[0][0])
                raise ShapeError(
                    f"y: expected levels of a block in ascending order, got {block[row].tolist()} "
                    f"of block {number} at point {row}; sort them, or give levels that cross "
                    "blocks of their own, as Hermitian(size, blocks=...)"
                )
            start += one.count


class Scaling(NamedTuple):
    """Levels ``y = mean + deviation z`` of scaled ones, features ``f = centre + width f'``.

    Attributes:
        mean: of all levels at all points.
        deviation: of the same.
        centre: ``(terms,)``, the middle of each feature's range over the points.
        width: ``(terms,)``, half of the range.
    """

    mean: float
    deviation: float
    centre: np.ndarray
    width: np.ndarray

    @classmethod
    def of(cls, data: LevelData, model: Hermitian) -> Scaling:
        """Of training data.

        Raises:
            ConfigurationError: levels that are all the same, a feature that does not change.
            NonFiniteError: features that are not finite.
        """
        values = np.asarray(jax.vmap(model.feature_values)(as_points(data.x)), np.float64)
        if not np.isfinite(values).all():
            row = int(np.argwhere(~np.isfinite(values))[0][0])
            raise NonFiniteError(
                f"features: expected finite values, got {values[row].tolist()} at x = "
                f"{data.x[row].tolist()}"
            )
        low, high = values.min(axis=0), values.max(axis=0)
        same = [name for name, one in zip(model.names, constant(values), strict=True) if one]
        if same:
            raise ConfigurationError(
                f"features: expected values that differ among the points, got the same at all for "
                f"{', '.join(same)}; leave that term out"
            )
        if constant(data.y.ravel()):
            raise ConfigurationError(
                f"y: expected levels that differ, got {data.y.flat[0]:g} at all points"
            )
        mean, deviation = float(data.y.mean()), float(data.y.std())
        return cls(mean, deviation, 0.5 * (low + high), 0.5 * (high - low))

    def model(self, model: Hermitian) -> Hermitian:
        """The same model of scaled features."""
        centre, width = jnp.asarray(self.centre), jnp.asarray(self.width)

        def features(x: Array) -> Array:
            values = model.feature_values(x)
            return (values - centre.astype(values.dtype)) / width.astype(values.dtype)

        return replace(model, features=features)

    def keep(self, chosen: tuple[Selection, ...]) -> tuple[Selection, ...]:
        """The same selection of scaled levels."""
        return tuple(one.scaled(self.mean, self.deviation) for one in chosen)


def as_points(x: np.ndarray) -> Array:
    """Points in jax's precision."""
    return jnp.asarray(x, jnp.result_type(float))
