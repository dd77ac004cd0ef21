"""Whether a saved density is loaded with the model that it was trained on."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from physml.errors import FingerprintError


def log_densities(model: Any, points: np.ndarray) -> np.ndarray:
    """``ln p̃`` of a model at points ``(n, ...)``, to know it again, ``(n,)``."""
    return np.asarray(jax.vmap(model.log_density)(jnp.asarray(points, jnp.result_type(float))))


def check_model(
    directory: str | Path, arrays: Mapping[str, np.ndarray], model: Any, points: np.ndarray
) -> None:
    """Refuse another model than that of ``arrays["densities"]``: numbers of both would mix.

    What was saved without is loaded with a warning.

    Raises:
        FingerprintError: a model of other densities.
    """
    if "densities" not in arrays:
        warnings.warn(
            f"{directory}: saved before models were kept; whether this is the model that it was "
            "trained on is not known",
            stacklevel=3,
        )
        return
    saved, found = arrays["densities"], log_densities(model, points)
    finite = saved[np.isfinite(saved)]
    scale = 1e-5 * float(np.abs(finite).max(initial=0.0))
    if not np.allclose(found, saved, rtol=1e-5, atol=scale, equal_nan=True):
        raise FingerprintError(
            f"{directory}: the model has other densities than the one that was trained on; "
            "expected the same couplings, temperature and size"
        )
