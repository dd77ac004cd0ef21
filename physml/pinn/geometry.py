"""Where an equation holds: boxes with named coordinates, their faces and normals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, UnknownNameError
from physml.sampling.points import Points, sobol

On = str | Sequence[str]
"""A face by name, or several."""


class Box:
    """A box with named coordinates, ``Box(t=(0, 1), x=(-1, 1))``; the order is that of a point.

    A face is a coordinate's name with a sign (``"x-"``, ``"x+"``), or without one for both sides
    (``"x"``); several faces are a tuple of names (``("x", "y")``).

    Attributes:
        names: the coordinates, in order.
        lower: ``(d,)``, lower bounds.
        upper: ``(d,)``, upper bounds.

    Raises:
        ConfigurationError: no coordinate, or bounds that are not finite and ascending.

    >>> import physml as pm
    >>> domain = pm.Box(t=(0, 1), x=(-1, 1))
    >>> domain.names, domain.dimension
    (('t', 'x'), 2)
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

    def __repr__(self) -> str:
        """As it was written."""
        bounds = zip(self.names, self.lower, self.upper, strict=True)
        return f"Box({', '.join(f'{n}=({a:g}, {b:g})' for n, a, b in bounds)})"

    @property
    def dimension(self) -> int:
        """The number of coordinates."""
        return len(self.names)

    def axis(self, name: str) -> int:
        """The index of a coordinate."""
        if name not in self.names:
            raise UnknownNameError("coordinate", name, self.names)
        return self.names.index(name)

    def interior(self, key: Array, n: int, *, points: Points = sobol) -> Array:
        """Points inside, ``(n, d)``."""
        return self._scale(points(key, n, self.dimension))

    def boundary(self, key: Array, n: int, on: On, *, points: Points = sobol) -> Array:
        """Points on faces, ``(n, d)``; on each face in turn where there are several."""
        faces = self.faces(on)
        axes, ends = (jnp.asarray(part)[jnp.arange(n) % len(faces)] for part in np.transpose(faces))
        unit = points(key, n, self.dimension)
        return self._scale(unit.at[jnp.arange(n), axes].set(ends.astype(unit.dtype)))

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

    def normal(self, on: On, point: Array) -> Array:
        """The outward unit normal, ``(d,)``, of that one of some faces on which a point lies."""
        faces = self.faces(on)
        bounds = [(self.lower, self.upper)[side][axis] for axis, side in faces]
        widths = [self.upper[axis] - self.lower[axis] for axis, _ in faces]
        apart = jnp.stack(
            [
                jnp.abs(point[axis] - bound) / width
                for (axis, _), bound, width in zip(faces, bounds, widths, strict=True)
            ]
        )
        outward = np.zeros((len(faces), self.dimension))
        for row, (axis, side) in zip(outward, faces, strict=True):
            row[axis] = 2.0 * side - 1.0
        return jnp.asarray(outward, point.dtype)[jnp.argmin(apart)]

    def grid(self, n: int) -> np.ndarray:
        """A regular grid with ``n`` points an axis, bounds included, ``(nᵈ, d)``."""
        axes = [np.linspace(a, b, n) for a, b in zip(self.lower, self.upper, strict=True)]
        return np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=-1)

    def _scale(self, unit: Array) -> Array:
        lower = jnp.asarray(self.lower, unit.dtype)[None]
        return lower + unit * jnp.asarray(self.upper - self.lower, unit.dtype)[None]


def _ascending(bound: Any) -> bool:
    try:
        lower, upper = map(float, bound)
    except (TypeError, ValueError):
        return False
    return math.isfinite(lower) and math.isfinite(upper) and lower < upper
