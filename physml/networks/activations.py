"""The activations offered by name; a network takes any function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array

__all__ = ["ACTIVATIONS", "ActivationName"]

ActivationName = Literal["tanh", "sin", "gelu", "silu", "softplus"]
"""The words of ``ACTIVATIONS``."""

ACTIVATIONS: dict[ActivationName, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "sin": jnp.sin,
    "gelu": jax.nn.gelu,
    "silu": jax.nn.silu,
    "softplus": jax.nn.softplus,
}
"""By name; all smooth, since residuals and local energies need two derivatives or more: no relu."""
