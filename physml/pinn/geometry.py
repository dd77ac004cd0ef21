"""Where an equation holds: boxes with named coordinates, their faces and normals."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, UnknownNameError
from physml.sampling.points import Points, sobol


class Box:
    """A box with named coordinates, ``Box(t=(0, 1), x=(-1, 1))``; the order is that of a point.

    A face is a coordinate's name for both its sides (``"x"``), or with a sign for one (``"x-"``,
    ``"x+"``).

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

    def boundary(self, key: Array, n: int, face: str, *, points: Points = sobol) -> Array:
        """Points on a face, ``(n, d)``; on both its sides in turn where no sign is given."""
        axis, sides = self.face(face)
        unit = points(key, n, self.dimension)
        ends = jnp.asarray([float(s) for s in sides], unit.dtype)[jnp.arange(n) % len(sides)]
        return self._scale(unit.at[:, axis].set(ends))

    def face(self, face: str) -> tuple[int, tuple[int, ...]]:
        """The axis of a face and its sides: 0 lower, 1 upper."""
        sign = {"-": (0,), "+": (1,)}.get(face[-1:], (0, 1))
        return self.axis(face if len(sign) == 2 else face[:-1]), sign

    def normal(self, face: str, point: Array) -> Array:
        """The outward unit normal of a face at a point of it, ``(d,)``."""
        axis, _ = self.face(face)
        middle = 0.5 * (self.lower[axis] + self.upper[axis])
        sign = jnp.where(point[axis] > middle, 1.0, -1.0).astype(point.dtype)
        return jnp.zeros_like(point).at[axis].set(sign)

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
