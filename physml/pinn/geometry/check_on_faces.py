"""Whether points that were given lie on faces of a domain, and have one normal there."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from physml.errors import ConfigurationError
from physml.pinn.geometry.domain import Domain, On


def check_on_faces(
    what: str, domain: Domain, on: On, points: np.ndarray, *, normal: bool = False
) -> None:
    """Refuse points ``(n, d)`` that lie elsewhere, or where faces meet.

    Args:
        what: their name in the message, such as ``points: dirichlet x``.
        domain: whose faces.
        on: which of them.
        points: ``(n, d)``.
        normal: whether each needs one outward normal.

    Raises:
        ConfigurationError: for one off the faces; with several normals where it needs one.
    """
    touched = domain.touched(on, jnp.asarray(points))
    away = ~touched.any(axis=1)
    if away.any():
        raise ConfigurationError(
            f"{what}: expected all on {_faces(on)} of {domain}, got {away.sum()} of {len(points)} "
            f"elsewhere, the first {points[np.argmax(away)]}"
        )
    if not normal:
        return
    several = domain.normals_differ(on, jnp.asarray(points))
    if several.any():
        raise ConfigurationError(
            f"{what}: expected points with one outward normal, got {several.sum()} where faces "
            f"meet, the first {points[np.argmax(several)]}; leave them out, or name one of the "
            "faces with on=..."
        )


def _faces(on: On) -> str:
    return repr(on) if isinstance(on, str) else " or ".join(map(repr, on))
