"""A learning rate that halves, and halves again; or one that falls along half a cosine."""

from __future__ import annotations

import jax.numpy as jnp
import optax
from jax import Array
from jax.typing import ArrayLike

from physml.errors import ConfigurationError
from physml.ranges import check_positive

_LAST = 0.01


def scheduled(
    learning_rate: float, decay: float | None = None, cosine: float | None = None
) -> float | optax.Schedule:
    """A constant learning rate, or one that falls, by the options of a recipe.

    Args:
        learning_rate: ``η`` of the first step.
        decay: steps until it has halved, see ``halving``; None for not in this way.
        cosine: steps until it is at its last, see ``falling``; None for not in this way.

    Returns:
        A number, or an optax schedule.

    Raises:
        ConfigurationError: for a rate or a number of steps that is not positive; for both ways.
    """
    if cosine is None:
        return halving(learning_rate, decay)
    if decay is not None:
        raise ConfigurationError(
            f"cosine: expected none beside a decay, got {cosine} beside {decay}; leave one out"
        )
    return falling(learning_rate, cosine)


def halving(learning_rate: float, decay: float | None = None) -> float | optax.Schedule:
    """``η / (1 + step/decay)``: half after ``decay`` steps, a third after twice as many.

    Args:
        learning_rate: ``η`` of the first step.
        decay: steps until it has halved; None for a constant one.

    Returns:
        A number, or an optax schedule.

    Raises:
        ConfigurationError: for a rate or a decay that is not positive.

    >>> from physml.optim.learning_rate import halving
    >>> halving(0.1, 200.0)(200)
    0.05
    """
    check_positive("learning_rate", learning_rate)
    if decay is None:
        return learning_rate
    if not decay > 0:
        raise ConfigurationError(f"decay: expected steps > 0, got {decay}")
    # These two names are in the fingerprints of runs.
    rate = learning_rate
    return lambda step: rate / (1 + step / decay)


def falling(learning_rate: float, steps: float) -> optax.Schedule:
    """``η (ε + (1 − ε) ½(1 + cos π x))``, ``x = min(step/steps, 1)``, ``ε = 1/100``.

    Of the step alone, and not of how many a run is asked for: one that goes on beyond is the same
    until there, and then keeps the last rate.

    Args:
        learning_rate: ``η`` of the first step.
        steps: until it is a hundredth of that.

    Raises:
        ConfigurationError: for a rate or steps that are not positive and finite.

    Source: Loshchilov and Hutter (2017), arXiv:1608.03983, without its restarts.

    >>> from physml.optim.learning_rate import falling
    >>> [round(float(falling(0.1, 200)(step)), 6) for step in (0, 100, 200, 300)]
    [0.1, 0.0505, 0.001, 0.001]
    """
    check_positive("learning_rate", learning_rate)
    check_positive("cosine", steps)

    def rate(step: ArrayLike) -> Array:
        part = jnp.minimum(jnp.asarray(step) / steps, 1.0)
        return learning_rate * (_LAST + (1 - _LAST) * 0.5 * (1 + jnp.cos(jnp.pi * part)))

    return rate
