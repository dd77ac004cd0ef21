"""Observables of a density of real numbers: one number each, by names that nothing else has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from physml.errors import ConfigurationError, ShapeError, UnknownNameError
from physml.generative.flows.real_model import RealModel

TOLD = (
    "log_partition",
    "log_partition_error",
    "exact",
    "ess",
    "bound",
    "integration_error",
    "samples",
    "acceptance",
    "unit",
    "steps",
    "parameters",
    "compile_seconds",
)
"""What is told of every flow."""

ENDINGS = ("", "_error", "_exact", "_chain", "_chain_error", "_chain_tau", "_chain_converged")
"""What is told of an observable: its name with each."""


def check_observables(model: RealModel) -> None:
    """Refuse what would be told under the name of something else, or is not one number.

    Raises:
        ShapeError: an observable that is not one real number.
        ConfigurationError: a name that is taken.
    """
    outline = jax.ShapeDtypeStruct(model.shape, jnp.result_type(float))
    observables = jax.eval_shape(model.observables, outline)
    for name, value in observables.items():
        if getattr(value, "shape", None) != () or jnp.iscomplexobj(value):
            raise ShapeError(f"observables: expected one real number as {name!r}, got {value}")
    names = Counter([*TOLD, *(name + end for name in observables for end in ENDINGS)])
    taken = [name for name, times in names.items() if times > 1]
    if taken:
        raise ConfigurationError(
            f"observables: expected names of their own, got {', '.join(taken)}, which "
            "numbers() tells already"
        )


def observable_of(observables: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """One of them by name.

    Raises:
        UnknownNameError: for another name.
    """
    if name not in observables:
        raise UnknownNameError("observable", name, observables)
    return observables[name]
