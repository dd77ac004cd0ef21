"""The activations offered by name; a network takes any function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ConfigurationError, UnknownNameError

__all__ = ["ACTIVATIONS", "Activation", "ActivationName", "activation_of"]

Activation = Callable[[Array], Array]
"""A function of each entry of an array."""

ActivationName = Literal["tanh", "sin", "gelu", "silu", "softplus"]
"""The words of ``ACTIVATIONS``."""

ACTIVATIONS: dict[ActivationName, Activation] = {
    "tanh": jnp.tanh,
    "sin": jnp.sin,
    "gelu": jax.nn.gelu,
    "silu": jax.nn.silu,
    "softplus": jax.nn.softplus,
}
"""By name; all smooth, since residuals and local energies need two derivatives or more: no relu."""


def activation_of(chosen: Activation | str) -> Activation:
    """The activation of a name, or the function that is given.

    Raises:
        UnknownNameError: for a name that is not offered.
        ConfigurationError: for what is neither a name nor a function.

    >>> activation_of("tanh") is activation_of(jnp.tanh)
    True
    """
    if isinstance(chosen, str):
        if chosen not in ACTIVATIONS:
            raise UnknownNameError("activation", chosen, ACTIVATIONS)
        return ACTIVATIONS[chosen]
    if not callable(chosen):
        raise ConfigurationError(
            f"activation: expected a smooth function of an array, such as jnp.tanh, or one of "
            f"{', '.join(ACTIVATIONS)}, got {chosen!r}"
        )
    return chosen
