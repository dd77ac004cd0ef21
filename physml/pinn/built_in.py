"""Conditions that a problem builds into its solution: values and velocities on faces of a box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, ShapeError, UnknownNameError
from physml.pinn.ansatz import Ansatz, DomainAnsatz
from physml.pinn.conditions import Condition
from physml.pinn.conditions.condition import Value, components_of, fitting, function
from physml.pinn.geometry import Box, Domain
from physml.pinn.transfinite import MOST_AXES, Face, interpolated, vanishing
from physml.types import Field

_SAMPLES = 16


@dataclass(frozen=True, eq=False)
class BuiltIn(DomainAnsatz):
    """The ansatz of conditions, completed by the domain.

    Attributes:
        conditions: what it obeys.
    """

    conditions: tuple[Condition, ...]


def can_be_built_in(domain: Domain, condition: Condition) -> bool:
    """Whether a condition fixes values on faces of a box, of few axes where they vary."""
    if not isinstance(domain, Box) or condition.prescribes is None or condition.face is None:
        return False
    axes = {axis for axis, _ in domain.faces(condition.face)}
    return len(axes) <= MOST_AXES or not callable(condition.prescribes[2])


def build_in(
    domain: Domain, conditions: Sequence[Condition], hard: bool | Sequence[str], components: Any
) -> tuple[dict[str | None, BuiltIn], list[Condition]]:
    """What obeys the conditions chosen, by unknown, and the conditions that are left to penalties.

    Args:
        domain: the problem's.
        conditions: the problem's.
        hard: the names of those chosen; True for all that can be built in.
        components: the problem's.

    Raises:
        ConfigurationError: nothing can be built in, or not what is named; values that do not agree
            where faces meet.
        ShapeError: components that the unknown does not have.
        UnknownNameError: a name that no condition has.
    """
    able = [c for c in conditions if can_be_built_in(domain, c)]
    chosen = able if isinstance(hard, bool) else _named(conditions, able, hard)
    if not chosen:
        raise ConfigurationError(
            "hard: nothing can be built in: expected a dirichlet or initial condition on faces of "
            f"a Box, got {', '.join(repr(c.name) for c in conditions) or 'no condition'} on "
            f"{domain}; leave it out, or give an ansatz=..., such as hard_dirichlet"
        )
    by_unknown: dict[str | None, list[Condition]] = {}
    for condition in chosen:
        if condition.prescribes is not None:
            by_unknown.setdefault(condition.prescribes[0], []).append(condition)
    made = {}
    for unknown, own in by_unknown.items():
        count = components.get(unknown) if isinstance(components, Mapping) else components
        made[unknown] = BuiltIn(_completed(own, count), tuple(own))
    return made, [c for c in conditions if not any(c is other for other in chosen)]


def _named(
    conditions: Sequence[Condition], able: Sequence[Condition], hard: Sequence[str]
) -> list[Condition]:
    names = (hard,) if isinstance(hard, str) else tuple(hard)
    by_name = {condition.name: condition for condition in conditions}
    for name in names:
        if name not in by_name:
            raise UnknownNameError("condition", name, by_name)
        if not any(by_name[name] is condition for condition in able):
            raise ConfigurationError(
                f"hard: {name!r} cannot be built in: expected dirichlet and initial conditions on "
                f"faces of a Box, of at most {MOST_AXES} axes where values vary; leave it to a "
                "penalty"
            )
    return [by_name[name] for name in dict.fromkeys(names)]


def _completed(conditions: Sequence[Condition], count: int | None) -> Any:
    def on(domain: Domain | None) -> Ansatz:
        if not isinstance(domain, Box):
            raise ConfigurationError(f"hard: expected a Box to build conditions in, got {domain}")
        each = range(1 if count is None else count)
        parts = [_component(domain, conditions, None if count is None else c) for c in each]

        def ansatz(network: Field, z: Array) -> Array:
            inside = [part(z) for part, _ in parts]
            zero = [factor(z) for _, factor in parts]
            if count is None:
                return inside[0] + zero[0] * network(z)
            return jnp.stack(inside) + jnp.stack(zero) * network(z)

        return ansatz

    return on


def _component(
    domain: Box, conditions: Sequence[Condition], component: int | None
) -> tuple[Field, Field]:
    """``A`` and ``D`` of one component of an unknown, or of a scalar."""
    values: dict[Face, Value] = {}
    rates: dict[Face, Value] = {}
    names: dict[Face, str] = {}
    for condition in conditions:
        _, chosen, value = condition.prescribes or (None, None, 0.0)
        own = components_of(chosen)
        if own is not None and component is None:
            raise ShapeError(
                f"hard: {condition.name}: component: expected None, since the unknown is a scalar, "
                f"got {chosen}"
            )
        if own is not None and component not in own:
            continue
        for face in domain.faces(condition.face or ()):
            values[face] = _part(condition.name, "value", value, own, component)
            names[face] = condition.name
            if condition.velocity is not None:
                rates[face] = _part(condition.name, "velocity", condition.velocity, own, component)
    for one, other in combinations(rates, 2):
        raise ConfigurationError(
            f"hard: {names[one]!r} and {names[other]!r} both give a velocity; expected one of "
            f"them: hard=({names[one]!r},) builds in that one"
        )
    for one, other in combinations(values, 2):
        same = isinstance(values[one], int | float) and values[one] == values[other]
        if one[0] != other[0] and not (same and one not in rates and other not in rates):
            _refuse_disagreement(domain, one, other, values, rates, names)
    inside = function(interpolated(domain, values, rates))
    jax.eval_shape(inside, jnp.asarray(domain.lower))
    return inside, vanishing(domain, tuple(values), twice=tuple(rates))


def _part(
    name: str, what: str, value: Value, own: tuple[int, ...] | None, component: int | None
) -> Value:
    """A condition's value for one component, a number as it is."""
    if isinstance(value, int | float):
        return value
    whole = function(value, f"{name}: {what}")

    def part(z: Array) -> Array:
        found = jnp.asarray(whole(z))
        if component is None:
            return fitting(name, what, found, ())
        if found.ndim == 0:
            return found
        index = component if own is None else own.index(component)
        if found.ndim != 1 or (own is not None and len(own) != len(found)) or index >= len(found):
            raise ShapeError(
                f"{name}: {what}: expected a number or one for each of the components, got shape "
                f"{found.shape}"
            )
        return found[index]

    return part


def _refuse_disagreement(
    domain: Box,
    one: Face,
    other: Face,
    values: Mapping[Face, Value],
    rates: Mapping[Face, Value],
    names: Mapping[Face, str],
) -> None:
    """Values of two faces must be the same where they meet, or nothing smooth obeys both."""
    points = inside = domain.interior(jax.random.key(0), _SAMPLES)
    bounds = np.stack([domain.lower, domain.upper])
    for axis, side in (one, other):
        points = points.at[:, axis].set(bounds[side, axis])
    pairs = [("values", function(values[one]), function(values[other]))]
    for face, beside in ((one, other), (other, one)):
        if face in rates:
            unit = jnp.asarray(np.eye(domain.dimension)[face[0]], points.dtype)
            moving = _slope(function(values[beside]), unit)
            pairs.append(("velocities", function(rates[face]), moving))
    for what, first, second in pairs:
        a, b = (np.asarray(jax.vmap(f)(points)) for f in (first, second))
        apart = np.abs(a - b)
        # Beside what the values are inside of the faces, where they are rounded: sin π is no zero.
        sizes = [np.abs(np.asarray(jax.vmap(f)(inside))).max() for f in (first, second)]
        largest = max(np.abs(a).max(), np.abs(b).max(), *sizes)
        if not np.all(apart <= float(np.finfo(a.dtype).eps) ** 0.5 * largest):
            at = int(np.argmax(np.where(np.isnan(apart), np.inf, apart)))
            faces = " and ".join(domain.words(2 * axis + side) for axis, side in (one, other))
            raise ConfigurationError(
                f"hard: {what} of {names[one]!r} and {names[other]!r} do not agree where {faces} "
                f"meet: {a[at]:.6g} and {b[at]:.6g} at {np.asarray(points[at])}. Nothing smooth "
                f"obeys both: correct one, or build in one of them, hard=({names[one]!r},)"
            )


def _slope(field: Field, direction: Array) -> Field:
    return lambda z: jax.jvp(field, (z,), (direction,))[1]
