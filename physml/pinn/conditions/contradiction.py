"""Conditions that contradict one another: they prescribe different values on one face."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from physml.errors import ConfigurationError
from physml.pinn.conditions.condition import Condition, components_of, function
from physml.pinn.geometry import Domain


def refuse_contradiction(domain: Domain, one: Condition, other: Condition) -> None:
    """Two conditions may share a face only if they prescribe the same values there.

    Raises:
        ConfigurationError: for two that do not.
    """
    if one.prescribes is None or other.prescribes is None:
        return
    if one.face is None or other.face is None or one.prescribes[0] != other.prescribes[0]:
        return
    own = [components_of(c.prescribes[1]) for c in (one, other) if c.prescribes]
    both = own[0] if own[1] is None else own[1]
    common = both if None in own else tuple(c for c in both or () if c in (own[0] or ()))
    for face in domain.shared(one.face, other.face) if common != () else ():
        points = domain.on_faces(jax.random.key(0), 16, (face,))
        places = jnp.concatenate([points, domain.interior(jax.random.key(0), 16)])
        one_there, other_there = (
            _chosen(np.asarray(jax.vmap(function(c.prescribes[2]))(places)), mine, common)
            for c, mine in zip((one, other), own, strict=True)
            if c.prescribes
        )
        apart = np.abs(one_there - other_there)[: len(points)].max(axis=1)
        # Beside what the values are inside, too: on a face sin π is rounding, and no zero.
        sizes = np.abs(np.concatenate([one_there, other_there], axis=1))
        largest = float(sizes.max(initial=0.0, where=np.isfinite(sizes)))
        if apart.max() > float(np.finfo(points.dtype).eps) ** 0.5 * largest:
            at = np.asarray(points[int(apart.argmax())])
            raise ConfigurationError(
                f"conditions: {one.name!r} and {other.name!r} contradict one another on "
                f"{domain.words(face)!r}: their values differ by {apart.max():.3g} at {at}; keep "
                "one of them"
            )


def _chosen(
    values: np.ndarray, own: tuple[int, ...] | None, common: tuple[int, ...] | None
) -> np.ndarray:
    """Values ``(n,)`` or ``(n, m)`` of the components that two conditions have in common."""
    table = values.reshape(len(values), -1)
    if common is None or table.shape[1] == 1:
        return table
    return table[:, [c if own is None else own.index(c) for c in common]]
