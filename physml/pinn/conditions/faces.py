"""Conditions on faces: each is a residual of one point of a face, nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.calculus import partial
from physml.errors import ConfigurationError
from physml.pinn.conditions.condition import (
    Component,
    Condition,
    Operator,
    Value,
    checked_component,
    checked_weight,
    difference,
    field_of,
    function,
    pick,
    words,
)
from physml.pinn.geometry import Domain, On
from physml.pinn.geometry.domain import FIRST, LAST
from physml.pinn.user_functions import accepts, checked_function
from physml.train.sample_weights import Weight
from physml.types import LocalOperator

OnNormal = Callable[[Any, Array, Array], Array]
"""``(u, z, normal) -> residual``, with the outward unit normal ``(d,)``."""


def require(
    residual: LocalOperator | OnNormal,
    on: On,
    *,
    name: str | None = None,
    weight: Weight = 1.0,
) -> Condition:
    """Any residual that must vanish on faces, as an equation does inside.

    A function of three arguments is given the outward unit normal ``n`` at the point, too:
    ``lambda u, z, normal: ...``. At points where faces meet there are several, and points of one's
    own are refused there.

    Args:
        residual: ``(u, z) -> () or (m,)``, as ``Problem.equation``, or ``(u, z, normal) -> ...``
            with the normal ``(d,)``.
        on: a face, or a tuple of them.
        name: the term's name in the loss.
        weight: of the term, a number; or a function of the point; or one number a point of one's
            own, ``(n,)``.

    >>> import physml as pm
    >>> stress_free = pm.pinn.require(lambda u, z: pm.partial(u, 1, 1)(z), on="x+")
    >>> tight = pm.pinn.require(lambda u, z, normal: u(z) @ normal, on="boundary")  # u·n = 0
    """
    name = name or f"require {words(on)}"
    given: Any = residual
    normal = callable(given) and not accepts(given, 2) and accepts(given, 3)
    if not normal:
        checked_function(f"{name}: residual", given, ("u", "z"))
        return _condition(name, on, weight, lambda domain: given)

    def operator(domain: Domain) -> Operator:
        return lambda u, z: given(u, z, domain.normal(on, z))

    return _condition(name, on, weight, operator)._replace(normal=True)


def dirichlet(
    value: Value,
    on: On,
    *,
    unknown: str | None = None,
    component: Component = None,
    name: str | None = None,
    weight: Weight = 1.0,
) -> Condition:
    """``u = g`` on faces.

    Args:
        value: ``g``, a number or a function of the point ``(d,)``.
        on: a face, as ``"boundary"`` (all of space), ``"x"`` (both sides), ``"x-"`` or ``"x+"``,
            or a tuple of them.
        unknown: which field, where the problem has several by name.
        component: which component of a vector solution, or which several; all if None.
        name: the term's name in the loss.
        weight: of the term, a number; or a function of the point; or one number a point of one's
            own, ``(n,)``.

    >>> import physml as pm
    >>> pm.dirichlet(0.0, on="x").face
    'x'
    """
    name = name or f"dirichlet {words(on)}"
    component = checked_component(name, component)
    target = function(value, f"{name}: value")

    def residual(u: Any, z: Array) -> Array:
        return difference(name, pick(name, field_of(name, u, unknown)(z), component), target(z))

    condition = _condition(name, on, weight, lambda domain: residual)
    return condition._replace(prescribes=(unknown, component, value))


def initial(
    value: Value,
    on: str = FIRST,
    *,
    velocity: Value | None = None,
    unknown: str | None = None,
    component: Component = None,
    name: str | None = None,
    weight: Weight = 1.0,
) -> Condition:
    """``u = u₀`` at the initial time, and ``∂u/∂t = v₀`` where the equation is of second order.

    Args:
        value: ``u₀``, a number or a function of the point.
        on: the first time, whatever its name, unless given.
        velocity: ``v₀``, likewise; None where the initial value is enough.
        unknown: which field, where the problem has several by name.
        component: which component of a vector solution, or which several; all if None.
        name: the term's name in the loss.
        weight: of the term, a number; or a function of the point; or one number a point of one's
            own, ``(n,)``.

    >>> import jax.numpy as jnp, physml as pm
    >>> pm.initial(lambda z: jnp.sin(jnp.pi * z[1]), velocity=0.0).name
    'initial'
    """
    name = name or "initial"
    start = dirichlet(value, on, unknown=unknown, component=component, name=name, weight=weight)
    if on in (FIRST, LAST):
        start = start._replace(check=_check_time)
    if velocity is None:
        return start
    if not isinstance(on, str):
        raise ConfigurationError(f"{name}: on: expected one face to give a velocity on, got {on}")
    rate = function(velocity, f"{name}: velocity")

    def time(domain: Domain) -> str:
        return domain.names[domain.time_axis] if on in (FIRST, LAST) else on.rstrip("+-")

    def operator(domain: Domain) -> Operator:
        axis, at_start = domain.axis(time(domain)), start.operator(domain)

        def residual(u: Any, z: Array) -> Array:
            speed = pick(name, partial(field_of(name, u, unknown), axis)(z), component)
            moving = difference(name, speed, rate(z))
            return jnp.concatenate([jnp.ravel(at_start(u, z)), jnp.ravel(moving)])

        return residual

    return start._replace(operator=operator, velocity=velocity)


def neumann(
    value: Value,
    on: On,
    *,
    unknown: str | None = None,
    component: Component = None,
    name: str | None = None,
    weight: Weight = 1.0,
) -> Condition:
    """``∂u/∂n = g`` on faces, with the outward normal ``n``.

    Args:
        value: ``g``, a number or a function of the point.
        on: a face, or a tuple of them.
        unknown: which field, where the problem has several by name.
        component: which component of a vector solution, or which several; all if None.
        name: the term's name in the loss.
        weight: of the term, a number; or a function of the point; or one number a point of one's
            own, ``(n,)``.

    >>> import physml as pm
    >>> pm.pinn.neumann(0.0, on="x+").name
    'neumann x+'
    """
    return robin(
        0.0,
        1.0,
        value,
        on,
        unknown=unknown,
        component=component,
        name=name or f"neumann {words(on)}",
        weight=weight,
    )


def robin(
    alpha: Value,
    beta: Value,
    value: Value,
    on: On,
    *,
    unknown: str | None = None,
    component: Component = None,
    name: str | None = None,
    weight: Weight = 1.0,
) -> Condition:
    """``α u + β ∂u/∂n = g`` on faces, with the outward normal ``n``.

    Args:
        alpha: ``α``, a number or a function of the point.
        beta: ``β``, likewise.
        value: ``g``, likewise.
        on: a face, or a tuple of them.
        unknown: which field, where the problem has several by name.
        component: which component of a vector solution, or which several; all if None.
        name: the term's name in the loss.
        weight: of the term, a number; or a function of the point; or one number a point of one's
            own, ``(n,)``.

    >>> import physml as pm
    >>> pm.pinn.robin(1.0, 0.5, 0.0, on="x").name
    'robin x'
    """
    name = name or f"robin {words(on)}"
    component = checked_component(name, component)
    of_value, of_slope = function(alpha, f"{name}: alpha"), function(beta, f"{name}: beta")
    target = function(value, f"{name}: value")

    def operator(domain: Domain) -> Operator:
        def residual(u: Any, z: Array) -> Array:
            field = field_of(name, u, unknown)
            values, slopes = jax.jvp(field, (z,), (domain.normal(on, z),))
            mixed = of_value(z) * values + of_slope(z) * slopes
            return difference(name, pick(name, mixed, component), target(z))

        return residual

    return _condition(name, on, weight, operator)._replace(normal=True)


def periodic(
    coordinate: str,
    *,
    derivatives: int = 1,
    unknown: str | None = None,
    name: str | None = None,
    weight: Weight = 1.0,
) -> Condition:
    """``∂ᵏu`` equal on both sides of a coordinate, ``k = 0 … derivatives``, by penalty.

    ``Problem(periodic=...)`` builds the same into the network exactly, and is to be preferred.

    Args:
        coordinate: its name.
        derivatives: the highest order to match, at most 3.
        unknown: which field, where the problem has several by name.
        name: the term's name in the loss.
        weight: of the term, a number; or a function of the point; or one number a point of one's
            own, ``(n,)``.

    >>> import physml as pm
    >>> pm.pinn.periodic("x").face
    'x-'
    """
    derivatives = as_whole("derivatives", derivatives)
    if not 0 <= derivatives <= 3:
        raise ConfigurationError(f"derivatives: expected 0 to 3, got {derivatives}")
    name = name or f"periodic {coordinate}"

    def operator(domain: Domain) -> Operator:
        axis = domain.axis(coordinate)

        def residual(u: Any, z: Array) -> Array:
            field = field_of(name, u, unknown)
            opposite = z.at[axis].set(domain.upper[axis])
            jumps = [field(z) - field(opposite)]
            for order in range(1, derivatives + 1):
                slope = partial(field, *(axis,) * order)
                jumps.append(slope(z) - slope(opposite))
            return jnp.concatenate([jnp.ravel(jump) for jump in jumps])

        return residual

    return _condition(name, f"{coordinate}-", weight, operator)


def _check_time(domain: Domain) -> None:
    _ = domain.time_axis


def _condition(
    name: str, face: On, weight: Weight, operator: Callable[[Domain], Operator]
) -> Condition:
    return Condition(name, face, operator, checked_weight(name, weight))
