"""Samples that are not finite: left out up to a small share, counted, and named by who measures."""

from __future__ import annotations

import numpy as np
from jax import Array

from physml.errors import NonFiniteError

_SHARE = 1e-4


def bearable(samples: int) -> int:
    """How many of so many samples may be left out: one in 10⁴, or a single one."""
    return max(1, int(_SHARE * samples))


def filled(samples: np.ndarray, walkers: np.ndarray | Array) -> np.ndarray:
    """Samples with the mean of the others at their step where one is not finite.

    Args:
        samples: ``(steps, walkers, ...)``; one counts as not finite where any of its numbers is.
        walkers: ``(steps, walkers, N, d)``, to name one if none is finite.

    Returns:
        As the samples.

    Raises:
        NonFiniteError: if none is finite.
    """
    finite = np.isfinite(samples)
    if finite.all():
        return samples
    finite = finite.all(axis=tuple(range(2, samples.ndim)), keepdims=True)
    if not finite.any():
        raise NonFiniteError(
            f"none of {finite.size} local energies is finite; first at "
            f"{np.asarray(walkers)[0, 0].tolist()}. Expected finite numbers away from coinciding "
            "particles: check the Hamiltonian there"
        )
    kept = np.where(finite, samples, 0)
    count = finite.sum(axis=1, keepdims=True)
    of_step = kept.sum(axis=1, keepdims=True) / np.maximum(count, 1)
    of_all = kept.sum(axis=(0, 1), keepdims=True) / count.sum()
    result: np.ndarray = np.where(finite, samples, np.where(count > 0, of_step, of_all))
    return result
