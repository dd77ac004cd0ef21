"""A damping that falls in equal ratios, from what noise wants to what convergence wants."""

from __future__ import annotations

import jax.numpy as jnp
import optax
from jax import Array
from jax.typing import ArrayLike

from physml.errors import ConfigurationError
from physml.ranges import check_positive


def falling_damping(
    first: float, last: float | None, steps: float | None
) -> float | optax.Schedule:
    """``λ = λ₀ (λ₁/λ₀)ˣ``, ``x = min(step/steps, 1)``.

    Where the cost begins far above its least, residuals of few samples are noise, which a small
    damping would follow; near the end they vanish, and a large one keeps what matters little as it
    was.

    Args:
        first: ``λ₀``.
        last: ``λ₁``; None for a constant.
        steps: until there.

    Returns:
        A number, or an optax schedule.

    Raises:
        ConfigurationError: for a last damping that is not positive, or no steps to it.

    >>> from physml.optim.falling_damping import falling_damping
    >>> [round(float(falling_damping(1e-2, 1e-4, 100)(step)), 7) for step in (0, 50, 100, 200)]
    [0.01, 0.001, 0.0001, 0.0001]
    """
    if last is None:
        return first
    check_positive("damping_last", last)
    check_positive("damping", first, expected=" where it falls")
    if steps is None:
        raise ConfigurationError(
            "damping_last: expected cosine steps beside it, over which it is reached, got none"
        )
    start, end = float(first), float(last)
    ratio, number = end / start, float(steps)

    def damping(step: ArrayLike) -> Array:
        return start * ratio ** jnp.minimum(jnp.asarray(step) / number, 1.0)

    return damping
