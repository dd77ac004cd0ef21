"""Points of one's own: fixed, in place of those that are drawn or beside them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.pinn.conditions import Condition
from physml.pinn.geometry import Domain
from physml.pinn.geometry.check_inside import check_inside
from physml.pinn.geometry.check_on_faces import check_on_faces


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
        ConfigurationError: for one elsewhere, or where faces meet; for a condition that takes none.
    """
    what = f"points: {condition.name}"
    if condition.face is None and condition.check_own is None:
        raise ConfigurationError(
            f"{what}: expected a number, since this condition makes its samples itself, got an "
            f"array {points.shape}"
        )
    check_inside(what, domain, points)
    if condition.face is not None:
        check_on_faces(what, domain, condition.face, points, normal=condition.normal)
    if condition.check_own is not None:
        condition.check_own(domain, points)
