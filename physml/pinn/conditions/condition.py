"""What a condition is: a residual at samples of its own, and a weight."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import ConfigurationError, ShapeError, UnknownNameError
from physml.pinn.geometry import Domain, On
from physml.pinn.user_functions import checked_function, in_words
from physml.ranges import check_positive
from physml.sampling import Points
from physml.train.sample_weights import Weight, checked_sample_weights
from physml.types import Batch, Field

Value = float | Field
"""A number, or a function of the point."""

Component = int | Sequence[int] | None
"""One component of a vector, several, or all."""

Operator = Callable[[Any, Any], Array]
"""``(u, sample) -> residual``; ``u`` is a field, or a dict of fields where there are several."""


class Condition(NamedTuple):
    """What must vanish at points of a face, or at samples that the condition brings itself.

    Attributes:
        name: its term in the loss.
        face: faces of the domain on which its points are drawn; None if it brings its own samples.
        operator: ``domain -> (u, sample) -> residual``.
        weight: ``w`` of its term; or a function of a sample; or ``(n,)``, one of each sample.
        draw: ``(domain, key, n, cube) -> samples``, where it brings its own.
        check: raises where the condition does not fit the domain.
        prescribes: ``(unknown, component, value)`` of a condition that fixes a value on its face.
        regions: ``domain -> {unknown: where it lives}``, of those that live on a part of it only.
        data: the samples themselves, where they are the same at every step.
        velocity: ``∂u/∂t`` there, where it fixes that, too.
        evaluations: of ``u``, a sample.
        normal: whether it asks for the outward normal, which is none where faces meet.
        check_own: ``(domain, points (n, d))``, raises where points of one's own inside the domain
            are no samples of it; None where being on its face is enough, or it takes none.
    """

    name: str
    face: On | None
    operator: Callable[[Domain], Operator]
    weight: Weight
    draw: Callable[[Domain, Array, int, Points], Batch] | None = None
    check: Callable[[Domain], None] | None = None
    prescribes: tuple[str | None, Component, Value] | None = None
    regions: Callable[[Domain], Mapping[str, Domain]] | None = None
    data: Batch | None = None
    velocity: Value | None = None
    evaluations: int = 1
    normal: bool = False
    check_own: Callable[[Domain, np.ndarray], None] | None = None

    def samples(self, domain: Domain, key: Array, n: int, cube: Points) -> Batch:
        """Samples of a domain: ``n`` points of the face, its data, or what ``draw`` brings."""
        if self.data is not None:
            return jax.tree.map(jnp.asarray, self.data)
        if self.draw is not None:
            return self.draw(domain, key, n, cube)
        return domain.boundary(key, n, () if self.face is None else self.face, draw=cube)

    def fits(self, domain: Domain) -> None:
        """Raise a named error where the condition does not fit the domain."""
        if self.check is not None:
            self.check(domain)
        if self.face is not None:
            domain.check(self.face)


def checked_weight(name: str, weight: Any) -> Weight:
    """The weight, if it is one: a number, one a point, or a function of a point.

    Raises:
        ConfigurationError: unless numbers are finite, the one of a term positive, those of points
            not negative; for a function of other arguments than a point.
        ShapeError: for an array that is not ``(n,)``, or no real numbers.
    """
    if callable(weight):
        return in_words(f"{name}: weight", checked_function(f"{name}: weight", weight, ("z",)))
    if np.ndim(weight) > 0:
        return checked_sample_weights(f"{name}: weight", weight)
    check_positive(f"{name}: weight", weight)
    return weight


def words(on: On) -> str:
    """Faces as a part of a name."""
    return on if isinstance(on, str) else " ".join(on)


def field_of(name: str, u: Any, unknown: str | None) -> Field:
    """The field a condition is about, out of one field or a dict of several.

    Raises:
        ConfigurationError: when several fields ask for a name, or one field has none.
        UnknownNameError: for a name that no field has.
    """
    if not isinstance(u, Mapping):
        if unknown is not None:
            raise ConfigurationError(
                f"{name}: unknown={unknown!r}: the problem has one unknown, without a name; "
                "expected unknown=None, or a dict of networks"
            )
        field: Field = u
        return field
    if unknown is None:
        raise ConfigurationError(
            f"{name}: the problem has several unknowns; expected unknown=..., one of {', '.join(u)}"
        )
    if unknown not in u:
        raise UnknownNameError("unknown", unknown, tuple(u))
    named: Field = u[unknown]
    return named


def pick(name: str, value: Array, component: Component) -> Array:
    """One or several components of a value; all if None.

    Raises:
        ShapeError: for components that the value does not have.
    """
    own = components_of(component)
    if own is None:
        return value
    if value.ndim != 1 or max(own) >= len(value):
        raise ShapeError(
            f"{name}: component: expected components of a solution of shape {value.shape}, "
            f"got {component}"
        )
    return value[np.asarray(component)]


def checked_component(name: str, component: Any) -> Component:
    """One component, several, or None for all, as whole numbers: a mask of truth values is none.

    Raises:
        ConfigurationError: for what is no such number, or none of them.
    """
    if component is None:
        return None
    if isinstance(component, str) or np.ndim(component) == 0:
        return as_whole(f"{name}: component", component, least=0)
    if np.ndim(component) > 1 or np.size(component) == 0:
        raise ConfigurationError(
            f"{name}: component: expected the number of a component, or of several, got "
            f"{component!r}"
        )
    return tuple(as_whole(f"{name}: component", one, least=0) for one in component)


def components_of(component: Component) -> tuple[int, ...] | None:
    """The components chosen; None for all of them."""
    if component is None:
        return None
    return tuple(int(c) for c in np.atleast_1d(np.asarray(component)))


def difference(name: str, value: Array, target: Array) -> Array:
    """``value − target``, without silent broadcasting.

    Raises:
        ShapeError: unless the target is a number or has the value's shape.
    """
    return value - fitting(name, "value", target, value.shape)


def fitting(name: str, what: str, target: Array, shape: tuple[int, ...]) -> Array:
    """A target that is a number or has the solution's shape.

    Raises:
        ShapeError: for another one, which would be broadcast.
    """
    if jnp.shape(target) not in ((), shape):
        raise ShapeError(
            f"{name}: {what}: expected a number or an array of shape {shape} at one point, as the "
            f"solution has, got {jnp.shape(target)}"
        )
    return target


def function(value: Value, name: str = "value") -> Field:
    """A number, or one a component, as a constant field; a function of the point as it is.

    Args:
        value: what the user gave.
        name: of what it is, for messages.

    Raises:
        ShapeError: for one that is complex, masked, or no number.
        ConfigurationError: for a function of other arguments than a point; when called, for one
            that jax cannot trace.
    """
    if callable(value):
        return in_words(name, checked_function(name, value, ("z",)))
    number = value if isinstance(value, jax.core.Tracer) else as_numbers(name, value)
    return lambda z: jnp.asarray(number, z.dtype)
