"""How far apart two particles are, in open space and in a periodic cell.

In a cell of lengths ``L`` the distance ``√Σ_a (L_a/π)² sin²(π Δ_a/L_a)`` is smooth wherever two
particles do not meet, equals ``|Δ|`` where they nearly do, and has the period of the cell.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array


def cell_lengths(system: Any) -> np.ndarray | None:
    """The lengths of a system's cell in bohr, ``(d,)``, or None in open space."""
    cell = getattr(system, "cell", None)
    return None if cell is None else np.asarray(cell.lengths, float)


def distance(delta: Array, lengths: np.ndarray | None) -> Array:
    """The distance of two particles, ``(..., d) -> (...)``, periodic in a cell."""
    if lengths is not None:
        over = _beside(delta, lengths)
        delta = jnp.sin(np.pi * delta / over) * over / np.pi
    return jnp.sqrt(jnp.sum(delta**2, axis=-1))


def smooth_features(delta: Array, length: float, lengths: np.ndarray | None) -> Array:
    """What a network may know of a pair without disturbing its cusp, ``(..., d) -> (..., m)``.

    Direction and distance as functions whose expansion at contact has no term linear in
    ``r = |Δ|``: in open space ``Δ/√(ℓ² + r²)`` and ``ln(1 + r²/ℓ²)``, in a cell
    ``sin(2πΔ_a/L_a)`` and ``cos(2πΔ_a/L_a)``; and ``r³/(ℓ(ℓ² + r²))`` in both.

    Args:
        delta: ``x_i − x_j``, in bohr.
        length: ``ℓ``, in bohr.
        lengths: of the cell, or None.

    Returns:
        ``m = d + 2`` features in open space, ``2d + 1`` in a cell.
    """
    r = distance(delta, lengths)[..., None] / length
    cubic = r**3 / (1 + r**2)
    if lengths is None:
        return jnp.concatenate([delta / (length * jnp.sqrt(1 + r**2)), jnp.log1p(r**2), cubic], -1)
    phase = 2 * np.pi * delta / _beside(delta, lengths)
    return jnp.concatenate([jnp.sin(phase), jnp.cos(phase), cubic], axis=-1)


def _beside(delta: Array, lengths: np.ndarray) -> Array:
    """The lengths, with as many axes as the displacements have."""
    return jnp.asarray(lengths.reshape((1,) * (delta.ndim - 1) + lengths.shape), delta.dtype)
