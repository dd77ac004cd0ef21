"""Points of one's own: fixed, in place of those that are drawn or beside them."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.pinn.conditions import Condition
from physml.pinn.geometry import Domain
from physml.pinn.geometry.check_inside import check_inside
from physml.pinn.geometry.domain import On


class Chosen(NamedTuple):
    """The points of a term.

    Attributes:
        drawn: how many are drawn.
        own: ``(n, d)``, those that are given; None if there are none.
    """

    drawn: int
    own: np.ndarray | None

    @property
    def total(self) -> int:
        """How many there are."""
        return self.drawn + (0 if self.own is None else len(self.own))


def chosen(name: str, given: Any) -> Chosen:
    """Points as a user chooses them.

    Args:
        name: of their term, for messages.
        given: how many are drawn, an array ``(n, d)`` of one's own, or both, ``(drawn, array)``.

    Raises:
        ConfigurationError: for none at all, or something else.
        ShapeError: for an array that is none of points.
        NonFiniteError: a NaN or an infinity in it.
    """
    drawn, own = given, None
    both = isinstance(given, tuple) and len(given) == 2
    if both and np.ndim(given[0]) == 0 and np.ndim(given[1]) > 0:
        drawn, own = given
    elif not isinstance(given, str) and np.ndim(given) > 0:
        drawn, own = 0, given
    try:
        drawn = as_whole(f"points: {name}", drawn)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{error}; as points can be given a number, an array (n, d) or both, (256, array)"
        ) from error
    if own is not None:
        own = as_numbers(f"points: {name}", own)
        if own.ndim != 2 or len(own) == 0:
            raise ShapeError(
                f"points: {name}: expected an array (n, d) of at least one point, got {own.shape}"
            )
        if not np.isfinite(own).all():
            first = int(np.argmax(~np.isfinite(own).all(axis=1)))
            raise NonFiniteError(
                f"points: {name}: expected finite coordinates, got {own[first]} at index {first}"
            )
    if drawn < 0 or drawn + (own is not None) < 1:
        raise ConfigurationError(f"points: {name}: expected at least one point, got {drawn}")
    return Chosen(drawn, own)


def check_for(condition: Condition, domain: Domain, points: np.ndarray) -> None:
    """Whether a condition can hold at points: on its faces, and with one normal if it needs it.

    Raises:
        ShapeError: for points of another dimension.
        ConfigurationError: for one elsewhere, or where faces meet; for a condition that brings its
            own samples.
    """
    name = condition.name
    if condition.face is None:
        raise ConfigurationError(
            f"points: {name}: expected a number, since this condition makes its samples itself, "
            f"got an array {points.shape}"
        )
    check_inside(f"points: {name}", domain, points)
    touched = domain.touched(condition.face, jnp.asarray(points))
    away = ~touched.any(axis=1)
    if away.any():
        raise ConfigurationError(
            f"points: {name}: expected all on {_faces(condition.face)} of {domain}, got "
            f"{away.sum()} of {len(points)} elsewhere, the first {points[np.argmax(away)]}"
        )
    several = domain.normals_differ(condition.face, jnp.asarray(points))
    if condition.normal and several.any():
        first = points[np.argmax(several)]
        raise ConfigurationError(
            f"points: {name}: expected points with one outward normal, got {several.sum()} where "
            f"faces meet, the first {first}; leave them out, or name one of the faces with on=..."
        )


def _faces(on: On) -> str:
    return repr(on) if isinstance(on, str) else " or ".join(map(repr, on))
