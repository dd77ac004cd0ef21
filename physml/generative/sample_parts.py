"""Samples to train on and to judge by, with the classes that they may be conditioned on."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.datasets.dataset import Dataset
from physml.datasets.labels import as_labels
from physml.errors import ConfigurationError, ShapeError


def as_parts(data: Any) -> tuple[Dataset, Dataset | None]:
    """What to train on and what to judge by, of a data set or of samples alone.

    Raises:
        ShapeError, NonFiniteError: see ``Dataset``.
    """
    if not isinstance(data, Dataset):
        array = np.ma.asarray(data)
        data = Dataset(data, np.zeros(len(array) if array.ndim else 0))
    return (data, None) if data.split is None else (data.train, data.test)


def as_samples(data: Dataset, classes: int) -> dict[str, Array]:
    """Samples in jax's precision, with one-hot conditions where there are classes."""
    dtype = jnp.result_type(float)
    samples = {"x": jnp.asarray(data.inputs, dtype)}
    if classes:
        samples["condition"] = jax.nn.one_hot(data.labels, classes, dtype=dtype)
    return samples


def as_condition(labels: Any, classes: int, n: int) -> dict[str, Array]:
    """One-hot conditions of ``n`` samples; nothing of a model without classes.

    Raises:
        ConfigurationError: labels where none are meant, or none where they are.
        ShapeError: labels that are none, or are not ``n``.
    """
    if not classes:
        if labels is not None:
            raise ConfigurationError(
                "labels: expected none, of a model that is not conditional, got some; train with "
                "conditional=True"
            )
        return {}
    if labels is None:
        raise ConfigurationError(
            f"labels: expected a class from 0 to {classes - 1} for each of {n} samples, of a "
            "conditional model, got none"
        )
    given = as_labels("labels", labels, classes=classes)
    if given.shape != (n,):
        raise ShapeError(f"labels: expected one for each of {n} samples, got {given.shape}")
    return {"condition": jax.nn.one_hot(given, classes, dtype=jnp.result_type(float))}
