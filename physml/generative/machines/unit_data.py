"""Data of units of two values, looked at before anything is learned from them."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers, check_finite
from physml.errors import ConfigurationError, ShapeError
from physml.networks import UnitEnergy


def as_units(
    name: str, data: Any, network: UnitEnergy, shape: tuple[int, ...] | None = None
) -> Array:
    """Configurations ``(n, ...)`` whose entries are a network's two values.

    Args:
        name: of the argument, for the error.
        data: numbers.
        network: of units 0 and 1, or of spins.
        shape: of one configuration, where it is known.

    Raises:
        ShapeError: no configurations, other entries, another shape.
        NonFiniteError: a NaN or an infinity.
    """
    array = as_numbers(name, data)
    if array.ndim < 2 or array.size == 0:
        raise ShapeError(f"{name}: expected configurations (n, ...), got {array.shape}")
    if shape is not None and array.shape[1:] != shape:
        expected = ", ".join(map(str, ("n", *shape)))
        raise ShapeError(f"{name}: expected ({expected}), got {array.shape}")
    check_finite(name, array)
    found = np.unique(array)
    if not set(found.tolist()) <= {network.low, 1.0}:
        values, cure = "0 and 1", "(s + 1)/2 of spins, a threshold of grey values"
        if network.spins:
            values, cure = "−1 and 1", "2 v − 1 of 0 and 1, or spins=False of the network"
        got = ", ".join(f"{x:g}" for x in found[:4])
        raise ShapeError(f"{name}: expected entries {values}, got {got}; take {cure}")
    return jnp.asarray(array, jnp.result_type(float))


def as_network(network: Any) -> UnitEnergy:
    """A network that knows its units.

    Raises:
        ConfigurationError: another one.
    """
    if isinstance(network, UnitEnergy):
        return network
    raise ConfigurationError(
        "network: expected an energy of units, such as pm.networks.RestrictedBoltzmannMachine("
        f"hidden=16), or a class of your own that derives pm.networks.UnitEnergy, got {network!r}"
    )
