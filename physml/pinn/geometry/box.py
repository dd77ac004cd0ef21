"""Boxes with named coordinates, their faces and normals."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, UnknownNameError
from physml.pinn.geometry.domain import (
    BOUNDARY,
    COMMON,
    FIRST,
    LAST,
    Domain,
    On,
    product_distance,
    regular_grid,
    time_among,
)
from physml.pinn.geometry.smooth_distance import where_both
from physml.sampling.points import Points, sobol


class Box(Domain):
    """A box with named coordinates, ``Box(t=(0, 1), x=(-1, 1))``; the order is that of a point.

    A face is a coordinate's name with a sign (``"x-"``, ``"x+"``), or without one for both sides
    (``"x"``); ``"boundary"`` is all faces of space, ``"initial"`` and ``"final"`` those of time.
    Several faces are a tuple of names (``("x", "y")``).

    Args:
        **bounds: lower and upper bound of each coordinate, and ``time="tau"`` where that one is
            time and not called ``t`` or ``time``, ``time=None`` where ``t`` is none.

    Attributes:
        names: the coordinates, in order.
        lower: ``(d,)``, lower bounds.
        upper: ``(d,)``, upper bounds.
        volume: the product of the widths.

    Raises:
        ConfigurationError: no coordinate, one called like a face, or bounds that are not finite and
            ascending.
        UnknownNameError: a time that is no coordinate.

    >>> import physml as pm
    >>> domain = pm.Box(t=(0, 1), x=(-1, 1))
    >>> domain.names, domain.dimension, domain.volume
    (('t', 'x'), 2, 2.0)
    >>> domain.time, domain.face_names
    ('t', ('boundary', 'initial', 'final', 't', 't-', 't+', 'x', 'x-', 'x+'))
    """

    def __init__(self, **bounds: tuple[float, float] | str | None) -> None:
        told = isinstance(bounds.get("time", ()), str | None)
        time = bounds.pop("time") if told else time_among(tuple(bounds))
        if not bounds:
            raise ConfigurationError("Box: expected coordinates, as in Box(t=(0, 1), x=(-1, 1))")
        for name, bound in bounds.items():
            if name in COMMON:
                raise ConfigurationError(f"Box: {name}: expected another name; faces are called so")
            if not _ascending(bound):
                raise ConfigurationError(
                    f"Box: {name}: expected (lower, upper) finite and ascending, got {bound}"
                )
        if time is not None and time not in bounds:
            raise UnknownNameError("coordinate", str(time), bounds)
        limits: Any = np.array(list(bounds.values()), float)
        self.names, self._time = tuple(bounds), time
        self.lower, self.upper = limits.T
        widths = self.upper - self.lower
        self.volume = float(np.prod(widths))
        # Faces in order: x-, x+, y-, y+, …
        self._coordinates = self._face_coordinates = len(bounds)
        words = dict.fromkeys(bounds, (BOUNDARY, BOUNDARY)) | {time: (FIRST, LAST)}
        self._labels = [
            (name, name + sign, word)
            for name in bounds
            for sign, word in zip("-+", words[name], strict=True)
        ]
        self._areas = np.repeat(self.volume / widths, 2)
        self._face_shares = np.ones(len(self._areas))

    def __repr__(self) -> str:
        """As it was written."""
        bounds = zip(self.names, self.lower, self.upper, strict=True)
        words = [f"{n}=({a:g}, {b:g})" for n, a, b in bounds]
        told = [] if self.time == time_among(self.names) else [f"time={self.time!r}"]
        return f"Box({', '.join(words + told)})"

    @property
    def time(self) -> str | None:
        """The coordinate that is time; None if none is."""
        return self._time

    def between(self, begin: float, end: float) -> Box:
        """The same box from one time to another.

        >>> import physml as pm
        >>> pm.Box(x=(0, 1), t=(0, 9)).between(2, 3)
        Box(x=(0, 1), t=(2, 3))
        """
        bounds = np.stack([self.lower, self.upper], axis=1)
        bounds[self.time_axis] = begin, end
        return box_of(dict(zip(self.names, map(tuple, bounds.tolist()), strict=True)), self.time)

    def interior(self, key: Array, n: int, *, draw: Points = sobol) -> Array:
        """Points inside, ``(n, d)``."""
        return self._between(draw(key, n, self.dimension))

    def boundary(self, key: Array, n: int, on: On, *, draw: Points = sobol) -> Array:
        """Points on faces, ``(n, d)``; on each face in turn where there are several.

        Each face has points of its own: every fourth one of a Sobol net lies in the same half.
        """
        faces = self.faces(on)
        axes, ends = (jnp.asarray(part)[jnp.arange(n) % len(faces)] for part in np.transpose(faces))
        if len(faces) == 1:
            unit = draw(key, n, self.dimension)
        else:
            each, keys = -(-n // len(faces)), jax.random.split(key, len(faces))
            own = jax.vmap(lambda sub: draw(sub, each, self.dimension))(keys)
            unit = jnp.swapaxes(own, 0, 1).reshape(-1, self.dimension)[:n]
        return self._between(unit.at[jnp.arange(n), axes].set(ends.astype(unit.dtype)))

    def faces(self, on: On) -> tuple[tuple[int, int], ...]:
        """Faces by name: the axis of each and its side, 0 lower, 1 upper."""
        found = []
        for name in [on] if isinstance(on, str) else on:
            if name not in self.face_names:
                raise UnknownNameError("face", name, self.face_names)
            found += [divmod(face, 2) for face, own in enumerate(self._labels) if name in own]
        if not found:
            raise ConfigurationError("on: expected the name of a face or several, got none")
        return tuple(found)

    def signed_distance(self, point: Array) -> Array:
        """The distance ``()`` of a point ``(d,)`` from the boundary, negative inside; exact."""
        centre, half = (self.lower + self.upper) / 2, (self.upper - self.lower) / 2
        outside = jnp.abs(point - jnp.asarray(centre, point.dtype))
        return product_distance(outside - jnp.asarray(half, point.dtype))

    def smooth_distance(self, point: Array) -> Array:
        """``(x − a)(x − b)/(b − a)`` of each coordinate of space, and Rvachev's max of several."""
        if not self.space:
            return super().smooth_distance(point)
        kept = np.array([self.axis(name) for name in self.space])
        low, high = (jnp.asarray(b[kept], point.dtype) for b in (self.lower, self.upper))
        return reduce(where_both, (point[kept] - low) * (point[kept] - high) / (high - low))

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


def box_of(bounds: dict[str, tuple[float, float]], time: str | None) -> Box:
    """A box of bounds by name, of which one is time."""
    # A coordinate called time says so itself.
    return Box(**bounds) if "time" in bounds else Box(**bounds, time=time)


def _ascending(bound: Any) -> bool:
    try:
        lower, upper = map(float, bound)
    except (TypeError, ValueError):
        return False
    return math.isfinite(lower) and math.isfinite(upper) and lower < upper
