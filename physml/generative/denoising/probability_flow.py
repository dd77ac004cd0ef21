"""The likelihood of data by the flow that carries them to noise, with its exact divergence.

    dz/dλ = sin φ cos φ v(z, φ),    d ln p/dλ = −sin φ cos φ ∇·v,    λ = ln tan φ

by the classical Runge–Kutta method in equal steps of ``λ``, in which ``v`` is smooth.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.generative.denoising.reverse_steps import Velocity


def angles_between(low: Array, high: Array, steps: int) -> Array:
    """``steps + 1`` angles from one to the other, equal distances of ``ln tan φ`` apart."""
    levels = jnp.linspace(jnp.log(jnp.tan(low)), jnp.log(jnp.tan(high)), steps + 1)
    return jnp.arctan(jnp.exp(levels))


def log_prob_along(
    velocity: Velocity, z: Array, probes: Array | None, low: Any, high: Any, steps: int
) -> Array:
    """``ln p_low(z)`` of one point, where ``p_high`` is normal.

    Args:
        velocity: ``(z, φ) -> E[v|z]``.
        z: ``(d,)``.
        probes: ``(k, d)``, entries ±1, for Hutchinson's estimate ``mean ηᵀ ∂v η``; None for the
            exact trace.
        low: the angle of the data.
        high: that of noise.
        steps: of Runge–Kutta's method.

    Returns:
        ``()``; or ``(k,)``, one unbiased value for each probe, which it keeps all along.

    Source: Chen et al. (2018), arXiv:1806.07366; Grathwohl et al. (2019), arXiv:1810.01367.
    """
    first, last = jnp.log(jnp.tan(low)), jnp.log(jnp.tan(high))
    h = (last - first) / steps

    def slope(state: tuple[Array, Array], level: Array) -> tuple[Array, Array]:
        angle = jnp.arctan(jnp.exp(level))
        speed = jnp.sin(angle) * jnp.cos(angle)
        at = partial(_flipped, velocity, angle)
        v, push = jax.linearize(at, state[0])
        if probes is None:
            spread = jnp.trace(jax.vmap(push)(jnp.eye(z.size, dtype=z.dtype)))
        else:
            spread = jnp.sum(probes * jax.vmap(push)(probes), axis=1)
        return speed * v, speed * spread

    def step(state: tuple[Array, Array], i: Array) -> tuple[tuple[Array, Array], None]:
        def moved(by: float, slopes: tuple[Array, Array]) -> tuple[Array, Array]:
            return jax.tree.map(lambda x, dx: x + by * h * dx, state, slopes)

        level = first + i * h
        a = slope(state, level)
        b = slope(moved(0.5, a), level + 0.5 * h)
        c = slope(moved(0.5, b), level + 0.5 * h)
        d = slope(moved(1.0, c), level + h)
        whole = jax.tree.map(lambda a, b, c, d: (a + 2 * b + 2 * c + d) / 6, a, b, c, d)
        return moved(1.0, whole), None

    gained = jnp.zeros(() if probes is None else (len(probes),), z.dtype)
    (end, gained), _ = jax.lax.scan(step, (z, gained), jnp.arange(steps))
    return gained - 0.5 * jnp.sum(end**2) - 0.5 * z.size * jnp.log(2 * jnp.pi)


def _flipped(velocity: Velocity, angle: Array, z: Array) -> Array:
    return velocity(z, angle)
