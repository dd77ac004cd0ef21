"""Probabilistic principal components: the likelihood that a linear autoencoder can reach."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.errors import ConfigurationError, NonFiniteError, ShapeError


class ProbabilisticPCA(NamedTuple):
    """``x = W z + m + σ ε`` of largest likelihood.

    Attributes:
        mean: ``m``, ``(d,)``.
        weights: ``W``, ``(d, k)``, up to a rotation of ``z``: here its columns are orthogonal.
        variance: ``σ²``.
        log_likelihood: the mean of ``ln p(x)`` over the samples, in nats.
    """

    mean: np.ndarray
    weights: np.ndarray
    variance: float
    log_likelihood: float


def probabilistic_pca(samples: Any, latent: int) -> ProbabilisticPCA:
    """The largest likelihood of ``x ~ N(m, W Wᵀ + σ²)``, in closed form.

        σ² = mean of the d − k smallest eigenvalues λ of the covariance (by 1/n)
        W  = U_k (Λ_k − σ²)^½
        ln p = −½ (Σ_k ln λ + (d − k) ln σ² + d (1 + ln 2π))   a sample

    Args:
        samples: ``(n, d)``, or ``(n, ...)``, flattened.
        latent: ``k``, from 1 to ``d − 1``.

    Raises:
        ShapeError: another shape.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: too many latent numbers; samples without noise, whose likelihood has no
            maximum.

    Source: Tipping and Bishop (1999), doi:10.1111/1467-9868.00196.

    >>> import numpy as np, physml as pm
    >>> x = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> found = pm.generative.probabilistic_pca(x, 1)
    >>> round(found.variance, 3), np.abs(found.weights).round(3).tolist()
    (0.5, [[2.0], [0.0]])
    """
    x = as_numbers("samples", samples)
    if x.ndim < 2 or len(x) < 2:
        raise ShapeError(f"samples: expected at least two (n, d), got {x.shape}")
    if not np.isfinite(x).all():
        raise NonFiniteError("samples: expected finite numbers, got a NaN or an infinity")
    x = x.reshape(len(x), -1)
    n, d = x.shape
    latent = as_whole("latent", latent, least=1)
    if latent >= d:
        raise ConfigurationError(f"latent: expected fewer than {d} components, got {latent}")
    mean = x.mean(axis=0)
    _, singular, rows = np.linalg.svd(x - mean, full_matrices=False)
    eigenvalues = np.zeros(d)
    eigenvalues[: len(singular)] = singular**2 / n
    variance = float(eigenvalues[latent:].mean())
    if not variance > 1e-14 * eigenvalues.max(initial=0.0):
        raise ConfigurationError(
            f"samples: expected some that vary in more than {latent} directions, got none: their "
            "likelihood has no maximum"
        )
    kept = eigenvalues[:latent]
    weights = rows[:latent].T * np.sqrt(kept - variance)
    total = np.log(kept).sum() + (d - latent) * np.log(variance) + d * (1 + np.log(2 * np.pi))
    return ProbabilisticPCA(mean, weights, variance, float(-0.5 * total))
