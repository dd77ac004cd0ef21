"""Smooth functions that are negative where two others are, or either: Rvachev's max and min.

Source: Shapiro (2007), doi:10.1017/S096249290631001X.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array


def where_both(a: Array, b: Array) -> Array:
    """``a + b + √(a² + b²)``, ``()``: negative where both are, and smooth unless both vanish.

    Where one vanishes and the other is negative it is zero, with the slope of the first.
    """
    return a + b + _length(a, b)


def where_either(a: Array, b: Array) -> Array:
    """``a + b − √(a² + b²)``, ``()``: negative where one of them is; see ``where_both``."""
    return a + b - _length(a, b)


def _length(a: Array, b: Array) -> Array:
    squared = a**2 + b**2
    # The root has no derivative at 0: where it is not taken, its argument is 1.
    return jnp.where(squared > 0, jnp.sqrt(jnp.where(squared > 0, squared, 1.0)), 0.0)
