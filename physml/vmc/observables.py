"""What walkers tell of a state: density and distances."""

from __future__ import annotations

import math

import numpy as np

from physml.errors import ShapeError


def radial_density(walkers: np.ndarray, *, bins: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """The one-body density by distance from the origin, ``∫ n(r) dᵈr = N``.

    Args:
        walkers: ``(..., N, d)``, in bohr.
        bins: shells from 0 to the largest distance that 99.9% of particles keep.

    Returns:
        Distances ``(bins,)`` in bohr and the density ``(bins,)`` in bohr⁻ᵈ.

    Raises:
        ShapeError: for walkers without particles and coordinates.

    >>> import numpy as np, physml as pm
    >>> r, density = pm.radial_density(np.random.default_rng(0).normal(size=(1000, 2, 3)))
    >>> density.shape
    (50,)
    """
    n, d = _particles(walkers, at_least=1)
    distances = np.linalg.norm(walkers, axis=-1).ravel()
    counts, edges = _histogram(distances, bins)
    ball = math.pi ** (d / 2) / math.gamma(d / 2 + 1)
    shells = ball * np.diff(edges**d)
    return 0.5 * (edges[1:] + edges[:-1]), counts * n / (len(distances) * shells)


def pair_distribution(walkers: np.ndarray, *, bins: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """The distribution of pair distances, ``∫ p(r) dr = 1``.

    Args:
        walkers: ``(..., N, d)`` with N > 1, in bohr.
        bins: from 0 to the distance that 99.9% of pairs keep.

    Returns:
        Distances ``(bins,)`` in bohr and the distribution ``(bins,)`` in 1/bohr.

    Raises:
        ShapeError: for walkers of fewer than two particles.
    """
    first, second = np.triu_indices(_particles(walkers, at_least=2)[0], k=1)
    apart = walkers[..., first, :] - walkers[..., second, :]
    distances = np.linalg.norm(apart, axis=-1).ravel()
    counts, edges = _histogram(distances, bins)
    return 0.5 * (edges[1:] + edges[:-1]), counts / (len(distances) * np.diff(edges))


def _particles(walkers: np.ndarray, *, at_least: int) -> tuple[int, int]:
    if walkers.ndim < 2 or walkers.shape[-2] < at_least or walkers.size == 0:
        raise ShapeError(
            f"walkers: expected (..., N, d) with N ≥ {at_least} particles, got {walkers.shape}"
        )
    return walkers.shape[-2], walkers.shape[-1]


def _histogram(distances: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    edges = np.linspace(0.0, np.quantile(distances, 0.999), bins + 1)
    return np.histogram(distances, edges)[0], edges
