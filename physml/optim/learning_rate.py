"""A learning rate that halves, and halves again."""

from __future__ import annotations

import optax

from physml.errors import ConfigurationError
from physml.optim.ranges import check_positive


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
