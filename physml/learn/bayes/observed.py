"""What was observed: values of a function, or of anything linear in it, with their noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from physml.errors import ConfigurationError, ShapeError
from physml.learn.metrics.shapes import finite
from physml.types import LocalOperator


@dataclass(frozen=True, eq=False)
class Observed:
    """``values_i = (L u)(x_i) + σ_i ε_i`` with a linear operator L.

    A linear equation ``L u = f`` is an observation of f at points of one's choice, without noise;
    so is a boundary value, of u itself.

    Attributes:
        points: ``x``, ``(n, d)``.
        values: ``(n,)``.
        operator: ``(u, x) -> ()``, linear in the field u, such as ``lambda u, x: pm.laplacian(u)(x)
            - u(x)``; None for u itself.
        noise: the deviation ``σ ≥ 0`` of a value, one for all or ``(n,)``; or the name of a
            hyperparameter that holds it, see ``most_likely_process``.

    Raises:
        ShapeError: other shapes; no numbers.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: noise below 0; an operator that is no function.

    >>> import numpy as np, physml as pm
    >>> len(pm.learn.Observed(np.zeros((3, 1)), np.ones(3), noise=0.1).values)
    3
    """

    points: Any
    values: Any
    operator: LocalOperator | None = None
    noise: Any = 0.0

    def __post_init__(self) -> None:
        """Check all before anything is computed."""
        points, values = finite("points", self.points), finite("values", self.values)
        if points.ndim != 2:
            raise ShapeError(
                f"points: expected (n, d), got {points.shape}; one dimension is (n, 1)"
            )
        if values.shape != points.shape[:1]:
            raise ShapeError(
                f"values: expected one a point, ({len(points)},), got {values.shape}; of several "
                "components make an Observed each"
            )
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "values", values)
        if self.operator is not None and not callable(self.operator):
            raise ConfigurationError(
                "operator: expected a function (u, x) -> (), such as lambda u, x: "
                f"pm.partial(u, 0)(x), got {type(self.operator).__name__}"
            )
        if isinstance(self.noise, str):
            return
        noise = finite("noise", self.noise)
        if noise.shape not in ((), values.shape):
            raise ShapeError(f"noise: expected () or {values.shape}, got {noise.shape}")
        if not np.all(noise >= 0):
            raise ConfigurationError(f"noise: expected deviations ≥ 0, got {noise.min()}")
        object.__setattr__(self, "noise", noise)


def as_observed(observed: Any) -> tuple[Observed, ...]:
    """One ``Observed`` or several of one function, as a tuple.

    Raises:
        ConfigurationError: anything else, none.
        ShapeError: points of different dimensions.
    """
    several = (observed,) if isinstance(observed, Observed) else tuple(observed)
    if not several or not all(isinstance(one, Observed) for one in several):
        kinds = [type(one).__name__ for one in several]
        raise ConfigurationError(f"observed: expected Observed(points, values), got {kinds}")
    dimensions = sorted({one.points.shape[1] for one in several})
    if len(dimensions) != 1:
        raise ShapeError(f"observed: expected points of one dimension, got {dimensions}")
    return several
