"""Derivatives of a field at one point.

Every operator takes a field and returns a function of one point; use ``jax.vmap`` for many points.
A point is ``(d,)``, a walker ``(N, d)``. Axes count the coordinates of the flattened point, so a
walker has ``N d`` of them. A batch ``(n, d)`` looks like a walker, but its fields give a value a
row: that is why a field of a walker has the value ``()``.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from physml.errors import ConfigurationError, ShapeError
from physml.types import Field, ManyPoints

__all__ = ["divergence", "gradient", "hessian", "jacobian", "partial"]

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


def partial(u: Field, *axes: int) -> Callable[[ArrayLike], Array]:
    """Partial derivative of any mixed order from 1 to 4: ``∂ⁿu / ∂z_i ∂z_j …``.

    Forward mode, nested once an order.

    Args:
        u: scalar or vector field, real or complex.
        axes: one coordinate index for each order: ``partial(u, 1, 1)`` is ``∂²u/∂z_1²``.

    Returns:
        A function of one point; its value has the shape of the value of ``u``.

    Raises:
        ConfigurationError: ``u`` is not a function, or there are fewer than 1 or more than 4 axes.
        ShapeError: an axis is not a coordinate of the point, or the point is a batch of them.

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
    axes = as_indices("partial", axes)

    def partial_at(z: ArrayLike) -> Array:
        z = as_point(z)
        check_axes("partial", axes, z)
        value_at_one("partial", u, z)
        derivative = u
        for direction in directions(z, axes):
            derivative = along(derivative, direction)
        return derivative(z)

    return partial_at


def divergence(u: Field) -> Callable[[ArrayLike], Array]:
    """Divergence of a vector field: ``∇·u = Σ_i ∂u_i/∂z_i``.

    Args:
        u: vector field whose value has the shape of the point, real or complex.

    Returns:
        A function of one point; its value is ``()``.

    Raises:
        ConfigurationError: ``u`` is not a function.
        ShapeError: the value of ``u`` does not have the shape of the point.

    >>> import jax.numpy as jnp
    >>> u = lambda z: jnp.stack([z[0] ** 2, z[0] * z[1]])
    >>> float(divergence(u)(jnp.array([3.0, 7.0])))
    9.0
    """
    check_field(u)

    def divergence_at(z: ArrayLike) -> Array:
        z = as_point(z)
        value = value_of(u, z)
        if value.shape != z.shape:
            raise ShapeError(
                f"divergence: expected a vector field with one component a coordinate, value "
                f"{z.shape}, got a value {value.shape}. Keep the components that belong to the "
                f"coordinates, or sum partial(component, axis) by hand.{if_batch('divergence', z)}"
            )

        _, push = jax.linearize(u, z)
        diagonal = each(lambda direction: jnp.sum(direction * push(direction)), directions(z))
        return jnp.sum(diagonal)

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


def as_indices(name: str, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The axes as Python integers, or an error that names the operator."""
    try:
        return tuple(operator.index(axis) for axis in axes)
    except TypeError:
        raise ConfigurationError(
            f"{name}: expected axes that are integers (coordinate indices), got {axes!r}."
        ) from None


def check_axes(name: str, axes: tuple[int, ...], z: Array) -> None:
    """Raise unless every axis is a coordinate of the point."""
    outside = [axis for axis in axes if not 0 <= axis < z.size]
    if outside:
        raise ShapeError(
            f"{name}: expected axes from 0 to {z.size - 1} for a point {z.shape} with {z.size} "
            f"coordinates, got {outside}."
        )


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
    value = jax.eval_shape(u, z)
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


def each(function: Callable[[Array], Any], rows: Array) -> Any:
    """The function of each direction, stacked on a new first axis."""
    if len(rows) > UNROLLED_UP_TO:
        return jax.vmap(function)(rows)
    return jax.tree.map(lambda *values: jnp.stack(values), *[function(row) for row in rows])


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
