"""Whether an operator is linear, and whether a kernel is smooth enough for it: both are tried."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.learn.bayes.kernels import Kernel
from physml.types import Field, LocalOperator

Family = Callable[[Any], Kernel]
"""``hyperparameters -> kernel``."""

# Points at which both are tried.
_TRIED = 6

# Of the largest term: rounding of derivatives in double precision is far below, and what is not
# linear at waves of amplitude 1 to 3 is above.
_NOT_LINEAR = 1e-7

# How much a variance may differ from the covariance with a neighbour, in parts of the largest.
_JUMP = 0.5


def applied(operator: LocalOperator | None, u: Field) -> Field:
    """``L u``, a function of a point."""
    return u if operator is None else lambda z: operator(u, z)


def both(kernel: Kernel, left: LocalOperator | None, right: LocalOperator | None) -> Kernel:
    """``(x, y) -> L_x M_y k(x, y)``, the covariance of ``L u`` at x and ``M u`` at y."""

    def covariance(x: Array, y: Array) -> Array:
        return applied(left, lambda a: applied(right, lambda b: kernel(a, b))(y))(x)

    return covariance


def check_linear(operator: LocalOperator, points: np.ndarray) -> None:
    """Refuse an operator that is not linear in the field.

    ``L(u − 2.5 v) = L u − 2.5 L v`` is tried at some of the points, with waves u and v.

    Raises:
        ConfigurationError: it is not linear; a constant added to it is not either.
        ShapeError: its value is no number.
        NonFiniteError: a NaN or an infinity of a smooth field.
    """
    check_hashable("operator", operator)
    spread = np.ptp(points, axis=0)
    random = np.random.default_rng(0)
    waves = random.normal(size=(2, points.shape[1])) / np.where(spread > 0, spread, 1.0)
    of_u, of_v, of_sum = np.asarray(_of_waves(operator, waves, points[:_TRIED])).T
    if not np.isfinite([of_u, of_v, of_sum]).all():
        raise NonFiniteError(
            "operator: expected finite numbers of a wave, got a NaN or an infinity at one of the "
            "points"
        )
    gap = np.abs(of_u - 2.5 * of_v - of_sum).max()
    if gap > _NOT_LINEAR * max(np.abs([of_u, of_v, of_sum]).max(), np.finfo(float).tiny):
        raise ConfigurationError(
            f"operator: expected one that is linear in u, got L(u − 2.5v) ≠ Lu − 2.5Lv by "
            f"{gap:.3g}; a source without u belongs into values, and an equation that is not "
            "linear is none for a Gaussian process: linearise it, or see pm.solve"
        )


@partial(jax.jit, static_argnums=0)
def _of_waves(operator: LocalOperator, waves: Any, points: Any) -> Array:
    """``L u``, ``L v`` and ``L (u − 2.5 v)`` at points, ``(n, 3)``."""

    def u(z: Array) -> Array:
        return jnp.sin(jnp.sum(waves[0] * z) + 0.7)

    def v(z: Array) -> Array:
        return jnp.cos(jnp.sum(waves[1] * z) + 2.1)

    def terms(z: Array) -> Array:
        values = [operator(field, z) for field in (u, v, lambda z: u(z) - 2.5 * v(z))]
        for value in values:
            if jnp.shape(value) != () or jnp.iscomplexobj(value):
                raise ShapeError(
                    "operator: expected a real number, (), of a field and one point, got "
                    f"{jnp.asarray(value).dtype} {jnp.shape(value)}; of several components make "
                    "an Observed each"
                )
        return jnp.stack([jnp.asarray(value, z.dtype) for value in values])

    return jax.vmap(terms)(points)


def check_smooth(
    family: Family, hyperparameters: Any, operator: LocalOperator, points: np.ndarray
) -> None:
    """Refuse an operator on functions that do not have its derivatives.

    The variance ``L_x L_y k`` at ``x = y`` has to be the limit of the covariance with a neighbour.

    Raises:
        ConfigurationError: it is not.
    """
    some = points[:_TRIED]
    scale = np.maximum(np.ptp(points, axis=0), 1e-3 * np.abs(points).max(axis=0))
    step = 1e-6 * np.where(scale > 0, scale, 1.0) * (1 + 0.3 * np.arange(points.shape[1]))
    at = np.asarray(pairwise(family, operator, hyperparameters, some, some))
    near = np.asarray(pairwise(family, operator, hyperparameters, some, some + step))
    # Of all points: at one where the operator nearly vanishes, neighbours differ by its slope.
    size = np.maximum(np.abs(at), np.abs(near)).max()
    wrong = ~(np.abs(at - near) <= _JUMP * size) | (at < -_NOT_LINEAR * size)
    if wrong.any():
        worst = int(np.argmax(wrong))
        raise ConfigurationError(
            "kernel: not smooth enough for operator: the variance of L u is "
            f"{at[worst]:.3g} at {some[worst].tolist()}, and its covariance with a neighbour "
            f"{near[worst]:.3g}, where both should be alike: functions of this kernel do not have "
            "the derivatives that the operator takes. Take matern(2.5) for first and second "
            "derivatives, rbf for any"
        )


def check_hashable(name: str, function: Any) -> None:
    """Refuse a function that compiled programs cannot be known by.

    Raises:
        ConfigurationError: an object of a class with ``__eq__`` and without ``__hash__``.
    """
    try:
        hash(function)
    except TypeError as error:
        raise ConfigurationError(
            f"{name}: expected a function, by which its compiled program is known again, got an "
            f"object that has no hash ({error}); wrap it, lambda x, y: {name}(x, y), or freeze "
            "its dataclass"
        ) from error


@partial(jax.jit, static_argnums=(0, 1))
def pairwise(
    family: Family, operator: LocalOperator | None, hyperparameters: Any, x: Any, y: Any
) -> Array:
    """``L_x L_y k(x_i, y_i)``, ``(n,)``."""
    return jax.vmap(both(family(hyperparameters), operator, operator))(x, y)


def check_kernel(family: Family, hyperparameters: Any, dimension: int) -> None:
    """Refuse what is no function of a pair of points, or not symmetric.

    Raises:
        ConfigurationError: no function; not symmetric; an object that was changed since its program
            was compiled, by which it would still be told.
        ShapeError: its value is no number.
        NonFiniteError: a NaN or an infinity.
    """
    kernel = family(hyperparameters)
    check_hashable("kernel", family)
    if not callable(kernel):
        raise ConfigurationError(
            f"kernel: expected a function of two points, such as rbf(1.0), got "
            f"{type(kernel).__name__}"
        )
    point = jax.ShapeDtypeStruct((dimension,), jnp.result_type(float))
    shape = jax.eval_shape(kernel, point, point)
    if getattr(shape, "shape", None) != () or jnp.issubdtype(shape.dtype, jnp.complexfloating):
        raise ShapeError(
            f"kernel: expected a real number, (), of two points ({dimension},), got {shape}"
        )
    x, y = np.random.default_rng(1).normal(size=(2, _TRIED, dimension))
    value = np.asarray(pairwise(family, None, hyperparameters, x, y))
    mirrored = np.asarray(pairwise(family, None, hyperparameters, y, x))
    if not np.isfinite(value).all():
        raise NonFiniteError("kernel: expected finite covariances, got a NaN or an infinity")
    if not isinstance(kernel, FunctionType):
        now = float(kernel(jnp.asarray(x[0]), jnp.asarray(y[0])))
        if abs(now - value[0]) > 1e-9 * np.abs(value).max():
            raise ConfigurationError(
                f"kernel: expected an object that stays as it was when it was first used, got "
                f"k = {now:.6g} where it was {value[0]:.6g}; make a new one instead of changing it"
            )
    if np.abs(value - mirrored).max() > 1e-9 * np.abs(value).max():
        worst = int(np.argmax(np.abs(value - mirrored)))
        raise ConfigurationError(
            f"kernel: expected k(x, y) = k(y, x), got {value[worst]:.6g} and {mirrored[worst]:.6g}"
        )
