"""Unions, intersections and differences of domains."""

from __future__ import annotations

from abc import abstractmethod

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.pinn.geometry.box import Box
from physml.pinn.geometry.domain import BOUNDARY, Domain
from physml.pinn.geometry.smooth_distance import where_both, where_either
from physml.sampling.points import sobol

MEASURE = 2**15
"""How many quasi-random points measure what is kept of the volume, and of all faces together."""


class Boolean(Domain):
    """What two domains with the same coordinates make together: ``a | b``, ``a & b``, ``a - b``.

    Points are drawn in an operand, or in the bounding box of a union, and on the operands' faces;
    those that belong to the result are kept. They are uniform, and as many as asked for: enough are
    drawn for four standard deviations, and where that is too few, those kept come again. The volume
    is measured with 2¹⁵ quasi-random points, to about four digits.

    Faces are ``"boundary"``, which is all of it but a first and last time, and the operands' own
    names for what is left of their faces, except names that both have (those of time stay, where
    both begin and end together). ``Disk(face="hole")`` gives a name that no other has.

    The signed distance has the right sign and is 1-Lipschitz, a lower bound of the distance. Where
    operands share a piece of boundary it vanishes, even if that piece is inside a union or cut off
    by a difference: let operands overlap, rather than touch.

    Raises:
        ConfigurationError: for other coordinates, another order or another time, and for an empty
            result.

    >>> import physml as pm
    >>> channel = pm.Box(x=(0, 4), y=(0, 1)) - pm.pinn.Disk((1, 0.5), 0.2, face="cylinder")
    >>> channel.face_names
    ('boundary', 'x', 'x-', 'x+', 'y', 'y-', 'y+', 'cylinder')
    """

    symbol: str
    _sign_of_b = 1.0

    def __init__(self, a: Domain, b: Domain) -> None:
        self.a, self.b, self.names = a, b, a.names
        if a.names != b.names:
            raise ConfigurationError(
                f"{self!r}: expected the same coordinates in the same order, got {a.names} and "
                f"{b.names}"
            )
        if a.time and b.time and a.time != b.time:
            raise ConfigurationError(f"{self!r}: expected one time, got {a.time!r} and {b.time!r}")
        self.lower, self.upper = self._bounds()
        if not np.all(self.lower < self.upper):
            raise self._empty()
        self._source = self._drawn_from()
        self._coordinates = self._source._coordinates
        self._face_coordinates = max(a._face_coordinates, b._face_coordinates)
        self._areas = np.concatenate([a._areas, b._areas])
        unit = sobol(jax.random.key(0), MEASURE, max(self._coordinates, self._face_coordinates))
        share = float(np.mean(jax.jit(self._kept_inside)(unit[:, : self._coordinates])))
        if share == 0:
            raise self._empty()
        self.volume = share * self._source._drawn_volume
        face_shares = np.asarray(jax.jit(self._kept_on_faces)(unit[: MEASURE // len(self._areas)]))
        self._labels = self._names_left(face_shares > 0)
        # That every point was kept here does not promise it for the next.
        self._share, self._face_shares = min(share, 0.999), np.minimum(face_shares, 0.999)

    def __repr__(self) -> str:
        """As it was written."""
        return f"({self.a!r} {self.symbol} {self.b!r})"

    @property
    def time(self) -> str | None:
        """The coordinate that is time in one operand or both; None if none is."""
        return self.a.time or self.b.time

    def signed_distance(self, point: Array) -> Array:
        """From the operands' distances, ``()``: exact on one side, and a bound on the other."""
        return self._combined(self.a.signed_distance(point), self.b.signed_distance(point))

    def smooth_distance(self, point: Array) -> Array:
        """From those of the operands, smooth but in corners where both vanish."""
        return self._smoothly(self.a.smooth_distance(point), self.b.smooth_distance(point))

    @abstractmethod
    def _combined(self, a: Array, b: Array) -> Array:
        """The distance from those of the operands."""

    @abstractmethod
    def _smoothly(self, a: Array, b: Array) -> Array:
        """The smooth one from those of the operands."""

    @abstractmethod
    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The bounding box, or a larger one."""

    def _drawn_from(self) -> Domain:
        """A domain around the result, in which its points are drawn."""
        return self.a

    def _empty(self) -> ConfigurationError:
        return ConfigurationError(
            f"{self!r}: empty geometry: expected operands that leave a volume"
        )

    def _kept_inside(self, unit: Array) -> Array:
        return jax.vmap(lambda u: self._kept(self._inside(u)))(unit)

    def _kept_on_faces(self, unit: Array) -> Array:
        def share(face: Array) -> Array:
            return jnp.mean(jax.vmap(lambda u: self._face_kept(face, self._on_face(face, u)))(unit))

        return jax.lax.map(share, jnp.arange(len(self._areas)))

    def _names_left(self, left: np.ndarray) -> list[tuple[str, ...]]:
        """The names of each face, none for those of which nothing is left."""
        labels = [
            own if is_left else ()
            for own, is_left in zip([*self.a._labels, *self.b._labels], left, strict=True)
        ]
        split = len(self.a._areas)
        of_a, of_b = ({n for own in part for n in own} for part in (labels[:split], labels[split:]))
        hidden = of_a & of_b - {BOUNDARY}
        if self.time and self.a.time == self.b.time and self.a.times == self.b.times:
            hidden -= {n for own in labels for n in own if own and BOUNDARY not in own}
        return [tuple(n for n in own if n not in hidden) for own in labels]

    @property
    def _drawn_volume(self) -> float:
        return self._source._drawn_volume

    def _inside(self, unit: Array) -> Array:
        return self._source._inside(unit)

    def _kept(self, point: Array) -> Array:
        return self.signed_distance(point) <= 0

    def _on_face(self, face: Array, unit: Array) -> Array:
        of_a, a, b = self._operands(face)
        on_a = self.a._on_face(a, unit[: self.a._face_coordinates])
        return jnp.where(of_a, on_a, self.b._on_face(b, unit[: self.b._face_coordinates]))

    def _face_kept(self, face: Array, point: Array) -> Array:
        of_a, a, b = self._operands(face)
        kept = jnp.where(of_a, self.a._face_kept(a, point), self.b._face_kept(b, point))
        # On the boundary a short step outwards leaves the result, and one inwards enters it; so
        # walls between operands that touch are none. What both share counts as the first one's.
        short = float(jnp.finfo(point.dtype).eps) ** 0.5 * self._scale
        step = short * self._face_normal(face, point)
        out, back = jax.vmap(self.signed_distance)(jnp.stack([point + step, point - step]))
        return (
            kept
            & (out > 0)
            & (back < 0)
            & (of_a | (jnp.abs(self.a.signed_distance(point)) > short))
        )

    def _face_normal(self, face: Array, point: Array) -> Array:
        of_a, a, b = self._operands(face)
        of_b = self._sign_of_b * self.b._face_normal(b, point)
        return jnp.where(of_a, self.a._face_normal(a, point), of_b)

    def _face_distances(self, point: Array) -> Array:
        return jnp.concatenate([self.a._face_distances(point), self.b._face_distances(point)])

    def _operands(self, face: Array) -> tuple[Array, Array, Array]:
        # Whether a face is one of the first operand's, and its index in each.
        split = len(self.a._areas)
        return face < split, jnp.minimum(face, split - 1), jnp.maximum(face - split, 0)


class Union(Boolean):
    """Where one or both of two domains are, ``a | b``."""

    symbol = "|"

    def _combined(self, a: Array, b: Array) -> Array:
        """``min(a, b)``, ``()``: exact outside, and a bound inside."""
        return jnp.minimum(a, b)

    def _smoothly(self, a: Array, b: Array) -> Array:
        return where_either(a, b)

    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        return np.minimum(self.a.lower, self.b.lower), np.maximum(self.a.upper, self.b.upper)

    def _drawn_from(self) -> Domain:
        bounds = zip(self.lower.tolist(), self.upper.tolist(), strict=True)
        return Box(**dict(zip(self.names, bounds, strict=True)))


class Intersection(Boolean):
    """Where both of two domains are, ``a & b``."""

    symbol = "&"

    def _combined(self, a: Array, b: Array) -> Array:
        """``max(a, b)``, ``()``: exact inside, and a bound outside."""
        return jnp.maximum(a, b)

    def _smoothly(self, a: Array, b: Array) -> Array:
        return where_both(a, b)

    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        return np.maximum(self.a.lower, self.b.lower), np.minimum(self.a.upper, self.b.upper)

    def _drawn_from(self) -> Domain:
        return min(self.a, self.b, key=lambda operand: operand._drawn_volume)


class Difference(Boolean):
    """Where the first of two domains is without the second, ``a - b``."""

    symbol = "-"
    _sign_of_b = -1.0

    def _combined(self, a: Array, b: Array) -> Array:
        """``max(a, -b)``, ``()``: exact inside, and a bound outside."""
        return jnp.maximum(a, -b)

    def _smoothly(self, a: Array, b: Array) -> Array:
        return where_both(a, -b)

    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        return self.a.lower, self.a.upper
