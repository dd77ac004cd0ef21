"""Whether points that were given lie in a domain, judged the same for every use of them."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from physml.errors import ConfigurationError, ShapeError
from physml.pinn.geometry.domain import Domain


def check_inside(what: str, domain: Domain, points: np.ndarray) -> None:
    """Refuse points ``(n, d)`` of another dimension, or outside.

    Args:
        what: their name in the message, such as ``data: points``.
        domain: where they are to lie.
        points: ``(n, d)``.

    Raises:
        ShapeError: for points of another dimension.
        ConfigurationError: for one outside.
    """
    if points.shape[1] != domain.dimension:
        raise ShapeError(
            f"{what}: expected (n, {domain.dimension}) for coordinates {domain.names}, got "
            f"{points.shape}"
        )
    outside = ~np.asarray(domain.contains(jnp.asarray(points)))
    if outside.any():
        raise ConfigurationError(
            f"{what}: expected all inside {domain}, got {outside.sum()} of {len(points)} outside, "
            f"the first {points[np.argmax(outside)]}"
        )
