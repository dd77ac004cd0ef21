"""A constant as a network: the unknown number of an inverse problem."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

from physml.as_numbers import as_numbers, check_finite
from physml.errors import ConfigurationError


class Constant(nn.Module):
    """The same number at every point, to be found with the solution: a constant field.

    Attributes:
        value: the first guess; a tuple for a vector.
        positive: keep it positive, as ``value · e^s`` with the parameter ``s``.

    Raises:
        ConfigurationError: a first guess that is not positive where it must be.
        NonFiniteError: a NaN or an infinity.
        ShapeError: one that is complex, masked, or no number.

    >>> import jax, jax.numpy as jnp
    >>> viscosity = Constant(0.05, positive=True)
    >>> params = viscosity.init(jax.random.key(0), jnp.zeros(2))
    >>> round(float(viscosity.apply(params, jnp.ones(2))), 6)
    0.05
    """

    value: float | tuple[float, ...]
    positive: bool = False

    def __post_init__(self) -> None:
        """Check the guess where it is written."""
        guess = as_numbers("Constant: value", self.value)
        check_finite("Constant: value", guess)
        if self.positive and not np.all(guess > 0):
            raise ConfigurationError(f"Constant: expected a guess > 0, got {self.value}")
        super().__post_init__()

    @nn.compact
    def __call__(self, z: ArrayLike) -> Array:
        """The number, whatever the point: ``()``, or ``(m,)`` of a tuple."""
        del z
        first = jnp.asarray(self.value, jnp.result_type(float))
        if self.positive:
            exponent = self.param("exponent", nn.initializers.zeros, first.shape, first.dtype)
            return first.astype(exponent.dtype) * jnp.exp(exponent)
        return jnp.asarray(self.param("value", lambda key: first))
