"""From noise back to data: one step of one sample, by each of the usual methods.

A method is ``(velocity, key, z, now, after) -> z'`` with ``velocity(z, φ) = E[v|z]`` and angles
``after < now``; one of your own can be given in its place.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

Velocity = Callable[[Array, Array], Array]
"""``(z, φ) -> E[v|z]``, of one point."""

Method = Callable[[Velocity, Array, Array, Array, Array], Array]
"""``(velocity, key, z, now, after) -> z'``."""


def ddim(velocity: Velocity, key: Array, z: Array, now: Array, after: Array) -> Array:
    """Deterministic: data and noise as told now, mixed anew, ``cos Δφ z + sin Δφ v``.

    A step of first order of the probability flow, exact where data are one point.

    Source: Song, Meng & Ermon (2021), arXiv:2010.02502, equation 12 with σ = 0.
    """
    del key
    turn = after - now
    return jnp.cos(turn) * z + jnp.sin(turn) * velocity(z, now)


def ddpm(velocity: Velocity, key: Array, z: Array, now: Array, after: Array) -> Array:
    """Ancestral: drawn from ``q(z' | z, z₀)`` with the data as told now.

    Source: Ho, Jain & Abbeel (2020), arXiv:2006.11239, equations 6 and 7.
    """
    data = jnp.cos(now) * z - jnp.sin(now) * velocity(z, now)
    before, noise = jnp.sin(after) ** 2, jnp.sin(now) ** 2
    ratio = jnp.cos(now) / jnp.cos(after)
    added = noise - ratio**2 * before
    mean = (ratio * before * z + jnp.cos(after) * added * data) / noise
    return mean + jnp.sqrt(added * before / noise) * jax.random.normal(key, z.shape, z.dtype)


def reverse_sde(velocity: Velocity, key: Array, z: Array, now: Array, after: Array) -> Array:
    """Euler–Maruyama's step of ``dx = [−½βx − β∇ln p] dt + √β dW`` backwards in time.

    ``∫β dt = 2 ln(cos φ'/cos φ)`` of a step is exact.

    Source: Song et al. (2021), arXiv:2011.13456, equation 6; Anderson (1982),
    doi:10.1016/0304-4149(82)90051-5.
    """
    added = 2 * jnp.log(jnp.cos(after) / jnp.cos(now))
    score = -z - velocity(z, now) / jnp.tan(now)
    noise = jax.random.normal(key, z.shape, z.dtype)
    return z + added * (0.5 * z + score) + jnp.sqrt(added) * noise


def probability_flow(velocity: Velocity, key: Array, z: Array, now: Array, after: Array) -> Array:
    """Deterministic, of second order: Heun's step of ``dz/dφ = E[v|z]``.

    Source: Karras et al. (2022), arXiv:2206.00364, algorithm 1.
    """
    del key
    first = velocity(z, now)
    second = velocity(z + (after - now) * first, after)
    return z + 0.5 * (after - now) * (first + second)
