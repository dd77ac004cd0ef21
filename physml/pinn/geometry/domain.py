"""What a problem asks of the region where its equation holds, and what all regions share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, ShapeError, UnknownNameError
from physml.sampling.points import Points, sobol

On = str | Sequence[str]
"""A face by name, or several."""

COMMON = BOUNDARY, FIRST, LAST = "boundary", "initial", "final"
"""Faces that all domains call so: the boundary of space at all times; the first and last time."""

# Of the size of coordinates: points of a user's own this near to a face are on it.
_NEAR = 1e-6


class Domain(ABC):
    """A closed region with named coordinates, faces by name, normals and a signed distance.

    Domains combine by operators: ``a | b``, ``a & b`` and ``a - b`` with the same coordinates,
    ``a * b`` with different ones.

    One coordinate may be time, called ``t`` or ``time`` (a ``Box`` can be told another). The face
    ``"boundary"`` is the whole boundary of space, at all times where there is time; ``"initial"``
    and ``"final"`` are the first and the last time.

    Attributes:
        names: the coordinates, in order.
        lower: ``(d,)``, lower bounds.
        upper: ``(d,)``, upper bounds.
        volume: length, area or volume.
    """

    names: tuple[str, ...]
    lower: np.ndarray
    upper: np.ndarray
    volume: float

    # A shape maps a unit cube of so many coordinates onto its inside, and onto each of its F faces,
    # such that uniform points stay uniform. Of what is made, it keeps a share (booleans: below 1).
    _coordinates: int
    _share: float = 1.0
    _face_coordinates: int
    _face_shares: np.ndarray
    _areas: np.ndarray
    _labels: Sequence[tuple[str, ...]]

    @property
    def dimension(self) -> int:
        """The number of coordinates."""
        return len(self.names)

    @property
    def time(self) -> str | None:
        """The coordinate that is time; None if none is."""
        return time_among(self.names)

    @property
    def space(self) -> tuple[str, ...]:
        """The coordinates that are not time."""
        return tuple(name for name in self.names if name != self.time)

    @property
    def times(self) -> tuple[float, float]:
        """The first and the last time.

        Raises:
            ConfigurationError: where none of several coordinates is time.
        """
        axis = self.time_axis
        return float(self.lower[axis]), float(self.upper[axis])

    @property
    def time_axis(self) -> int:
        """The index of time in a point, or of the only coordinate, along which all evolves.

        Raises:
            ConfigurationError: where none of several coordinates is time.
        """
        if self.time is None and self.dimension == 1:
            return 0
        if self.time is None:
            raise ConfigurationError(
                f"{self!r}: expected a coordinate that is time, called t or time, or told as in "
                f'Box(tau=(0, 1), x=(0, 1), time="tau"); got {self.names}'
            )
        return self.axis(self.time)

    @property
    def face_names(self) -> tuple[str, ...]:
        """The names that faces go by, those common to all domains first."""
        own = dict.fromkeys(name for names in self._labels for name in names)
        return (*(name for name in COMMON if name in own), *(n for n in own if n not in COMMON))

    def axis(self, name: str) -> int:
        """The index of a coordinate."""
        if name not in self.names:
            raise UnknownNameError("coordinate", name, self.names)
        return self.names.index(name)

    def check(self, on: On) -> None:
        """Nothing for faces that exist.

        Raises:
            UnknownNameError: for a face that does not; the message lists those that do.
            ConfigurationError: for no name at all.
        """
        self._chosen(on)

    def interior(self, key: Array, n: int, *, draw: Points = sobol) -> Array:
        """Points inside, uniform by volume, ``(n, d)``."""
        return _interior(self, draw, n, key)

    def boundary(self, key: Array, n: int, on: On, *, draw: Points = sobol) -> Array:
        """Points on faces, uniform by arc length or area over all of them, ``(n, d)``."""
        return _boundary(self, draw, n, tuple(self._chosen(on).tolist()), key)

    def normal(self, on: On, point: Array) -> Array:
        """The outward unit normal, ``(d,)``, of that one of some faces on which a point lies."""
        faces = self._chosen(on)
        nearest = jnp.argmin(self._face_distances(point)[faces])
        return self._face_normal(jnp.asarray(faces)[nearest], point)

    def touched(self, on: On, points: Array) -> np.ndarray:
        """Which of some faces each of some points ``(n, d)`` lies on, ``(n, k)``.

        A point lies on the boundary up to a millionth of the size of its coordinates.
        """
        near = _NEAR * self._scale
        beside = np.asarray(_face_distances(self, jnp.asarray(points)))[:, self._chosen(on)]
        on_boundary = np.abs(np.asarray(_distances(self, jnp.asarray(points)))) <= near
        return np.asarray((beside <= near**2) & on_boundary[:, None])

    def normals_differ(self, on: On, points: Array) -> np.ndarray:
        """Which of some points ``(n, d)`` lie where some faces meet at an angle, ``(n,)``."""
        touched, chosen = self.touched(on, points), self._chosen(on)
        differ = np.zeros(len(touched), bool)
        for i in np.flatnonzero(touched.sum(axis=1) > 1):
            faces = jnp.asarray(chosen[touched[i]])
            normals = np.asarray(jax.vmap(lambda f, i=i: self._face_normal(f, points[i]))(faces))
            differ[i] = np.ptp(normals, axis=0).max() > _NEAR
        return differ

    def shared(self, one: On, other: On) -> tuple[int, ...]:
        """The faces, by index, that two choices of them have in common."""
        return tuple(np.intersect1d(self._chosen(one), self._chosen(other)).tolist())

    def on_faces(self, key: Array, n: int, faces: Sequence[int]) -> Array:
        """Points on faces by index, ``(n, d)``."""
        return _boundary(self, sobol, n, tuple(faces), key)

    def words(self, face: int) -> str:
        """The name of a face by index, the one that fewest share."""
        own = self._labels[face]
        shared = [sum(name in other for other in self._labels) for name in own]
        return own[int(np.argmin(shared))]

    @abstractmethod
    def signed_distance(self, point: Array) -> Array:
        """How far a point ``(d,)`` is from the boundary, ``()``; negative inside, 1-Lipschitz."""

    def smooth_distance(self, point: Array) -> Array:
        """Zero on the face ``"boundary"``, ``()``, with slope 1 there, negative inside and smooth.

        The first and last time are left out. A distance is as far from several sides midway, where
        its slope jumps: no solution is that times a smooth function. Of a region of one's own it is
        ``signed_distance``, unless the region says better.

        Raises:
            ConfigurationError: where time is the only coordinate.
        """
        if not self.space:
            raise ConfigurationError(f"{self!r}: expected a coordinate of space, got time alone")
        return self.signed_distance(point)

    def contains(self, points: Array) -> Array:
        """Which of some points ``(n, d)`` lie in the domain, boundary included, up to rounding.

        Raises:
            ShapeError: for points of another dimension.
        """
        points = jnp.asarray(points)
        if points.ndim != 2 or points.shape[1] != self.dimension:
            raise ShapeError(
                f"points: expected (n, {self.dimension}) for coordinates {self.names}, "
                f"got {points.shape}"
            )
        distances = _distances(self, points)
        return distances <= 32 * float(jnp.finfo(distances.dtype).eps) * self._scale

    def grid(self, n: int) -> np.ndarray:
        """Those points ``(m, d)`` of a grid with ``n`` an axis of the bounds that lie inside."""
        made = regular_grid(self.lower, self.upper, n)
        return made[np.asarray(self.contains(jnp.asarray(made)))]

    def __or__(self, other: Domain) -> Domain:
        """Where one or both are."""
        from physml.pinn.geometry.boolean import Union

        return Union(self, other) if isinstance(other, Domain) else NotImplemented

    def __and__(self, other: Domain) -> Domain:
        """Where both are."""
        from physml.pinn.geometry.boolean import Intersection

        return Intersection(self, other) if isinstance(other, Domain) else NotImplemented

    def __sub__(self, other: Domain) -> Domain:
        """Where the first is without the second."""
        from physml.pinn.geometry.boolean import Difference

        return Difference(self, other) if isinstance(other, Domain) else NotImplemented

    def __mul__(self, other: Domain) -> Domain:
        """All pairs of a point of the first and a point of the second, such as time and space."""
        from physml.pinn.geometry.product import product

        return product(self, other) if isinstance(other, Domain) else NotImplemented

    @property
    def _scale(self) -> float:
        # The size of coordinates, of which rounding errors are a fraction.
        return float(max(np.abs(self.lower).max(), np.abs(self.upper).max()))

    @property
    def _drawn_volume(self) -> float:
        # That of all points that are made; a share of it is kept.
        return self.volume

    def _chosen(self, on: On) -> np.ndarray:
        names = (on,) if isinstance(on, str) else tuple(on)
        if not names:
            raise ConfigurationError("on: expected the name of a face or several, got none")
        for name in names:
            if name not in self.face_names:
                raise UnknownNameError("face", name, self.face_names)
        return np.array([f for f, own in enumerate(self._labels) if set(names) & set(own)])

    @abstractmethod
    def _inside(self, unit: Array) -> Array:
        """The point inside for one of the cube ``(k,)``."""

    def _kept(self, point: Array) -> Array:
        """Whether a point that was made lies in the domain."""
        return jnp.asarray(True)

    @abstractmethod
    def _on_face(self, face: Array, unit: Array) -> Array:
        """The point of a face, by index, for one of the cube ``(k,)``."""

    def _face_kept(self, face: Array, point: Array) -> Array:
        """Whether a point that was made on a face belongs to the boundary."""
        return jnp.asarray(True)

    @abstractmethod
    def _face_normal(self, face: Array, point: Array) -> Array:
        """The outward unit normal of a face near a point of it."""

    @abstractmethod
    def _face_distances(self, point: Array) -> Array:
        """The squared distance to each face, ``(F,)``."""


def time_among(names: Sequence[str]) -> str | None:
    """The coordinate whose name says that it is time."""
    return next((name for name in ("time", "t") if name in names), None)


def coordinates(kind: str, names: Sequence[str], d: int) -> tuple[str, ...]:
    """Names of coordinates, one for each of ``d``."""
    if len(names) != d or len(set(names)) != d or not all(isinstance(n, str) for n in names):
        raise ConfigurationError(f"{kind}: names: expected {d} different names, got {names!r}")
    return tuple(names)


def regular_grid(lower: np.ndarray, upper: np.ndarray, n: int) -> np.ndarray:
    """A regular grid with ``n`` points an axis, bounds included, ``(nᵈ, d)``."""
    axes = [np.linspace(a, b, n) for a, b in zip(lower, upper, strict=True)]
    return np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=-1)


def stratum(weights: np.ndarray, u: Array) -> tuple[Array, Array]:
    """Which part, by weight, a number of ``[0, 1)`` falls into, and where in it, in ``[0, 1)``.

    A uniform number gives two independent ones, and low discrepancy stays.
    """
    chances = weights / np.sum(weights)
    ends = np.cumsum(chances)
    part = jnp.searchsorted(jnp.asarray(ends[:-1], u.dtype), u, side="right")
    start, width = (jnp.asarray(a, u.dtype)[part] for a in (ends - chances, chances))
    return part, jnp.clip((u - start) / width, 0.0, 1.0 - float(jnp.finfo(u.dtype).epsneg))


def product_distance(distances: Array) -> Array:
    """The signed distance of a product from those of its factors, ``(k,) -> ()``, exactly."""
    outside = jnp.sum(jnp.maximum(distances, 0.0) ** 2)
    # The root has no derivative at 0: where it is not taken, its argument is 1.
    root = jnp.sqrt(jnp.where(outside > 0, outside, 1.0))
    return jnp.where(outside > 0, root, jnp.max(distances))


# Compiled for a domain as it is, once for every number of points.


@partial(jax.jit, static_argnums=(0, 1, 2))
def _interior(domain: Domain, draw: Points, n: int, key: Array) -> Array:
    unit = draw(key, _candidates(n, domain._share), domain._coordinates)
    made = jax.vmap(domain._inside)(unit)
    return made if len(made) == n else _first(n, made, jax.vmap(domain._kept)(made))


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _boundary(domain: Domain, draw: Points, n: int, faces: tuple[int, ...], key: Array) -> Array:
    chosen = np.array(faces)
    areas = domain._areas[chosen]
    share = float(areas @ domain._face_shares[chosen] / np.sum(areas))
    unit = draw(key, _candidates(n, share), domain._face_coordinates)

    def place(u: Array) -> tuple[Array, Array]:
        part, rest = stratum(areas, u[0])
        face = jnp.asarray(chosen)[part]
        return face, domain._on_face(face, u.at[0].set(rest))

    face, made = jax.vmap(place)(unit)
    return made if len(made) == n else _first(n, made, jax.vmap(domain._face_kept)(face, made))


@partial(jax.jit, static_argnums=0)
def _face_distances(domain: Domain, points: Array) -> Array:
    return jax.vmap(domain._face_distances)(points)


@partial(jax.jit, static_argnums=0)
def _distances(domain: Domain, points: Array) -> Array:
    return jax.vmap(domain.signed_distance)(points)


def _candidates(n: int, share: float) -> int:
    # Four deviations of the number kept, and some more for small n.
    return n if share == 1.0 else int(np.ceil((n + 4 * n**0.5 + 16) / share))


def _first(n: int, made: Array, kept: Array) -> Array:
    # Where fewer are kept than were wanted, those kept come again.
    order = jnp.argsort(~kept, stable=True)
    return made[order[jnp.arange(n) % jnp.maximum(jnp.sum(kept), 1)]]
