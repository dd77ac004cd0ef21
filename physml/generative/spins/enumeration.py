"""All configurations of a few spins: sums without a sampling error."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError

MOST = 24
"""Spins that are enumerated; each one more doubles the time."""

_AT_ONCE = 2**12


def check_few(sites: int) -> None:
    """Refuse more spins than are enumerated.

    Raises:
        ConfigurationError: with how many.
    """
    if not 0 < sites <= MOST:
        raise ConfigurationError(f"sites: expected from 1 to {MOST} to enumerate, got {sites}")


def configuration(number: Array, shape: tuple[int, ...]) -> Array:
    """Configuration ``number`` of ``2^N``: bit ``i`` set means spin ``i`` is up.

    >>> import jax.numpy as jnp
    >>> configuration(jnp.array(2), (2,)).tolist()
    [-1.0, 1.0]
    """
    bits = (number >> jnp.arange(int(np.prod(shape)))) & 1
    return (2 * bits - 1).astype(jnp.result_type(float)).reshape(shape)


def over_all(function: Callable[[Array], Array], shape: tuple[int, ...]) -> np.ndarray:
    """A function's value at every configuration, ``(2^N, ...)``.

    Args:
        function: of one configuration.
        shape: of it, ``N ≤ 24`` sites.

    Raises:
        ConfigurationError: for more.

    >>> import jax.numpy as jnp
    >>> over_all(jnp.sum, (2,)).tolist()
    [-2.0, 0.0, 0.0, 2.0]
    """
    sites = int(np.prod(shape))
    check_few(sites)
    numbers = jnp.arange(2**sites)

    @jax.jit
    def values(numbers: Array) -> Array:
        return jax.lax.map(
            lambda number: function(configuration(number, shape)), numbers, batch_size=_AT_ONCE
        )

    return np.asarray(values(numbers))
