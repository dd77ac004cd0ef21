"""Data with noise, and the velocity to be told from them, with as little chance as can be."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from physml.types import Batch


def noised(
    least: float,
    most: float,
    key: Array,
    data: Array,
    *,
    size: int | None = None,
    power: float = 1.0,
) -> Batch:
    """An angle and a noise for samples of a batch, and what the batch knows of the velocity.

    ``z_i = cos φ_i x_i + sin φ_i ε_i``, with ``ln(sin φ/sin φ_T) = yᵏ ln(sin φ₀/sin φ_T)``, ``y``
    uniform, one in each of ``n`` layers. A sample weighs ``w = k yᵏ⁻¹``, so that weighted means are
    those of ``ln sin φ`` uniform, whatever ``k``; 2 looks more often where there is much noise. Of
    the batch any ``x_j`` could have been under the noise, with ``w_ij ∝ e^{−|z_i − cos φ_i x_j|²/(2
    sin² φ_i)}``. So the target is ``E[v | z_i, batch] = Σ_j w_ij v_ij``: its mean is ``E[v|z_i]``,
    as that of ``v_i`` itself is, and its variance is less.

    Args:
        least: the smallest angle.
        most: the largest.
        key: a random key.
        data: ``(m, d)``, standardised, independent.
        size: ``n ≤ m``, of the first of which places are made; all if None.
        power: ``k``.

    Returns:
        The term ``denoised``: ``place`` ``(n, d)``, ``angle`` ``(n,)``, ``velocity`` ``(n, d)``,
        ``root`` ``√w``, ``(n,)``.

    Source: Xu, Tong & Jaakkola (2023), arXiv:2302.00670, with the batch as its reference.
    """
    key_angle, key_noise = jax.random.split(key)
    own = data if size is None else data[:size]
    n = len(own)
    place = (jnp.arange(n) + jax.random.uniform(key_angle, (n,), data.dtype)) / n
    low, high = jnp.log(jnp.sin(least)), jnp.log(jnp.sin(most))
    place = 1 - place.astype(data.dtype)
    logs = high + (low - high) * place**power
    sine, cosine = jnp.exp(logs)[:, None], jnp.sqrt(-jnp.expm1(2 * logs))[:, None]
    noise = jax.random.normal(key_noise, own.shape, data.dtype)
    # |ε_j|² − |ε_i|² with ε_j = ε_i + cot φ (x_i − x_j), in products of matrices.
    cot = cosine / sine
    squares = jnp.sum(data**2, axis=1)
    apart = squares[:n, None] + squares[None] - 2 * own @ data.T
    apart = jnp.where(jnp.arange(n)[:, None] == jnp.arange(len(data))[None], 0.0, apart)
    across = jnp.sum(noise * own, axis=1, keepdims=True) - noise @ data.T
    weights = jax.nn.softmax(-0.5 * cot**2 * jnp.maximum(apart, 0.0) - cot * across, axis=1)
    mean = weights @ data
    velocity = cosine * (noise + cot * (own - mean)) - sine * mean
    return {
        "denoised": {
            "place": cosine * own + sine * noise,
            "angle": jnp.arctan2(sine, cosine)[:, 0],
            "velocity": velocity,
            "root": jnp.sqrt(power * place ** (power - 1)),
        }
    }
