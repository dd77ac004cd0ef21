"""The upper corners of a cavity, where lid and wall meet and a flow is homogeneous in the distance.

Source: Moffatt (1964), doi:10.1017/S0022112064000015.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array


def offsets(z: Array) -> Array:
    """``(2, 2)``: from the left and from the right corner, how far along the lid and down."""
    x, y = z
    return jnp.stack([jnp.stack([x, 1 - y]), jnp.stack([1 - x, 1 - y])])


def distances(z: Array) -> Array:
    """``(2,)``: r of the left and of the right corner, no less than 1e-15."""
    return jnp.sqrt(jnp.maximum(jnp.sum(offsets(z) ** 2, axis=1), 1e-30))


def features(z: Array) -> Array:
    """``(6,)``: the cosine and sine of the angle at either corner, then both ``log(r)/3``.

    In a corner a velocity is a power of r times a function of the angle, a pressure has log r. The
    logarithm levels off below 1e-3, since no number stands for it in the corner itself.
    """
    r = distances(z)
    return jnp.append(offsets(z) / r[:, None], jnp.log(r**2 + 1e-6) / 6)


def walls(z: Array, power: int) -> Array:
    """``8 x(1 − x) y(1 − y) / (r_left r_right)^k``: zero on all walls, and like ``r^(2−k)`` there.

    Args:
        z: the point, (x, y).
        power: k.
    """
    return 8 * jnp.prod(z * (1 - z)) / jnp.prod(distances(z)) ** power
