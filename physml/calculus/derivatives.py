"""Derivatives of a field at one point.

Every operator takes a field and returns a function of one point; use ``jax.vmap`` for many points.
A point is ``(d,)``, a walker ``(N, d)``. Axes count the coordinates of the flattened point, so a
walker has ``N d`` of them; the fields of a ``Problem`` know their coordinates by name, too. A batch
``(n, d)`` looks like a walker, but its fields give a value a row: that is why a field of a walker
has the value ``()``.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from physml.calculus.named_field import coordinates_at, traced
from physml.errors import ConfigurationError, ShapeError, UnknownNameError
from physml.types import Field, ManyPoints

__all__ = ["Axis", "divergence", "gradient", "hessian", "jacobian", "partial"]

Axis = int | str
"""A coordinate: its index in the flattened point, or its name where the field carries names."""

HIGHEST_ORDER = 4

# Differentiated again in reverse, as in training, a Python loop over few directions takes 0.3 to
# 0.7 of the time of vmap (tanh networks of 4 x 20 on a CPU); over many it is slow to compile.
UNROLLED_UP_TO = 6


def gradient(u: Field) -> Callable[[ArrayLike], Array]:
    """Gradient of a scalar field: ``(∇u)_i = ∂u/∂z_i``.

    A complex field gives the complex gradient, with no conjugate.

    Args:
        u: scalar field, real or complex.

    Returns:
        A function of one point ``z``, ``(d,)`` or ``(N, d)``; its value has the shape of ``z``.

    Raises:
        ConfigurationError: ``u`` is not a function.
        ShapeError: the value of ``u`` is not a scalar.

    >>> import jax.numpy as jnp
    >>> u = lambda z: z[0] ** 2 * z[1]
    >>> u_t, u_x = gradient(u)(jnp.array([3.0, 2.0]))
    >>> float(u_t), float(u_x)
    (12.0, 9.0)
    """
    check_field(u)

    def gradient_at(z: ArrayLike) -> Array:
        z = as_point(z)
        value = value_at_one("gradient", u, z)
        if value.shape:
            raise ShapeError(
                f"gradient: expected a scalar field, value (), got a value {value.shape} at a "
                f"point {z.shape}. Use jacobian(u) for a vector field."
            )
        return first_derivatives(u, z, value)

    return gradient_at


def jacobian(u: Field) -> Callable[[ArrayLike], Array]:
    """Jacobian of a vector field: ``J_ij = ∂u_i/∂z_j``.

    Args:
        u: vector field with value ``(m,)``, real or complex.

    Returns:
        A function of one point with ``d`` coordinates; its value is ``(m, d)``.

    Raises:
        ConfigurationError: ``u`` is not a function.
        ShapeError: the value of ``u`` is not ``(m,)``.

    >>> import jax.numpy as jnp
    >>> u = lambda z: jnp.stack([z[0] * z[1], z[0] - z[1], z[1]])
    >>> jacobian(u)(jnp.array([2.0, 5.0])).tolist()
    [[5.0, 2.0], [1.0, -1.0], [0.0, 1.0]]
    """
    check_field(u)

    def jacobian_at(z: ArrayLike) -> Array:
        z = as_point(z)
        value = value_at_one("jacobian", u, z)
        if len(value.shape) != 1:
            raise ShapeError(
                f"jacobian: expected a vector field, value (m,), got a value {value.shape} at a "
                f"point {z.shape}. Use gradient(u) for a scalar field."
            )
        return first_derivatives(u, z, value).reshape(value.shape + (z.size,))

    return jacobian_at


def partial(u: Field, *axes: Axis) -> Callable[[ArrayLike], Array]:
    """Partial derivative of any mixed order from 1 to 4: ``∂ⁿu / ∂z_i ∂z_j …``.

    Forward mode, nested once an order.

    Args:
        u: scalar or vector field, real or complex.
        axes: one coordinate for each order, by index or, of the fields of a ``Problem``, by name:
            ``partial(u, 1, 1)`` and ``partial(u, "x", "x")`` are ``∂²u/∂x²`` on ``Box(t=…, x=…)``.

    Returns:
        A function of one point; its value has the shape of the value of ``u``.

    Raises:
        ConfigurationError: ``u`` is not a function, there are fewer than 1 or more than 4 axes, or
            a name of a coordinate where the field carries none.
        ShapeError: an axis is not a coordinate of the point, or the point is a batch of them.
        UnknownNameError: a name is not one of the coordinates.

    >>> import jax.numpy as jnp
    >>> u = lambda z: z[0] ** 3 * z[1] ** 2
    >>> float(partial(u, 0, 0, 1)(jnp.array([2.0, 5.0])))
    120.0
    """
    check_field(u)
    if not 1 <= len(axes) <= HIGHEST_ORDER:
        raise ConfigurationError(
            f"partial: expected 1 to {HIGHEST_ORDER} axes, one for each order, got {len(axes)}: "
            f"{axes}. partial(u, 1, 1) is a second derivative; nest partial for higher orders."
        )
    check_kinds("partial", axes)

    def partial_at(z: ArrayLike) -> Array:
        z = as_point(z)
        over = as_indices("partial", axes, u, z)
        value_at_one("partial", u, z)
        derivative = u
        for direction in directions(z, over):
            derivative = along(derivative, direction)
        return derivative(z)

    return partial_at


def divergence(u: Field, *, axes: Sequence[Axis] | None = None) -> Callable[[ArrayLike], Array]:
    """Divergence of a vector field: ``∇·u = Σ_i ∂u_i/∂z_i``.

    Args:
        u: vector field whose value has the shape of the point, real or complex.
        axes: the coordinates of the components, in their order, by index or by name; the value of
            ``u`` is then ``(len(axes),)``. None for all coordinates, none of which may be time.

    Returns:
        A function of one point; its value is ``()``.

    Raises:
        ConfigurationError: ``u`` is not a function; axes are empty, repeated or neither integers
            nor names; one of the coordinates is time, and no axes are given.
        ShapeError: the value of ``u`` does not have one component a coordinate.
        UnknownNameError: a name is not one of the coordinates.

    >>> import jax.numpy as jnp
    >>> u = lambda z: jnp.stack([z[0] ** 2, z[0] * z[1]])
    >>> float(divergence(u)(jnp.array([3.0, 7.0])))
    9.0
    """
    check_field(u)
    if axes is not None:
        axes = check_different("divergence", axes)

    def divergence_at(z: ArrayLike) -> Array:
        z = as_point(z)
        value = value_of(u, z)
        over = over_axes("divergence", axes, u, z)
        expected = z.shape if axes is None else (len(axes),)
        if value.shape != expected:
            raise ShapeError(
                f"divergence: expected a vector field with one component a coordinate, value "
                f"{expected}, got a value {value.shape}. Keep the components that belong to the "
                "coordinates, name these by axes=..., or sum partial(component, axis) by "
                f"hand.{if_batch('divergence', z)}"
            )

        _, push = jax.linearize(u, z)
        unit = np.eye(len(over), dtype=z.dtype).reshape((len(over),) + expected)
        pairs = (directions(z, over), jnp.asarray(unit))
        return jnp.sum(each(lambda pair: jnp.sum(pair[1] * push(pair[0])), pairs))

    return divergence_at


def hessian(u: Field) -> Callable[[ArrayLike], Array]:
    """Hessian of a field: ``H_ij = ∂²u / ∂z_i ∂z_j``.

    Args:
        u: scalar or vector field, real or complex.

    Returns:
        A function of one point with ``d`` coordinates; its value is ``(d, d)`` for a scalar field
        and ``(m, d, d)`` for a vector field.

    Raises:
        ConfigurationError: ``u`` is not a function.
        ShapeError: the value of ``u`` is not an array, or the point is a batch of them.

    >>> import jax.numpy as jnp
    >>> u = lambda z: z[0] ** 2 * z[1]
    >>> hessian(u)(jnp.array([3.0, 2.0])).tolist()
    [[4.0, 6.0], [6.0, 0.0]]
    """
    check_field(u)

    def hessian_at(z: ArrayLike) -> Array:
        z = as_point(z)
        value = value_at_one("hessian", u, z)
        second = jax.jacfwd(lambda z: first_derivatives(u, z, value))(z)
        return second.reshape(value.shape + (z.size, z.size))

    return hessian_at


def as_point(z: ArrayLike) -> Array:
    """The point with floating-point coordinates; integers have no derivatives."""
    z = jnp.asarray(z)
    return z.astype(jnp.result_type(z, float))


def check_kinds(name: str, axes: tuple[Axis, ...]) -> None:
    """Raise unless every axis is an integer or a name."""
    try:
        for axis in axes:
            isinstance(axis, str) or operator.index(axis)
    except TypeError:
        raise ConfigurationError(
            f"{name}: expected axes that are integers (coordinate indices) or names of "
            f"coordinates, got {axes!r}."
        ) from None


def check_different(name: str, axes: Sequence[Axis]) -> tuple[Axis, ...]:
    """One or more different axes as a tuple, or an error that names the operator."""
    axes = (axes,) if isinstance(axes, str) else tuple(np.ravel(np.asarray(axes, object)).tolist())
    check_kinds(name, axes)
    if not axes or len(set(axes)) != len(axes):
        raise ConfigurationError(
            f"axes: expected one or more different coordinates, got {axes}. "
            "Leave axes out to sum over all coordinates."
        )
    return axes


def as_indices(name: str, axes: tuple[Axis, ...], u: Field, z: Array) -> tuple[int, ...]:
    """The axes as indices of coordinates of the point.

    Raises:
        ConfigurationError: a name, where the field carries none.
        ShapeError: an index that is no coordinate of the point.
        UnknownNameError: a name that is no coordinate of the field.
    """
    names: tuple[str, ...] = ()
    if any(isinstance(axis, str) for axis in axes):
        coordinates = coordinates_at(u, z)
        if coordinates is None:
            raise ConfigurationError(
                f"{name}: axes: got {axes!r}, but u carries no names of coordinates; expected "
                "indices, or a field that a Problem hands to its equation, at the point itself"
            )
        names = coordinates.names
    found = []
    for axis in axes:
        if isinstance(axis, str) and axis not in names:
            raise UnknownNameError("coordinate", axis, names)
        found.append(names.index(axis) if isinstance(axis, str) else operator.index(axis))
    outside = [axis for axis in found if not 0 <= axis < z.size]
    if outside:
        raise ShapeError(
            f"{name}: expected axes from 0 to {z.size - 1} for a point {z.shape} with {z.size} "
            f"coordinates, got {outside}."
        )
    return tuple(found)


def over_axes(name: str, axes: tuple[Axis, ...] | None, u: Field, z: Array) -> tuple[int, ...]:
    """The axes of a sum as indices: those given, or all, none of which may then be time.

    Raises:
        ConfigurationError: no axes where one of the coordinates is time.
    """
    if axes is not None:
        return as_indices(name, axes, u, z)
    # A walker (N, d) has no time among its coordinates, and log ψ is long to trace.
    coordinates = coordinates_at(u, z) if z.ndim == 1 and z.size > 1 else None
    if coordinates is not None and coordinates.time is not None:
        space = tuple(axis for axis in coordinates.names if axis != coordinates.time)
        raise ConfigurationError(
            f"{name}: expected axes=..., since {coordinates.time!r} of the coordinates "
            f"{coordinates.names} is time: axes={space} for those of space alone, "
            f"axes={coordinates.names} if time is meant, too"
        )
    return tuple(range(z.size))


def check_field(u: Field) -> None:
    """Raise unless the field is a function of one point."""
    if isinstance(u, ManyPoints):
        raise ConfigurationError(
            f"u: expected a function of one point, got a {type(u).__name__}, which is one of many "
            "points. Differentiate u.field, the function of one; for many points use "
            "u.derivative(lambda u: gradient(u), points)."
        )
    if not callable(u):
        raise ConfigurationError(
            f"u: expected a field, that is a function of one point, got {type(u).__name__}. "
            "Write gradient(u)(z), not gradient(u(z)); name one unknown of several, fields['u']."
        )


def value_of(u: Field, z: Array) -> jax.ShapeDtypeStruct:
    """Shape and dtype of the value, without computing it."""
    check_field(u)
    value, _ = traced(u, z)
    if not isinstance(value, jax.ShapeDtypeStruct):
        raise ShapeError(
            f"u: expected a field whose value is one array, not a {type(value).__name__}. "
            "Stack the components, or name one unknown of several, lambda z: u(z)['p']; a wave "
            "function gives log ψ, its phase as the imaginary part."
        )
    return value


def value_at_one(name: str, u: Field, z: Array) -> jax.ShapeDtypeStruct:
    """As ``value_of``, or an error that names the operator where many points came for one.

    Differentiated as one point, a batch ``(n, d)`` would give the derivatives of all rows with
    respect to a coordinate of the first.
    """
    value = value_of(u, z)
    if value.shape and z.ndim > 1:
        raise ShapeError(
            f"{name}: expected a scalar field, value (), of a walker {z.shape}, got a value "
            f"{value.shape}.{if_batch(name, z)} A vector field takes a point (d,): flatten the "
            "walker."
        )
    return value


def if_batch(name: str, z: Array) -> str:
    """What to do if the point is a batch of them."""
    return f" If {z.shape} is a batch of points, use jax.vmap({name}(u))." if z.ndim > 1 else ""


def directions(z: Array, axes: tuple[int, ...] | None = None) -> Array:
    """Unit vectors along the axes, ``(len(axes),)`` + the shape of the point; None: all axes."""
    unit = np.eye(z.size, dtype=z.dtype)
    chosen = unit if axes is None else unit[list(axes)]
    return jnp.asarray(chosen.reshape((len(chosen),) + z.shape))


def along(u: Field, direction: Array) -> Field:
    """The field's derivative along a direction."""
    return lambda z: jax.jvp(u, (z,), (direction,))[1]


def each(function: Callable[[Any], Any], rows: Any) -> Any:
    """The function of each direction, stacked on a new first axis; of rows of a tree likewise."""
    count = len(jax.tree.leaves(rows)[0])
    if count > UNROLLED_UP_TO:
        return jax.vmap(function)(rows)
    made = [function(jax.tree.map(lambda leaf, i=i: leaf[i], rows)) for i in range(count)]
    return jax.tree.map(lambda *values: jnp.stack(values), *made)


def first_derivatives(u: Field, z: Array, value: jax.ShapeDtypeStruct) -> Array:
    """All first derivatives, value shape + point shape, in the cheaper mode."""
    is_complex = jnp.issubdtype(value.dtype, jnp.complexfloating)
    # Measured with tanh networks on a CPU, training step included: a reverse pass (one a component)
    # costs as much as two forward passes (one a coordinate), or as eight if the value is complex.
    passes = (8 if is_complex else 2) * math.prod(value.shape)
    if z.size < passes:
        _, push = jax.linearize(u, z)
        columns = each(push, directions(z))
        return jnp.moveaxis(columns, 0, -1).reshape(value.shape + z.shape)
    if is_complex:
        real, imaginary = jax.jacrev(lambda z: (u(z).real, u(z).imag))(z)
        return jax.lax.complex(real, imaginary)
    return jax.jacrev(u)(z)
