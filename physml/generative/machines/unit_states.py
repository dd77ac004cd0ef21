"""Sums over all states of units of two values."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.generative.spins.enumeration import configuration, over_all

MOST = 20
"""Units that are summed over; each one more doubles the time."""


def check_summed(units: int) -> None:
    """Refuse more units than are summed over.

    Raises:
        ConfigurationError: with how many.
    """
    if not 0 < units <= MOST:
        raise ConfigurationError(
            f"units: expected from 1 to {MOST} to sum over all of their states, got {units}; "
            "annealed_importance estimates ln Z of more"
        )


def state(number: Array, shape: tuple[int, ...], low: float) -> Array:
    """State ``number`` of ``2^N``, of entries ``low`` and 1."""
    return _of_spins(configuration(number, shape), low)


def over_states(
    function: Callable[[Array], Array], shape: tuple[int, ...], low: float
) -> np.ndarray:
    """A function's value at every state, ``(2^N, ...)``.

    Args:
        function: of one state.
        shape: of it, at most 20 units.
        low: −1 of spins, 0 of units; the other value is 1.

    Raises:
        ConfigurationError: for more.

    >>> import jax.numpy as jnp
    >>> over_states(jnp.sum, (2,), 0.0).tolist()
    [0.0, 1.0, 1.0, 2.0]
    """
    check_summed(int(np.prod(shape)))
    return over_all(lambda spins: function(_of_spins(spins, low)), shape)


def _of_spins(spins: Array, low: float) -> Array:
    return jnp.where(spins > 0, 1.0, low).astype(spins.dtype)
