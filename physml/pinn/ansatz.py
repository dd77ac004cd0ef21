"""Hard constraints: transforms of the network that obey conditions exactly, ``u = A + D N``.

``A`` matches the data where ``D`` vanishes. Each helper makes a ``Problem(ansatz=...)``; ``chain``
applies several, the first innermost.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array

from physml.errors import ConfigurationError
from physml.pinn.conditions.condition import Value, function
from physml.pinn.geometry import Box, Domain, On
from physml.pinn.problem import Ansatz
from physml.types import Field


def hard_initial(
    value: Value, *, velocity: Value | None = None, start: float = 0.0, unit: float = 1.0
) -> Ansatz:
    """``u₀ + s N``, or ``u₀ + (t − t₀) v₀ + s² N`` with an initial velocity; ``s = (t − t₀)/T``.

    Time is the first coordinate.

    Args:
        value: ``u₀``, a number or a function of the point, evaluated at ``t₀``.
        velocity: ``v₀``, likewise, for equations of second order in time.
        start: ``t₀``.
        unit: ``T``; the length of a short slab keeps ``N`` of the size of the change.

    Raises:
        ConfigurationError: a unit that is not positive.

    >>> import jax.numpy as jnp, physml as pm
    >>> ansatz = pm.hard_initial(lambda z: jnp.sin(z[1]))
    >>> float(ansatz(lambda z: jnp.exp(z[0]), jnp.array([0.0, 0.0])))
    0.0
    """
    if not unit > 0:
        raise ConfigurationError(f"unit: expected a number > 0, got {unit}")
    at_start, rate = function(value), None if velocity is None else function(velocity)

    def ansatz(network: Field, z: Array) -> Array:
        t, first = z[0] - start, z.at[0].set(start)
        if rate is None:
            return at_start(first) + t / unit * network(z)
        return at_start(first) + t * rate(first) + (t / unit) ** 2 * network(z)

    return ansatz


def hard_dirichlet(domain: Domain, value: Value = 0.0, *, on: On | None = None) -> Ansatz:
    """``A + D N`` with ``A = g`` and ``D = 0`` on faces: ``u = g`` there exactly.

    On a box ``D`` is a product of ``(x − a)/w``, ``(b − x)/w`` or ``4 (x − a)(b − x)/w²``, smooth,
    and ``A`` interpolates ``g`` from the faces alone: ``A ← A + P_i (g − A)`` for each axis, with
    ``P_i`` linear between its faces, at ``3ᵏ − 1`` evaluations of ``g`` for ``k`` axes. On other
    domains ``A = g``, and ``D`` is the distance to the boundary, whose slope jumps midway.

    Args:
        domain: the problem's.
        value: ``g``, a number or a function of the point; on a box it is evaluated on faces only.
        on: faces; the whole boundary if not given. Only a box can leave faces out.

    Raises:
        ConfigurationError: some faces of a domain that is not a box.

    Source: Gordon and Hall (1973), doi:10.1007/BF01436298, for the interpolation.

    >>> import jax.numpy as jnp, physml as pm
    >>> ansatz = pm.hard_dirichlet(pm.Box(x=(0, 2)), 1.0)
    >>> float(ansatz(lambda z: z[0], jnp.array([2.0]))), float(ansatz(lambda z: z[0], jnp.ones(1)))
    (1.0, 2.0)
    """
    if not isinstance(domain, Box):
        if on is not None:
            raise ConfigurationError(
                f"hard_dirichlet: on: only a Box can leave faces out, got {on!r} of {domain}"
            )
        target = function(value)
        return lambda network, z: target(z) - domain.signed_distance(z) * network(z)
    faces = tuple(dict.fromkeys(domain.faces(domain.names if on is None else on)))
    inside = _interpolated(domain, faces, value) if callable(value) else function(value)
    vanishing = _product(domain, faces)
    return lambda network, z: inside(z) + vanishing(z) * network(z)


def chain(*parts: Ansatz) -> Ansatz:
    """Several transforms, the first applied to the network, the last on the outside.

    A later one must keep what an earlier one made: ``chain(hard_dirichlet(...), hard_initial(u₀))``
    does if ``u₀`` obeys the boundary condition, for ``g = 0``.

    >>> import jax.numpy as jnp, physml as pm
    >>> both = pm.chain(pm.hard_dirichlet(pm.Box(t=(0, 1), x=(0, 1)), on="x"),
    ...                 pm.hard_initial(lambda z: jnp.sin(jnp.pi * z[1])))
    """
    if not parts:
        raise ConfigurationError("chain: expected at least one ansatz, got none")

    def ansatz(network: Field, z: Array) -> Array:
        field = network
        for part in parts:
            field = _bind(part, field)
        return field(z)

    return ansatz


def _bind(part: Ansatz, field: Field) -> Field:
    return lambda z: part(field, z)


def _unit(domain: Box, axis: int, z: Array) -> Array:
    """A coordinate from 0 at its lower face to 1 at its upper one."""
    low, high = float(domain.lower[axis]), float(domain.upper[axis])
    return (z[axis] - low) / (high - low)


def _product(domain: Box, faces: Sequence[tuple[int, int]]) -> Field:
    """Zero on the faces and nowhere else; a pair of opposite ones gives ``4 s(1 − s)``."""

    def product(z: Array) -> Array:
        total = jnp.ones((), z.dtype)
        for axis, side in faces:
            s = _unit(domain, axis, z)
            total = total * (1 - s if side else s) * (2.0 if (axis, 1 - side) in faces else 1.0)
        return total

    return product


def _interpolated(domain: Box, faces: Sequence[tuple[int, int]], value: Field) -> Field:
    """``A``, from the values on the faces."""
    filled: Field | None = None
    for axis in sorted({axis for axis, _ in faces}):
        sides = [side for a, side in faces if a == axis]
        filled = _filled_along(domain, axis, sides, value, filled)
    return value if filled is None else filled


def _filled_along(
    domain: Box, axis: int, sides: Sequence[int], value: Field, before: Field | None
) -> Field:
    """``A + P (g − A)`` with ``P`` linear between two faces of an axis, constant from one."""
    bounds = (float(domain.lower[axis]), float(domain.upper[axis]))

    def filled(z: Array) -> Array:
        s = _unit(domain, axis, z)
        weights = {side: (1 - s, s)[side] if len(sides) == 2 else 1.0 for side in sides}
        total = None if before is None else before(z)
        for side, weight in weights.items():
            at = z.at[axis].set(bounds[side])
            missing = value(at) if before is None else value(at) - before(at)
            total = weight * missing if total is None else total + weight * missing
        return jnp.asarray(total)

    return filled
