"""Data with noise, and the velocity to be told from them, with as little chance as can be."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from physml.types import Batch


def noised(least: float, most: float, key: Array, data: Array) -> Batch:
    """An angle and a noise for each sample of a batch, and what the batch knows of the velocity.

    ``z_i = cos φ_i x_i + sin φ_i ε_i``, with ``ln sin φ`` uniform, one in each of ``n`` layers. Of
    the batch any ``x_j`` could have been under the noise, with ``w_ij ∝ e^{−|z_i − cos φ_i x_j|²/(2
    sin² φ_i)}``. So the target is ``E[v | z_i, batch] = Σ_j w_ij v_ij``: its mean is ``E[v|z_i]``,
    as that of ``v_i`` itself is, and its variance is less.

    Args:
        least: the smallest angle.
        most: the largest.
        key: a random key.
        data: ``(n, d)``, standardised, independent.

    Returns:
        The term ``denoised``: ``place`` ``(n, d)``, ``angle`` ``(n,)``, ``velocity`` ``(n, d)``.

    Source: Xu, Tong & Jaakkola (2023), arXiv:2302.00670, with the batch as its reference.
    """
    key_angle, key_noise = jax.random.split(key)
    n = len(data)
    place = (jnp.arange(n) + jax.random.uniform(key_angle, (n,), data.dtype)) / n
    low, high = jnp.log(jnp.sin(least)), jnp.log(jnp.sin(most))
    logs = low + (high - low) * place.astype(data.dtype)
    sine, cosine = jnp.exp(logs), jnp.sqrt(-jnp.expm1(2 * logs))
    noise = jax.random.normal(key_noise, data.shape, data.dtype)
    z = cosine[:, None] * data + sine[:, None] * noise

    def known(z: Array, noise: Array, i: Array, sine: Array, cosine: Array) -> Array:
        # ε_j = ε_i + cot φ (x_i − x_j): without the difference of z and cos φ x.
        noises = noise[None] + (cosine / sine) * (data[i][None] - data)
        weights = jax.nn.softmax(-0.5 * jnp.sum(noises**2, axis=1))
        return cosine * (weights @ noises) - sine * (weights @ data)

    told = jax.vmap(known)(z, noise, jnp.arange(n), sine, cosine)
    angle = jnp.arctan2(sine, cosine)
    return {"denoised": {"place": z, "angle": angle, "velocity": told}}
