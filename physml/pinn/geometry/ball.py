"""Balls of any dimension, and the disk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import ndtri

from physml.as_numbers import as_numbers
from physml.errors import ConfigurationError, ShapeError
from physml.pinn.geometry.domain import BOUNDARY, Domain, coordinates
from physml.ranges import check_positive


class Ball(Domain):
    """All points within a radius of a centre, ``|z - c| ≤ R``, in any dimension.

    Points inside are ``z = c + R u^{1/d} s`` with ``u`` uniform and ``s`` uniform on the sphere, by
    angle in two dimensions and by the direction of a normal vector in more. The volume is
    ``π^{d/2} Rᵈ / Γ(d/2 + 1)``, the area of the sphere ``d/R`` times that.

    Args:
        center: ``c``, ``(d,)``.
        radius: ``R > 0``.
        names: the coordinates; ``x``, ``y``, ``z``, or ``x1`` … ``xd`` above three dimensions.
        face: a name of its face besides ``"boundary"``, to tell it apart in a combination.

    Raises:
        ConfigurationError: a centre that is not finite, a radius that is not positive, or names
            that are not one a coordinate.

    >>> import physml as pm
    >>> ball = pm.pinn.Ball((0, 0, 1), 2)
    >>> ball.names, ball.face_names, round(ball.volume, 3)
    (('x', 'y', 'z'), ('boundary',), 33.51)
    """

    def __init__(
        self,
        center: Sequence[float],
        radius: float,
        *,
        names: Sequence[str] | None = None,
        face: str = BOUNDARY,
    ) -> None:
        kind = type(self).__name__
        self.center = _numbers(kind, center)
        d = len(self.center)
        check_positive(f"{kind}: radius", radius)
        if names is None:
            names = "xyz"[:d] if d <= 3 else [f"x{i + 1}" for i in range(d)]
        self.names = coordinates(kind, names, d)
        self.radius = float(radius)
        self.face = face
        self.lower, self.upper = self.center - self.radius, self.center + self.radius
        self.volume = math.pi ** (d / 2) * self.radius**d / math.gamma(d / 2 + 1)
        self._face_coordinates = 1 if d <= 2 else d
        self._coordinates = 1 + self._face_coordinates
        self._labels = [tuple(dict.fromkeys((BOUNDARY, face)))]
        self._areas = np.array([d / self.radius * self.volume])
        self._face_shares = np.ones(1)

    def __repr__(self) -> str:
        """Centre, radius and coordinates."""
        center = ", ".join(f"{c:g}" for c in self.center)
        return f"{type(self).__name__}(({center}), {self.radius:g}, names={self.names})"

    def signed_distance(self, point: Array) -> Array:
        """``|z - c| - R``, ``()``, exactly; its derivative at the centre is 0."""
        apart = point - jnp.asarray(self.center, point.dtype)
        squared = jnp.sum(apart**2)
        # The root has no derivative at 0: where it is not taken, its argument is 1.
        root = jnp.sqrt(jnp.where(squared > 0, squared, 1.0))
        return jnp.where(squared > 0, root, 0.0) - self.radius

    def smooth_distance(self, point: Array) -> Array:
        """``(|z - c|² - R²)/(2R)``, ``()``."""
        apart = point - jnp.asarray(self.center, point.dtype)
        return (jnp.sum(apart**2) - self.radius**2) / (2 * self.radius)

    def _inside(self, unit: Array) -> Array:
        radius = self.radius * unit[0] ** (1 / self.dimension)
        return jnp.asarray(self.center, unit.dtype) + radius * self._direction(unit[1:])

    def _on_face(self, face: Array, unit: Array) -> Array:
        del face
        return jnp.asarray(self.center, unit.dtype) + self.radius * self._direction(unit)

    def _face_normal(self, face: Array, point: Array) -> Array:
        del face
        return _normalised(point - jnp.asarray(self.center, point.dtype))

    def _face_distances(self, point: Array) -> Array:
        return self.signed_distance(point)[None] ** 2

    def _direction(self, unit: Array) -> Array:
        if self.dimension == 1:
            return jnp.where(unit < 0.5, -1.0, 1.0).astype(unit.dtype)
        if self.dimension == 2:
            angle = 2 * jnp.pi * unit[0]
            return jnp.stack([jnp.cos(angle), jnp.sin(angle)])
        tiny = float(jnp.finfo(unit.dtype).epsneg)
        return _normalised(ndtri(jnp.clip(unit, tiny, 1 - tiny)))


class Disk(Ball):
    """All points of the plane within a radius of a centre.

    Args:
        center: ``(2,)``.
        radius: ``R > 0``.
        names: the two coordinates.
        face: a name of its face besides ``"boundary"``, to tell it apart in a combination.

    Raises:
        ConfigurationError: as ``Ball``, or for a centre that is not in the plane.

    >>> import jax, physml as pm
    >>> disk = pm.pinn.Disk()
    >>> disk.boundary(jax.random.key(0), 5, on="boundary").shape
    (5, 2)
    """

    def __init__(
        self,
        center: Sequence[float] = (0.0, 0.0),
        radius: float = 1.0,
        *,
        names: Sequence[str] = ("x", "y"),
        face: str = BOUNDARY,
    ) -> None:
        if np.shape(center) != (2,):
            raise ConfigurationError(f"Disk: center: expected two numbers, got {center!r}")
        super().__init__(center, radius, names=names, face=face)


def _numbers(kind: str, center: Any) -> np.ndarray:
    try:
        made = as_numbers("center", center)
    except ShapeError:
        made = np.empty(())
    if made.ndim != 1 or made.size == 0 or not np.all(np.isfinite(made)):
        raise ConfigurationError(f"{kind}: center: expected finite numbers (d,), got {center!r}")
    return made


def _normalised(vector: Array) -> Array:
    squared = jnp.sum(vector**2)
    # At the centre every direction is as good: the first coordinate's.
    vector = jnp.where(squared > 0, vector, jnp.eye(len(vector), dtype=vector.dtype)[0])
    return vector / jnp.sqrt(jnp.where(squared > 0, squared, 1.0))
