"""Fields whose coordinates have names, and how an operator learns them while it is traced."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import jax
from jax import Array

from physml.errors import ConfigurationError
from physml.types import Field


class Coordinates(Protocol):
    """What a domain says of the points on it."""

    @property
    def names(self) -> tuple[str, ...]:
        """The coordinates, in the order of a point."""

    @property
    def time(self) -> str | None:
        """The one that is time, if there is one."""


@dataclass(frozen=True, eq=False)
class NamedField:
    """A field that knows its coordinates; as a function it is the field itself.

    A problem hands such fields to its equation and its conditions, so that operators take axes by
    name, and none takes time for one more direction of space.

    Attributes:
        function: the field.
        coordinates: of its points, ``(d,)``.
    """

    function: Field
    coordinates: Coordinates

    def __call__(self, z: Array) -> Array:
        """The field's value at a point."""
        _tell(z, self.coordinates)
        return self.function(z)

    def __getitem__(self, name: Any) -> NoReturn:
        """A field is no dict, and its components are those of its value.

        Raises:
            ConfigurationError: always.
        """
        raise ConfigurationError(
            f"u: expected u(z), since the problem has one unknown, which has no name, got "
            f"u[{name!r}]; a component is u(z)[0], and several unknowns by name are several "
            "networks, solve(problem, {'u': ..., 'p': ...})"
        )


class _Question:
    """Asked of a field as it is traced: of which coordinates is the point it is given?"""

    point: Any = None
    answer: Coordinates | None = None


_asked: ContextVar[_Question | None] = ContextVar("asked", default=None)


def _tell(z: Any, coordinates: Coordinates) -> None:
    question = _asked.get()
    # The very same point: a field of some of the coordinates, or of shuffled ones, has no names.
    if question is not None and question.point is z:
        question.answer = coordinates


def traced(u: Field, z: Array) -> tuple[Any, Coordinates | None]:
    """The value's shapes, without computing it, and the coordinates of the point.

    A function of the user's own, such as ``lambda z: u(z)[0] ** 2``, has the coordinates of the
    fields that it evaluates at its point.
    """
    question = _Question()

    def asked(point: Array) -> Any:
        question.point = point
        token = _asked.set(question)
        try:
            return u(point)
        finally:
            _asked.reset(token)

    value = jax.eval_shape(asked, z)
    if question.answer is not None:
        _tell(z, question.answer)
    return value, question.answer


def coordinates_at(u: Field, z: Array) -> Coordinates | None:
    """The coordinates of a field's point, if it has names."""
    if isinstance(u, NamedField):
        _tell(z, u.coordinates)
        return u.coordinates
    return traced(u, z)[1]
