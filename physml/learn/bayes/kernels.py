"""Covariance functions: a kernel is a plain function of one pair of points, ``k(x, y) -> ()``.

Any function of two points ``(d,)`` is one, if it is symmetric and positive definite; those of this
file are written so that their derivatives are right at ``x = y``, where they exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer

from physml.as_numbers import as_numbers
from physml.errors import ConfigurationError, ShapeError
from physml.learn.metrics.shapes import finite

Kernel = Callable[[Array, Array], Array]
"""``(x (d,), y (d,)) -> ()``, the covariance of the values at two points."""


def rbf(length_scale: Any, *, deviation: Any = 1.0) -> Kernel:
    """``k = σ² exp(−½ |(x − y)/ℓ|²)``: functions with all derivatives.

    Args:
        length_scale: ``ℓ > 0``, ``()``, or ``(d,)``: one a dimension.
        deviation: ``σ > 0``, of a value.

    Raises:
        ConfigurationError: a number that is not above 0.

    Source: Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, eq. 4.9.

    >>> import jax.numpy as jnp, physml as pm
    >>> k = pm.learn.rbf(2.0)
    >>> round(float(k(jnp.array([0.0]), jnp.array([2.0]))), 6)
    0.606531
    """
    length, size = positive("length_scale", length_scale), positive("deviation", deviation)

    def k(x: Array, y: Array) -> Array:
        return size**2 * jnp.exp(-0.5 * jnp.sum(scaled_difference(x, y, length) ** 2))

    return k


def rational_quadratic(length_scale: Any, mixture: Any, *, deviation: Any = 1.0) -> Kernel:
    """``k = σ² (1 + |(x − y)/ℓ|²/(2α))^(−α)``: ``rbf`` of many length scales at once.

    Args:
        length_scale: ``ℓ > 0``, ``()`` or ``(d,)``.
        mixture: ``α > 0``; ``rbf`` as it grows.
        deviation: ``σ > 0``.

    Raises:
        ConfigurationError: a number that is not above 0.

    Source: Rasmussen and Williams (2006), eq. 4.19.

    >>> import jax.numpy as jnp, physml as pm
    >>> k = pm.learn.rational_quadratic(1.0, 0.5)
    >>> round(float(k(jnp.array([0.0]), jnp.array([1.0]))), 6)
    0.707107
    """
    length, size = positive("length_scale", length_scale), positive("deviation", deviation)
    alpha = positive("mixture", mixture)

    def k(x: Array, y: Array) -> Array:
        square = jnp.sum(scaled_difference(x, y, length) ** 2)
        return size**2 * jnp.exp(-alpha * jnp.log1p(square / (2 * alpha)))

    return k


def periodic(length_scale: Any, period: Any, *, deviation: Any = 1.0) -> Kernel:
    """``k = σ² exp(−2 Σ_i sin²(π(x_i − y_i)/p_i)/ℓ_i²)``: functions that repeat.

    Args:
        length_scale: ``ℓ > 0``, a pure number, in parts of ``p/(2π)``; ``()`` or ``(d,)``.
        period: ``p > 0``, in the unit of the points; ``()`` or ``(d,)``.
        deviation: ``σ > 0``.

    Raises:
        ConfigurationError: a number that is not above 0.

    Source: MacKay (1998), Introduction to Gaussian processes, eq. 47.

    >>> import jax.numpy as jnp, physml as pm
    >>> k = pm.learn.periodic(1.0, 3.0)
    >>> round(float(k(jnp.array([0.5]), jnp.array([6.5]))), 6)
    1.0
    """
    length, size = positive("length_scale", length_scale), positive("deviation", deviation)
    repeat = positive("period", period)

    def k(x: Array, y: Array) -> Array:
        wave = jnp.sin(jnp.pi * scaled_difference(x, y, repeat))
        return size**2 * jnp.exp(-2 * jnp.sum((wave / per_dimension(wave, length)) ** 2))

    return k


def linear_kernel(deviation: Any = 1.0, *, centre: Any = 0.0) -> Kernel:
    """``k = Σ_i σ_i² (x_i − c_i)(y_i − c_i)``: Bayesian linear regression without an intercept.

    Args:
        deviation: ``σ > 0``, of a slope; ``()`` or ``(d,)``.
        centre: ``c``, where all lines meet; ``()`` or ``(d,)``.

    Raises:
        ConfigurationError: a deviation that is not above 0.
        ShapeError, NonFiniteError: a centre that is no real number.

    >>> import jax.numpy as jnp, physml as pm
    >>> float(pm.learn.linear_kernel(2.0)(jnp.array([1.0, 3.0]), jnp.array([1.0, 1.0])))
    16.0
    """
    size = positive("deviation", deviation)
    centre = jnp.asarray(centre if isinstance(centre, Tracer) else finite("centre", centre))

    def k(x: Array, y: Array) -> Array:
        check_pair(x, y)
        start = per_dimension(x, centre)
        return jnp.sum(per_dimension(x, size) ** 2 * (x - start) * (y - start))

    return k


def constant_kernel(deviation: Any = 1.0) -> Kernel:
    """``k = σ²``: one unknown number, the same at all points.

    Args:
        deviation: ``σ > 0``, ``()``.

    Raises:
        ConfigurationError: a deviation that is not above 0.

    >>> import jax.numpy as jnp, physml as pm
    >>> float(pm.learn.constant_kernel(3.0)(jnp.zeros(1), jnp.ones(1)))
    9.0
    """
    size = positive("deviation", deviation)

    def k(x: Array, y: Array) -> Array:
        check_pair(x, y)
        return size**2 * jnp.ones((), x.dtype)

    return k


def add(*kernels: Kernel) -> Kernel:
    """``k = Σ_i k_i``: a sum of independent functions.

    Raises:
        ConfigurationError: no kernel, or what is none.

    >>> import jax.numpy as jnp, physml as pm
    >>> k = pm.learn.add(pm.learn.constant_kernel(2.0), pm.learn.linear_kernel())
    >>> float(k(jnp.ones(1), jnp.ones(1)))
    5.0
    """
    _check("add", kernels)

    def k(x: Array, y: Array) -> Array:
        return sum((kernel(x, y) for kernel in kernels[1:]), kernels[0](x, y))

    return k


def times(*kernels: Kernel) -> Kernel:
    """``k = Π_i k_i``, again a covariance.

    Raises:
        ConfigurationError: no kernel, or what is none.

    >>> import jax.numpy as jnp, physml as pm
    >>> k = pm.learn.times(pm.learn.constant_kernel(2.0), pm.learn.linear_kernel())
    >>> float(k(jnp.ones(1), jnp.ones(1)))
    4.0
    """
    _check("times", kernels)

    def k(x: Array, y: Array) -> Array:
        product = kernels[0](x, y)
        for kernel in kernels[1:]:
            product = product * kernel(x, y)
        return product

    return k


def positive(name: str, value: Any) -> Array:
    """A hyperparameter, ``()`` or ``(d,)``; one that is traced is taken as it is.

    Raises:
        ConfigurationError: numbers that are not above 0 and finite.
        ShapeError: of more dimensions.
    """
    if not isinstance(value, Tracer):
        numbers = as_numbers(name, value)
        if numbers.size == 0 or not (np.all(numbers > 0) and np.all(np.isfinite(numbers))):
            raise ConfigurationError(f"{name}: expected finite numbers > 0, got {value}")
    found = jnp.asarray(value, jnp.result_type(float))
    if found.ndim > 1:
        raise ShapeError(f"{name}: expected one number, or one a dimension (d,), got {found.shape}")
    return found


def scaled_difference(x: Array, y: Array, length: Array) -> Array:
    """``(x − y)/ℓ``, ``(d,)``.

    Raises:
        ShapeError: what is no pair of points; lengths of another number of dimensions.
    """
    check_pair(x, y)
    return (x - y) / per_dimension(x, length)


def per_dimension(x: Array, numbers: Array) -> Array:
    """One number for all dimensions of a point, or one each.

    Raises:
        ShapeError: another number of them.
    """
    if numbers.ndim and numbers.shape != x.shape:
        raise ShapeError(
            f"kernel: expected one number, or one a dimension, {x.shape}, got {numbers.shape}"
        )
    return numbers


def check_pair(x: Array, y: Array) -> None:
    """Refuse what is no pair of points: of a batch there would be a sum over all of it.

    Raises:
        ShapeError: other shapes than ``(d,)`` twice.
    """
    if jnp.ndim(x) != 1 or jnp.shape(x) != jnp.shape(y):
        raise ShapeError(
            f"kernel: expected two points (d,), got {jnp.shape(x)} and {jnp.shape(y)}; of many "
            "pairs use jax.vmap(kernel)"
        )


def _check(name: str, kernels: tuple[Any, ...]) -> None:
    if not kernels or not all(callable(kernel) for kernel in kernels):
        kinds = [type(kernel).__name__ for kernel in kernels]
        raise ConfigurationError(
            f"{name}: expected kernels, functions of two points, got {kinds}; a number is "
            "constant_kernel(deviation), which is squared"
        )
