"""Boxes with named coordinates, their faces and normals."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.pinn.geometry.domain import Domain, On, product_distance, regular_grid
from physml.sampling.points import Points, sobol


class Box(Domain):
    """A box with named coordinates, ``Box(t=(0, 1), x=(-1, 1))``; the order is that of a point.

    A face is a coordinate's name with a sign (``"x-"``, ``"x+"``), or without one for both sides
    (``"x"``); several faces are a tuple of names (``("x", "y")``).

    Attributes:
        names: the coordinates, in order.
        lower: ``(d,)``, lower bounds.
        upper: ``(d,)``, upper bounds.
        volume: the product of the widths.

    Raises:
        ConfigurationError: no coordinate, or bounds that are not finite and ascending.

    >>> import physml as pm
    >>> domain = pm.Box(t=(0, 1), x=(-1, 1))
    >>> domain.names, domain.dimension, domain.volume
    (('t', 'x'), 2, 2.0)
    """

    def __init__(self, **bounds: tuple[float, float]) -> None:
        if not bounds:
            raise ConfigurationError("Box: expected coordinates, as in Box(t=(0, 1), x=(-1, 1))")
        for name, bound in bounds.items():
            if not _ascending(bound):
                raise ConfigurationError(
                    f"Box: {name}: expected (lower, upper) finite and ascending, got {bound}"
                )
        self.names = tuple(bounds)
        self.lower = np.array([b[0] for b in bounds.values()], float)
        self.upper = np.array([b[1] for b in bounds.values()], float)
        widths = self.upper - self.lower
        self.volume = float(np.prod(widths))
        # Faces in order: x-, x+, y-, y+, …
        self._coordinates = self._face_coordinates = len(bounds)
        self._labels = [(name, name + side) for name in bounds for side in "-+"]
        self._areas = np.repeat(self.volume / widths, 2)
        self._face_shares = np.ones(len(self._areas))

    def __repr__(self) -> str:
        """As it was written."""
        bounds = zip(self.names, self.lower, self.upper, strict=True)
        return f"Box({', '.join(f'{n}=({a:g}, {b:g})' for n, a, b in bounds)})"

    def interior(self, key: Array, n: int, *, points: Points = sobol) -> Array:
        """Points inside, ``(n, d)``."""
        return self._between(points(key, n, self.dimension))

    def boundary(self, key: Array, n: int, on: On, *, points: Points = sobol) -> Array:
        """Points on faces, ``(n, d)``; on each face in turn where there are several."""
        faces = self.faces(on)
        axes, ends = (jnp.asarray(part)[jnp.arange(n) % len(faces)] for part in np.transpose(faces))
        unit = points(key, n, self.dimension)
        return self._between(unit.at[jnp.arange(n), axes].set(ends.astype(unit.dtype)))

    def faces(self, on: On) -> tuple[tuple[int, int], ...]:
        """Faces by name: the axis of each and its side, 0 lower, 1 upper."""
        found = []
        for name in [on] if isinstance(on, str) else on:
            sides = {"-": (0,), "+": (1,)}.get(name[-1:], (0, 1))
            axis = self.axis(name if len(sides) == 2 else name[:-1])
            found += [(axis, side) for side in sides]
        if not found:
            raise ConfigurationError("on: expected the name of a face or several, got none")
        return tuple(found)

    def signed_distance(self, point: Array) -> Array:
        """The distance ``()`` of a point ``(d,)`` from the boundary, negative inside; exact."""
        centre, half = (self.lower + self.upper) / 2, (self.upper - self.lower) / 2
        outside = jnp.abs(point - jnp.asarray(centre, point.dtype))
        return product_distance(outside - jnp.asarray(half, point.dtype))

    def grid(self, n: int) -> np.ndarray:
        """A regular grid with ``n`` points an axis, bounds included, ``(nᵈ, d)``."""
        return regular_grid(self.lower, self.upper, n)

    def _between(self, unit: Array) -> Array:
        lower = jnp.asarray(self.lower, unit.dtype)[None]
        return lower + unit * jnp.asarray(self.upper - self.lower, unit.dtype)[None]

    def _chosen(self, on: On) -> np.ndarray:
        return np.unique([2 * axis + side for axis, side in self.faces(on)])

    def _inside(self, unit: Array) -> Array:
        return self._between(unit[None])[0]

    def _on_face(self, face: Array, unit: Array) -> Array:
        return self._inside(unit.at[face // 2].set((face % 2).astype(unit.dtype)))

    def _face_normal(self, face: Array, point: Array) -> Array:
        side = (2 * (face % 2) - 1).astype(point.dtype)
        return jnp.zeros(self.dimension, point.dtype).at[face // 2].set(side)

    def _face_distances(self, point: Array) -> Array:
        lower, upper = (jnp.asarray(b, point.dtype) for b in (self.lower, self.upper))
        beside = (point - jnp.clip(point, lower, upper)) ** 2
        across = jnp.stack([(point - lower) ** 2, (point - upper) ** 2], axis=1)
        return jnp.ravel(across + (jnp.sum(beside) - beside)[:, None])


def _ascending(bound: Any) -> bool:
    try:
        lower, upper = map(float, bound)
    except (TypeError, ValueError):
        return False
    return math.isfinite(lower) and math.isfinite(upper) and lower < upper
