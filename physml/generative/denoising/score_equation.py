"""The Fokker–Planck equation of the score, which a score obeys only if it is that of a density."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from physml.generative.denoising.noise_schedule import NoiseSchedule

Score = Callable[[Array, Array], Array]
"""``(x, t) -> ∇ ln p_t``, of one point ``(d,)`` and a time ``()``."""


def score_residual(score: Score, schedule: NoiseSchedule, x: Array, t: Array) -> Array:
    """``∂_t s − ∇[½g² (∇·s + |s|²) − f·s − ∇·f]`` of one point, ``f = −½βx``, ``g² = β``.

    It follows from ``∂_t p = −∇·(f p) + ½g² Δp`` and vanishes where ``s = ∇ ln p_t``; so the
    bracket is ``½β (∇·s + |s|² + x·s + d)``.

    Args:
        score: of standardised data.
        schedule: of the noise.
        x: ``(d,)``.
        t: ``()``, in ``(0, T]``.

    Returns:
        ``(d,)``, an inverse time.

    Source: Lai et al. (2023), arXiv:2210.04296, theorem 3.1.

    >>> import jax.numpy as jnp, physml as pm
    >>> x, t = jnp.array([0.3, -1.0]), jnp.array(0.2)
    >>> normal = lambda x, t: -x  # normal data stay normal
    >>> schedule = pm.generative.VariancePreserving()
    >>> pm.generative.score_residual(normal, schedule, x, t).tolist()
    [0.0, 0.0]
    """

    def bracket(x: Array) -> Array:
        s = score(x, t)
        spread = jnp.trace(jax.jacfwd(lambda y: score(y, t))(x))
        return 0.5 * schedule.beta(t) * (spread + s @ s + x @ s)

    change = jax.jvp(lambda t: score(x, t), (t,), (jnp.ones_like(t),))[1]
    return change - jax.grad(bracket)(x)
