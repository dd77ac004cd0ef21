"""Simple polygons, convex or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.errors import ConfigurationError, ShapeError
from physml.pinn.geometry.domain import BOUNDARY, Domain, coordinates, stratum

TOUCHING = 1e-12
"""Vertices and edges nearer to one another than this part of the polygon's size touch."""


class Polygon(Domain):
    """A simple polygon, in either orientation; edge ``i`` runs from vertex ``i`` to the next.

    Faces are ``"boundary"``, all edges, and ``"edge0"``, ``"edge1"``, … Points inside are exactly
    uniform, without rejection: ear clipping cuts the polygon into triangles.

    Args:
        vertices: ``(m, 2)``, in order; the last is joined to the first.
        names: the two coordinates.
        face: a name of all edges besides ``"boundary"``, to tell them apart in a combination; each
            is then that name and its number, as ``"hole0"``.

    Raises:
        ConfigurationError: fewer than three vertices, a repeated vertex, no area, or edges that
            cross or touch.

    Source: Meisters (1975), doi:10.2307/2319703, for ears; Bærentzen and Aanæs (2005),
    doi:10.1109/TVCG.2005.49, for the sign at a vertex.

    >>> import physml as pm
    >>> triangle = pm.pinn.Polygon([(0, 0), (2, 0), (0, 1)])
    >>> triangle.volume, triangle.face_names
    (1.0, ('boundary', 'edge0', 'edge1', 'edge2'))
    """

    def __init__(
        self,
        vertices: Sequence[Sequence[float]] | np.ndarray,
        *,
        names: Sequence[str] = ("x", "y"),
        face: str | None = None,
    ) -> None:
        self.vertices = _simple(vertices)
        self.names = coordinates("Polygon", names, 2)
        self.lower, self.upper = self.vertices.min(axis=0), self.vertices.max(axis=0)
        self._edges = np.roll(self.vertices, -1, axis=0) - self.vertices
        from_first = self.vertices - self.vertices[0]
        area = float(np.sum(_cross(from_first, self._edges)) / 2)
        self.volume = abs(area)
        self._areas = np.linalg.norm(self._edges, axis=1)
        right = np.stack([self._edges[:, 1], -self._edges[:, 0]], axis=1) / self._areas[:, None]
        self._normals = np.sign(area) * right
        self._triangles = _triangles(self.vertices[:: int(np.sign(area))])
        self._coordinates, self._face_coordinates = 2, 1
        own, edge = ((), "edge") if face is None else ((face,), face)
        self._labels = [(BOUNDARY, *own, f"{edge}{i}") for i in range(len(self.vertices))]
        self._face_shares = np.ones(len(self.vertices))

    def __repr__(self) -> str:
        """Its vertices and coordinates."""
        vertices = ", ".join(f"({x:g}, {y:g})" for x, y in self.vertices)
        return f"Polygon([{vertices}], names={self.names})"

    def signed_distance(self, point: Array) -> Array:
        """The distance ``()`` of a point ``(2,)`` from the boundary, negative inside; exact."""
        along, apart = self._nearest(point)
        edge = jnp.argmin(jnp.sum(apart**2, axis=1))
        vertices, normals = (jnp.asarray(a, point.dtype) for a in (self.vertices, self._normals))
        to_line = normals[edge] @ (point - vertices[edge])
        vertex = jnp.where(along[edge] > 0, edge + 1, edge) % len(vertices)
        to_vertex = point - vertices[vertex]
        # Seen from a vertex, outside is where both edges' normals point, on the whole.
        sign = jnp.sign((normals[vertex] + normals[vertex - 1]) @ to_vertex)
        squared = jnp.sum(to_vertex**2)
        # The root has no derivative at 0: where it is not taken, its argument is 1.
        root = jnp.sqrt(jnp.where(squared > 0, squared, 1.0))
        beside_edge = (along[edge] > 0) & (along[edge] < 1) | (squared == 0)
        return jnp.where(beside_edge, to_line, sign * root)

    def smooth_distance(self, point: Array) -> Array:
        """``1/Σ_i 1/φ_i`` of the edges, ``()``, negative inside: smooth but in the vertices.

            φ² = f² + ¼(√(t² + f⁴) − t)²,    t = (L²/4 − ‖z − m‖²)/L

        vanishes on an edge of length L and middle m alone, with f the distance from its line.

        Source: Sukumar and Srivastava (2022), doi:10.1016/j.cma.2021.114333.
        """
        starts, edges, normals, lengths = (
            jnp.asarray(a, point.dtype)
            for a in (self.vertices, self._edges, self._normals, self._areas)
        )
        rounding = 32 * float(jnp.finfo(point.dtype).eps) * self._scale
        from_start = point[None] - starts
        f = -jnp.sum(from_start * normals, 1)
        t = lengths / 4 - jnp.sum((from_start - edges / 2) ** 2, 1) / lengths
        # Beside the edge φ is |f| times what is smooth, and takes the sign of f next to it.
        beside, squared = t > 0, t**2 + f**4
        root = jnp.sqrt(jnp.where(squared > 0, squared, 1.0))
        tilt = f**3 / (2 * jnp.where(beside, root + t, 1.0))
        apart = jnp.where(f >= -rounding, f, -f) * jnp.sqrt(1 + tilt**2)
        beyond = f**2 + jnp.where(squared > 0, root - t, 0.0) ** 2 / 4
        phi = jnp.where(beside, apart, jnp.sqrt(jnp.where(beside | (beyond == 0), 1.0, beyond)))
        phi = jnp.where(~beside & (beyond == 0), 0.0, phi)
        nearest = jnp.argmin(jnp.abs(phi))
        others = jnp.where((jnp.arange(len(phi)) == nearest) | (phi == 0), phi[nearest], phi)
        shares = phi[nearest] / jnp.where(others == 0, 1.0, others)
        total = phi[nearest] / jnp.sum(shares.at[nearest].set(1.0))
        return jnp.where(self.signed_distance(point) <= rounding, -total, total)

    def _nearest(self, point: Array) -> tuple[Array, Array]:
        # For each edge, where along it the nearest point is, 0 to 1, and the way from there.
        vertices, edges = (jnp.asarray(a, point.dtype) for a in (self.vertices, self._edges))
        from_start = point[None] - vertices
        along = jnp.clip(jnp.sum(from_start * edges, 1) / jnp.sum(edges**2, 1), 0.0, 1.0)
        return along, from_start - along[:, None] * edges

    def _inside(self, unit: Array) -> Array:
        a, b, c = np.moveaxis(self._triangles, 1, 0)
        part, rest = stratum(np.abs(_cross(b - a, c - a)), unit[0])
        start, ab, ac = (jnp.asarray(side, unit.dtype)[part] for side in (a, b - a, c - a))
        return start + jnp.sqrt(rest) * ((1 - unit[1]) * ab + unit[1] * ac)

    def _on_face(self, face: Array, unit: Array) -> Array:
        start, edge = (jnp.asarray(a, unit.dtype)[face] for a in (self.vertices, self._edges))
        return start + unit[0] * edge

    def _face_normal(self, face: Array, point: Array) -> Array:
        return jnp.asarray(self._normals, point.dtype)[face]

    def _face_distances(self, point: Array) -> Array:
        return jnp.sum(self._nearest(point)[1] ** 2, axis=1)


def l_shape(*, names: Sequence[str] = ("x", "y")) -> Polygon:
    """The square ``(-1, 1)²`` without its quadrant ``[0, 1) × (-1, 0]``: a corner of 270° at 0.

    >>> import physml as pm
    >>> pm.pinn.l_shape().volume
    3.0
    """
    return Polygon([(0, 0), (1, 0), (1, 1), (-1, 1), (-1, -1), (0, -1)], names=names)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def _simple(vertices: Any) -> np.ndarray:
    """The vertices as an array, where they make a simple polygon."""
    try:
        v = as_numbers("vertices", vertices)
    except ShapeError:
        v = np.empty(())
    if v.ndim != 2 or v.shape[1] != 2 or len(v) < 3 or not np.all(np.isfinite(v)):
        raise ConfigurationError(
            "Polygon: vertices: expected at least three points of the plane, finite, (m, 2), got "
            f"{'shape ' + str(v.shape) if v.ndim else repr(vertices)}"
        )
    m, near = len(v), TOUCHING * np.ptp(v, axis=0).max()
    for i, j in np.argwhere(np.triu(np.linalg.norm(v[:, None] - v[None], axis=2) <= near, 1)):
        raise ConfigurationError(f"Polygon: vertices: {i} and {j} are the same point, {v[i]}")
    if np.linalg.svd(v - v.mean(axis=0), compute_uv=False)[1] <= near:
        raise ConfigurationError("Polygon: vertices: expected an area, got points of one line")
    edges = np.roll(v, -1, axis=0) - v
    # to[i, k]: from the start of edge i to vertex k.
    to = v[None] - v[:, None]
    along = np.clip(np.sum(to * edges[:, None], 2) / np.sum(edges**2, 1)[:, None], 0, 1)
    touches = np.linalg.norm(to - along[..., None] * edges[:, None], axis=2) <= near
    own = np.eye(m, dtype=bool) | np.roll(np.eye(m, dtype=bool), 1, axis=1)
    for i, k in np.argwhere(touches & ~own):
        raise ConfigurationError(f"Polygon: vertices: vertex {k} lies on edge {i}")
    side = np.sign(_cross(edges[:, None], to))
    parted = side * np.roll(side, -1, axis=1) < 0
    for i, j in np.argwhere(parted & parted.T):
        raise ConfigurationError(f"Polygon: vertices: edges {i} and {j} cross")
    return v


def _triangles(v: np.ndarray) -> np.ndarray:
    """Triangles ``(k, 3, 2)`` that make up a counterclockwise polygon, by clipping ears."""
    ring, made = list(range(len(v))), []
    flat = TOUCHING * np.ptp(v, axis=0).max() ** 2
    while len(ring) > 2:
        for i, b in enumerate(ring):
            a, c = ring[i - 1], ring[(i + 1) % len(ring)]
            turn = _cross(v[b] - v[a], v[c] - v[b])
            rest = v[[k for k in ring if k not in (a, b, c)]]
            sides = [_cross(v[q] - v[p], rest - v[p]) for p, q in ((a, b), (b, c), (c, a))]
            if turn > flat and not np.any(np.min(sides, axis=0) >= 0):
                made.append(v[[a, b, c]])
                break
            if abs(turn) <= flat:
                break
        else:
            raise ConfigurationError("Polygon: vertices: too close to crossing to cut in triangles")
        del ring[i]
    return np.array(made)
