"""The mean of a Gaussian process before anything is observed."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from physml.errors import ConfigurationError, ShapeError
from physml.learn.bayes.linear_operator import applied
from physml.learn.bayes.observed import Observed
from physml.learn.metrics.shapes import finite
from physml.types import Field


def mean_values(mean: Field | None, observed: tuple[Observed, ...]) -> np.ndarray:
    """``L m`` at the observations, ``(n,)``.

    Raises:
        ShapeError: a mean whose value is no number.
        NonFiniteError: a NaN or an infinity.
    """
    if mean is None:
        return np.zeros(sum(len(one.values) for one in observed))
    if not callable(mean):
        raise ConfigurationError(
            f"mean: expected a function of one point, got {type(mean).__name__}"
        )
    shape = jax.eval_shape(mean, jnp.asarray(observed[0].points[0])).shape
    if shape != ():
        raise ShapeError(f"mean: expected a number, (), of one point, got {shape}")
    parts = [jax.vmap(applied(one.operator, mean))(jnp.asarray(one.points)) for one in observed]
    return finite("mean", np.concatenate([np.asarray(part) for part in parts]))
