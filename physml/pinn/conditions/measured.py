"""Point data: measured values of the solution, or of a function of it."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.pinn.conditions.condition import (
    Component,
    Condition,
    checked_component,
    checked_weight,
    field_of,
    pick,
)
from physml.pinn.geometry import Domain
from physml.pinn.geometry.check_inside import check_inside
from physml.pinn.user_functions import checked_function
from physml.train.sample_weights import Weight
from physml.types import LocalOperator


def measured(
    points: Any,
    values: Any,
    *,
    of: LocalOperator | None = None,
    unknown: str | None = None,
    component: Component = None,
    name: str = "data",
    weight: Weight = 1.0,
) -> Condition:
    """``u(zᵢ) = yᵢ`` at given points, by penalty; all of them at every step.

    Args:
        points: ``zᵢ``, ``(n, d)``, inside the domain.
        values: ``yᵢ``, ``(n,)`` or ``(n, m)``.
        of: ``(u, z) -> value``, what was measured, if not ``u`` itself.
        unknown: which field, where the problem has several by name.
        component: which component of a vector solution, or which several; all if None.
        name: the term's name in the loss.
        weight: of the term, a number; or one a point, ``(n,)``, of data of unequal noise, such as
            ``σ̄²/σᵢ²``; or a function of the point. An exact equation must outweigh noisy data:
            about 1 where its residual is of order one, whatever the noise. By ``1/σ²`` the
            solution leaves the equation to follow the noise; far below 1 it may end at ``u = 0``,
            which obeys many equations. Sets of ``n`` data of deviation ``σ``: in the ratio
            ``n/σ²``, since a term is a mean.

    Raises:
        ShapeError: points and values do not belong together, are masked, complex or no numbers.
        NonFiniteError: a NaN or an infinity among them.

    >>> import numpy as np, physml as pm
    >>> sensors = pm.pinn.measured(np.array([[0.1, 0.0], [0.2, 0.5]]), np.array([1.0, 0.7]))
    >>> sensors.name
    'data'
    """
    if of is not None:
        of = checked_function(f"{name}: of", of, ("u", "z"))
    component = checked_component(name, component)
    points = as_numbers(f"{name}: points", points)
    values = as_numbers(f"{name}: values", values)
    if points.ndim != 2 or values.ndim not in (1, 2) or len(points) != len(values):
        raise ShapeError(
            f"{name}: expected points (n, d) and values (n,) or (n, m), got {points.shape} and "
            f"{values.shape}"
        )
    if len(points) == 0:
        raise ConfigurationError(f"{name}: expected at least one point, got none")
    bad = ~(np.isfinite(points).all(axis=1) & np.isfinite(values.reshape(len(values), -1)).all(1))
    if bad.any():
        first = int(np.argmax(bad))
        raise NonFiniteError(
            f"{name}: expected finite points and values, got {bad.sum()} that are not, the first "
            f"at index {first}: {points[first]}, {values[first]}; remove them"
        )

    def residual(u: Any, sample: tuple[Array, Array]) -> Array:
        z, value = sample
        there = field_of(name, u, unknown)(z) if of is None else of(u, z)
        picked = pick(name, jnp.asarray(there), component)
        if picked.shape != value.shape:
            raise ShapeError(
                f"{name}: values: expected shape {picked.shape} at one point, as what was measured "
                f"has, got {value.shape}; give component=... or a column for each component"
            )
        return picked - value

    def check(domain: Domain) -> None:
        check_inside(f"{name}: points", domain, points)

    counted = checked_weight(name, weight)
    if callable(counted):
        of_point: Any = counted
        counted = lambda sample: of_point(sample[0])  # noqa: E731
    elif np.ndim(counted) > 0 and len(np.asarray(counted)) != len(points):
        raise ShapeError(
            f"{name}: weight: expected a number, or one for each of {len(points)} points, got "
            f"{np.shape(counted)}"
        )
    return Condition(
        name, None, lambda domain: residual, counted, check=check, data=(points, values)
    )
