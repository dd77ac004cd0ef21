"""Entries whose covariances are singular to rounding in single precision."""

from __future__ import annotations

import jax.numpy as jnp

from physml.errors import ConfigurationError


def check_double(name: str) -> None:
    """Refuse single precision.

    Raises:
        ConfigurationError: for an entry that is to run in it.
    """
    if jnp.result_type(float) != jnp.float64:
        raise ConfigurationError(
            f"{name}: expected --precision 64, since covariances are singular in single precision"
        )
