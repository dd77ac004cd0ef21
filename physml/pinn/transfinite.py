"""Transfinite interpolation on boxes: a function with given values on faces, and one zero there.

Source: Gordon and Hall (1973), doi:10.1007/BF01436298.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.pinn.conditions.condition import Value, function
from physml.pinn.geometry import Box
from physml.types import Field

Face = tuple[int, int]
"""An axis, and the side: 0 lower, 1 upper."""

MOST_AXES = 6
"""Axes with values on their faces: of ``k`` an interpolation evaluates these ``3ᵏ − 1`` times."""


def vanishing(domain: Box, faces: Sequence[Face], *, twice: Sequence[Face] = ()) -> Field:
    """Zero on faces and nowhere else, of size one: a pair of opposite ones gives ``4 s(1 − s)``.

    Args:
        domain: the box.
        faces: where it is zero.
        twice: those of them where its slope is zero, too.
    """

    def product(z: Array) -> Array:
        total = jnp.ones((), z.dtype)
        for axis, side in faces:
            s = _along(domain, axis, z)
            factor = 1 - s if side else s
            total = total * factor * (factor if (axis, side) in twice else 1.0)
            total = total * (2.0 if (axis, 1 - side) in faces else 1.0)
        return total

    return product


def interpolated(
    domain: Box, values: Mapping[Face, Value], rates: Mapping[Face, Value] | None = None
) -> Value:
    """A function of given values on faces, made from these alone; a number where it is constant.

    ``A ← A + P_i (g − A)`` for each axis, with ``P_i`` linear between two faces and constant from
    one, or with the slope given there: at most ``3ᵏ − 1`` evaluations of ``g`` for ``k`` axes.
    Where faces meet their values must agree.

    Args:
        domain: the box.
        values: by face.
        rates: the slopes along the axis of a face, on one face of an axis.

    Raises:
        ConfigurationError: more than six axes with values that are not one number.
    """
    rates = {} if rates is None else rates
    filled: Value | None = None

    def order(axis: int) -> tuple[bool, bool, int]:
        # Numbers first, as they cost nothing. A slope is matched last, so that what the other axes
        # add is part of it.
        faces = [(axis, side) for side in (0, 1)]
        return (
            any(f in rates for f in faces),
            not all(map(_is_number, map(values.get, faces))),
            axis,
        )

    taken = 0
    for axis in sorted({axis for axis, _ in values}, key=order):
        sides = {side: value for (a, side), value in values.items() if a == axis}
        slopes = [(side, rate) for (a, side), rate in rates.items() if a == axis]
        numbers = {v for v in (*sides.values(), filled) if isinstance(v, int | float)}
        if not slopes and len(numbers) == 1 and all(map(_is_number, (*sides.values(), filled))):
            filled = numbers.pop()
        else:
            filled, taken = _filled_along(domain, axis, sides, slopes, filled), taken + 1
    if taken > MOST_AXES:
        raise ConfigurationError(
            f"values on the faces of {taken} axes: expected at most {MOST_AXES} whose values are "
            f"not one number, as they are interpolated by 3^{taken} evaluations; leave them to a "
            "penalty, or write an ansatz"
        )
    return 0.0 if filled is None else filled


def _is_number(value: Value | None) -> bool:
    return value is None or isinstance(value, int | float)


def _filled_along(
    domain: Box,
    axis: int,
    sides: Mapping[int, Value],
    slopes: Sequence[tuple[int, Value]],
    before: Value | None,
) -> Field:
    """``A + P (g − A)`` for one axis."""
    bounds = (float(domain.lower[axis]), float(domain.upper[axis]))
    given = {side: function(value) for side, value in sides.items()}
    known = None if before is None else function(before)
    unit = np.eye(domain.dimension)[axis]

    def filled(z: Array) -> Array:
        def missing(side: int) -> Array:
            at = z.at[axis].set(bounds[side])
            return given[side](at) if known is None else given[side](at) - known(at)

        def missing_slope(side: int, rate: Value) -> Array:
            at = z.at[axis].set(bounds[side])
            if known is None:
                return function(rate)(at)
            return function(rate)(at) - jax.jvp(known, (at,), (jnp.asarray(unit, z.dtype),))[1]

        s = _along(domain, axis, z)
        if slopes:
            ((side, rate),) = slopes
            here, slope, other = missing(side), missing_slope(side, rate), 1 - side
            total = here + (z[axis] - bounds[side]) * slope
            if other in given:
                reached = here + (bounds[other] - bounds[side]) * slope
                total = total + (s if other else 1 - s) ** 2 * (missing(other) - reached)
        elif len(given) == 2:
            total = (1 - s) * missing(0) + s * missing(1)
        else:
            (side,) = given
            total = missing(side)
        return jnp.asarray(total if known is None else known(z) + total)

    return filled


def _along(domain: Box, axis: int, z: Array) -> Array:
    """A coordinate from 0 at its lower face to 1 at its upper one."""
    low, high = float(domain.lower[axis]), float(domain.upper[axis])
    return (z[axis] - low) / (high - low)
