"""Samples against the mixture that they should be of: its modes, and how likely it finds them."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.errors import NonFiniteError, ShapeError
from physml.generative.denoising.gaussian_mixture import GaussianMixture
from physml.generative.judge.share import share


class MixtureSamples(NamedTuple):
    """What samples are worth beside the mixture.

    Attributes:
        modes: the part of samples that is most likely of each component, ``(k,)``.
        mode_errors: standard deviations of ``part − exact``, were the samples of the mixture,
            ``(k,)``.
        worst_mode: the largest of ``|part − exact|`` over that.
        mode_distance: total variation ``½ Σ |part − exact|``.
        log_density: the mean of ``ln p`` of the mixture at the samples.
        log_density_error: its standard deviation.
        furthest: ``max |x|`` of any coordinate.
    """

    modes: np.ndarray
    mode_errors: np.ndarray
    worst_mode: float
    mode_distance: float
    log_density: float
    log_density_error: float
    furthest: float


def mixture_samples(mixture: GaussianMixture, samples: Any, fresh: Any) -> MixtureSamples:
    """Judge samples by a mixture, and by fresh samples of it.

    Components overlap, so that the exact part of each is told by the fresh samples. The error of
    the difference, ``mode_errors``, is by the share of both sets together, with Wilson's term for
    modes that neither has.

    Args:
        mixture: where all is known.
        samples: to be judged, ``(n, d)``, independent.
        fresh: samples of the mixture, ``(m, d)``.

    Raises:
        ShapeError: other shapes, masked or complex numbers.
        NonFiniteError: samples that are not finite, of which the first is named.

    >>> import jax, physml as pm
    >>> pair = pm.generative.GaussianMixture.of([0.5, 0.5], [[-2.0], [2.0]], 0.1)
    >>> x, y = (pair.sample(jax.random.key(i), 1000) for i in (0, 1))
    >>> pm.generative.mixture_samples(pair, x, y).worst_mode < 3
    True
    """
    found, furthest = [], 0.0
    for name, given in (("samples", samples), ("fresh", fresh)):
        x = as_numbers(name, given)
        if x.ndim != 2 or x.shape[1] != mixture.dimension or len(x) < 2:
            raise ShapeError(f"{name}: expected (n, {mixture.dimension}), got {x.shape}")
        if not np.isfinite(x).all():
            first = int(np.argwhere(~np.isfinite(x))[0, 0])
            raise NonFiniteError(f"{name}: expected finite points, got {x[first]} at {first}")
        logs = np.asarray(_log_parts(mixture, jnp.asarray(x, jnp.result_type(float))), float)
        found.append(np.bincount(np.argmax(logs, axis=1), minlength=logs.shape[1]))
        if name == "samples":
            own, furthest = np.logaddexp.reduce(logs, axis=1), float(np.abs(x).max())
    n, m = (int(hits.sum()) for hits in found)
    parts, exact = found[0] / n, found[1] / m
    # Were both of the mixture, all together would tell a mode best, also one that a set lacks.
    pooled = np.array([share(int(hits), n + m).error for hits in found[0] + found[1]])
    errors = pooled * np.sqrt((n + m) / n + (n + m) / m)
    return MixtureSamples(
        modes=parts,
        mode_errors=errors,
        worst_mode=float(np.max(np.abs(parts - exact) / errors)),
        mode_distance=float(0.5 * np.abs(parts - exact).sum()),
        log_density=float(own.mean()),
        log_density_error=float(own.std(ddof=1) / np.sqrt(len(own))),
        furthest=furthest,
    )


@jax.jit
def _log_parts(mixture: GaussianMixture, x: Array) -> Array:
    return jax.vmap(mixture.log_parts)(x)
