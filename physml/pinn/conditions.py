"""Conditions on faces: each is a residual of one point of a face, nothing more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import partial
from physml.errors import ConfigurationError, ShapeError
from physml.pinn.geometry import Box, On
from physml.types import Field, LocalOperator

Value = float | Field
"""A number, or a function of the point."""

Component = int | Sequence[int] | None
"""One component of a vector, several, or all."""


class Condition(NamedTuple):
    """What must vanish on a face.

    Attributes:
        name: its term in the loss.
        face: faces of the domain, as in ``Box``.
        operator: ``domain -> LocalOperator``, the residual at a point of the face.
        weight: ``w`` of its term.
    """

    name: str
    face: On
    operator: Callable[[Box], LocalOperator]
    weight: float


def dirichlet(
    value: Value,
    on: On,
    *,
    component: Component = None,
    name: str | None = None,
    weight: float = 1.0,
) -> Condition:
    """``u = g`` on faces.

    Args:
        value: ``g``, a number or a function of the point ``(d,)``.
        on: a face, as ``"x"`` (both sides), ``"x-"`` or ``"x+"``, or a tuple of them.
        component: which component of a vector solution, or which several; all if None.
        name: the term's name in the loss.
        weight: of the term.

    >>> import physml as pm
    >>> pm.dirichlet(0.0, on="x").face
    'x'
    """
    target = _function(value)
    name = name or f"dirichlet {_words(on)}"

    def residual(u: Field, z: Array) -> Array:
        return _difference(name, _pick(name, u(z), component), target(z))

    return _condition(name, on, weight, lambda domain: residual)


def initial(
    value: Value,
    on: str = "t-",
    *,
    component: Component = None,
    name: str | None = None,
    weight: float = 1.0,
) -> Condition:
    """``u = u₀`` at the initial time.

    Args:
        value: ``u₀``, a number or a function of the point.
        on: the initial face; ``"t-"`` unless time has another name.
        component: which component of a vector solution, or which several; all if None.
        name: the term's name in the loss.
        weight: of the term.

    >>> import jax.numpy as jnp, physml as pm
    >>> pm.initial(lambda z: jnp.sin(jnp.pi * z[1])).name
    'initial'
    """
    return dirichlet(value, on, component=component, name=name or "initial", weight=weight)


def neumann(
    value: Value,
    on: On,
    *,
    component: Component = None,
    name: str | None = None,
    weight: float = 1.0,
) -> Condition:
    """``∂u/∂n = g`` on faces, with the outward normal ``n``.

    Args:
        value: ``g``, a number or a function of the point.
        on: a face, or a tuple of them.
        component: which component of a vector solution, or which several; all if None.
        name: the term's name in the loss.
        weight: of the term.

    >>> import physml as pm
    >>> pm.neumann(0.0, on="x+").name
    'neumann x+'
    """
    return robin(
        0.0,
        1.0,
        value,
        on,
        component=component,
        name=name or f"neumann {_words(on)}",
        weight=weight,
    )


def robin(
    alpha: Value,
    beta: Value,
    value: Value,
    on: On,
    *,
    component: Component = None,
    name: str | None = None,
    weight: float = 1.0,
) -> Condition:
    """``α u + β ∂u/∂n = g`` on faces, with the outward normal ``n``.

    Args:
        alpha: ``α``, a number or a function of the point.
        beta: ``β``, likewise.
        value: ``g``, likewise.
        on: a face, or a tuple of them.
        component: which component of a vector solution, or which several; all if None.
        name: the term's name in the loss.
        weight: of the term.

    >>> import physml as pm
    >>> pm.robin(1.0, 0.5, 0.0, on="x").name
    'robin x'
    """
    of_value, of_slope, target = _function(alpha), _function(beta), _function(value)
    name = name or f"robin {_words(on)}"

    def operator(domain: Box) -> LocalOperator:
        def residual(u: Field, z: Array) -> Array:
            values, slopes = jax.jvp(u, (z,), (domain.normal(on, z),))
            mixed = of_value(z) * values + of_slope(z) * slopes
            return _difference(name, _pick(name, mixed, component), target(z))

        return residual

    return _condition(name, on, weight, operator)


def periodic(
    coordinate: str, *, derivatives: int = 1, name: str | None = None, weight: float = 1.0
) -> Condition:
    """``∂ᵏu`` equal on both sides of a coordinate, ``k = 0 … derivatives``, by penalty.

    ``Problem(periodic=...)`` builds the same into the network exactly, and is to be preferred.

    Args:
        coordinate: its name.
        derivatives: the highest order to match, at most 3.
        name: the term's name in the loss.
        weight: of the term.

    >>> import physml as pm
    >>> pm.periodic("x").face
    'x-'
    """
    if not 0 <= derivatives <= 3:
        raise ConfigurationError(f"derivatives: expected 0 to 3, got {derivatives}")

    def operator(domain: Box) -> LocalOperator:
        axis = domain.axis(coordinate)

        def residual(u: Field, z: Array) -> Array:
            opposite = z.at[axis].set(domain.upper[axis])
            jumps = [u(z) - u(opposite)]
            for order in range(1, derivatives + 1):
                slope = partial(u, *(axis,) * order)
                jumps.append(slope(z) - slope(opposite))
            return jnp.concatenate([jnp.ravel(jump) for jump in jumps])

        return residual

    return _condition(name or f"periodic {coordinate}", f"{coordinate}-", weight, operator)


def _condition(
    name: str, face: On, weight: float, operator: Callable[[Box], LocalOperator]
) -> Condition:
    if not weight > 0:
        raise ConfigurationError(f"{name}: weight: expected a number > 0, got {weight}")
    return Condition(name, face, operator, weight)


def _words(on: On) -> str:
    return on if isinstance(on, str) else " ".join(on)


def _pick(name: str, value: Array, component: Component) -> Array:
    if component is None:
        return value
    chosen = np.asarray(component)
    if value.ndim != 1 or chosen.max() >= len(value) or chosen.min() < 0:
        raise ShapeError(
            f"{name}: component: expected components of a solution of shape {value.shape}, "
            f"got {component}"
        )
    return value[chosen]


def _difference(name: str, value: Array, target: Array) -> Array:
    if jnp.shape(target) not in ((), value.shape):
        raise ShapeError(
            f"{name}: value: expected a number or an array of shape {value.shape} at one point, "
            f"as the solution has, got {jnp.shape(target)}"
        )
    return value - target


def _function(value: Value) -> Field:
    return value if callable(value) else lambda z: jnp.asarray(value, z.dtype)
