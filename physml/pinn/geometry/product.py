"""Products of domains with different coordinates: time and space, prisms, cylinders."""

from __future__ import annotations

from functools import reduce

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.pinn.geometry.box import Box, box_of
from physml.pinn.geometry.domain import COMMON, Domain, product_distance
from physml.pinn.geometry.smooth_distance import where_both


class Product(Domain):
    """All pairs of a point of one domain and a point of another, ``a * b``.

    Its faces are a face of one factor times the inside of the other, under the names they have in
    their factor: of ``Box(t=(0, 1)) * Disk()``, ``"t-"`` is the disk at the first time and
    ``"boundary"`` the circle at all times. Of two factors in space ``"boundary"`` is that of both:
    the mantle of ``Box(z=(0, 1)) * Disk(face="mantle")`` and its ends.

    Raises:
        ConfigurationError: for factors with a coordinate, a time, or the name of a face in common.

    >>> import physml as pm
    >>> cylinder = pm.Box(t=(0, 1)) * pm.pinn.Disk()
    >>> cylinder.names, cylinder.face_names
    (('t', 'x', 'y'), ('boundary', 'initial', 'final', 't', 't-', 't+'))
    """

    def __init__(self, a: Domain, b: Domain) -> None:
        self.a, self.b = a, b
        for what, of_a, of_b in (
            ("coordinates", a.names, b.names),
            ("names of faces", a.face_names, b.face_names),
        ):
            if set(of_a) & set(of_b) - {*COMMON}:
                raise ConfigurationError(f"{self!r}: expected different {what}, got {of_a}, {of_b}")
        if a.time and b.time:
            raise ConfigurationError(
                f"{self!r}: expected one time, got {a.time!r} and {b.time!r}; Box(..., time=None) "
                "says that a box has none"
            )
        self.names = a.names + b.names
        self.lower = np.concatenate([a.lower, b.lower])
        self.upper = np.concatenate([a.upper, b.upper])
        self.volume = a.volume * b.volume
        self._share = a._share * b._share
        self._coordinates = a._coordinates + b._coordinates
        self._face_coordinates = max(
            a._face_coordinates + b._coordinates, a._coordinates + b._face_coordinates
        )
        self._labels = [*a._labels, *b._labels]
        self._areas = np.concatenate([a._areas * b._drawn_volume, a._drawn_volume * b._areas])
        self._face_shares = np.concatenate([a._face_shares * b._share, a._share * b._face_shares])

    def __repr__(self) -> str:
        """As it was written."""
        return f"({self.a!r} * {self.b!r})"

    def signed_distance(self, point: Array) -> Array:
        """The distance ``()`` of a point ``(d,)`` from the boundary; exact if the factors' are."""
        p, q = self._split(point)
        return product_distance(jnp.stack([self.a.signed_distance(p), self.b.signed_distance(q)]))

    @property
    def time(self) -> str | None:
        """The coordinate of either factor that is time; None if none is."""
        return self.a.time or self.b.time

    def smooth_distance(self, point: Array) -> Array:
        """From those of the factors, smooth but where both vanish."""
        parts = zip((self.a, self.b), self._split(point), strict=True)
        return reduce(where_both, [d.smooth_distance(p) for d, p in parts if d.space])

    @property
    def _drawn_volume(self) -> float:
        return self.a._drawn_volume * self.b._drawn_volume

    def _split(self, point: Array) -> tuple[Array, Array]:
        return point[: self.a.dimension], point[self.a.dimension :]

    def _factors(self, face: Array) -> tuple[Array, Array, Array]:
        # Whether a face is one of the first factor's, and its index in each.
        split = len(self.a._areas)
        return face < split, jnp.minimum(face, split - 1), jnp.maximum(face - split, 0)

    def _inside(self, unit: Array) -> Array:
        k = self.a._coordinates
        return jnp.concatenate([self.a._inside(unit[:k]), self.b._inside(unit[k:])])

    def _kept(self, point: Array) -> Array:
        p, q = self._split(point)
        return self.a._kept(p) & self.b._kept(q)

    def _on_face(self, face: Array, unit: Array) -> Array:
        of_a, a, b = self._factors(face)

        def parts(first: int, second: int) -> tuple[Array, Array]:
            return unit[:first], unit[first : first + second]

        u, v = parts(self.a._face_coordinates, self.b._coordinates)
        on_a = jnp.concatenate([self.a._on_face(a, u), self.b._inside(v)])
        u, v = parts(self.a._coordinates, self.b._face_coordinates)
        return jnp.where(of_a, on_a, jnp.concatenate([self.a._inside(u), self.b._on_face(b, v)]))

    def _face_kept(self, face: Array, point: Array) -> Array:
        (of_a, a, b), (p, q) = self._factors(face), self._split(point)
        on_a = self.a._face_kept(a, p) & self.b._kept(q)
        return jnp.where(of_a, on_a, self.a._kept(p) & self.b._face_kept(b, q))

    def _face_normal(self, face: Array, point: Array) -> Array:
        (of_a, a, b), (p, q) = self._factors(face), self._split(point)
        on_a = jnp.concatenate([self.a._face_normal(a, p), jnp.zeros_like(q)])
        return jnp.where(
            of_a, on_a, jnp.concatenate([jnp.zeros_like(p), self.b._face_normal(b, q)])
        )

    def _face_distances(self, point: Array) -> Array:
        p, q = self._split(point)
        beside_a = jnp.maximum(self.a.signed_distance(p), 0.0) ** 2
        beside_b = jnp.maximum(self.b.signed_distance(q), 0.0) ** 2
        return jnp.concatenate(
            [self.a._face_distances(p) + beside_b, self.b._face_distances(q) + beside_a]
        )


def product(a: Domain, b: Domain) -> Domain:
    """The product of two domains; that of two boxes is a box.

    >>> import physml as pm
    >>> pm.Box(t=(0, 1)) * pm.Box(x=(-1, 1))
    Box(t=(0, 1), x=(-1, 1))
    """
    made = Product(a, b)
    if not (isinstance(a, Box) and isinstance(b, Box)):
        return made
    bounds = zip(made.lower.tolist(), made.upper.tolist(), strict=True)
    return box_of(dict(zip(made.names, bounds, strict=True)), made.time)
