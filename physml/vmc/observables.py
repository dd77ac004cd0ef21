"""What walkers tell of a state: density, distances, pair correlation, structure factor."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from physml.errors import ShapeError
from physml.vmc.systems.cell import Cell


class Observable(NamedTuple):
    """A function measured with its error.

    Attributes:
        at: distances in bohr or wave numbers in 1/bohr, ``(n,)``.
        values: ``(n,)``.
        errors: one standard deviation of each, from the spread of the walkers' chains, which are
            independent however long their memory is.
    """

    at: np.ndarray
    values: np.ndarray
    errors: np.ndarray


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
    shells = _ball(d) * np.diff(edges**d)
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


def pair_correlation(
    walkers: np.ndarray, cell: Cell, *, n_up: int, bins: int = 50
) -> dict[str, Observable]:
    """The pair correlation ``g(r)`` of electrons in a cell, by spin: 1 where they do not correlate.

    ``g`` is the number of pairs at distance ``r`` over that of as many uniform ones.

    Args:
        walkers: ``(snapshots, walkers, N, d)``, in bohr, spin up first.
        cell: the periodic cell.
        n_up: electrons with spin up.
        bins: shells from 0 to half the shortest length of the cell.

    Returns:
        ``"like"`` and ``"unlike"``, those of them that have pairs.

    Raises:
        ShapeError: for walkers of fewer than two particles or of another dimension.
    """
    walkers = _in_cell(walkers, cell, at_least=2)
    n, d = walkers.shape[-2:]
    first, second = np.triu_indices(n, k=1)
    like = (first < n_up) == (second < n_up)
    edges = np.linspace(0.0, min(cell.lengths) / 2, bins + 1)
    uniform = _ball(d) * np.diff(edges**d) / cell.volume
    lengths = np.asarray(cell.lengths)
    counts = {name: np.zeros((walkers.shape[1], bins)) for name in ("like", "unlike")}
    for snapshot in walkers:
        apart = snapshot[:, first] - snapshot[:, second]
        apart -= lengths * np.round(apart / lengths)
        places = np.searchsorted(edges, np.linalg.norm(apart, axis=-1), side="right") - 1
        for name, chosen in (("like", like), ("unlike", ~like)):
            for count, place in zip(counts[name], places[:, chosen], strict=True):
                count += np.bincount(place, minlength=bins + 1)[:bins]
    found = {}
    for name, pairs in (("like", np.sum(like)), ("unlike", np.sum(~like))):
        if pairs:
            chains = counts[name] / (len(walkers) * pairs * uniform)
            found[name] = _observable(0.5 * (edges[1:] + edges[:-1]), chains)
    return found


def structure_factor(walkers: np.ndarray, cell: Cell, *, shells: int = 12) -> Observable:
    """The static structure factor ``S(k) = ⟨|Σ_j e^{ik·r_j}|²⟩/N`` on the cell's wave vectors.

    Args:
        walkers: ``(snapshots, walkers, N, d)``, in bohr.
        cell: the periodic cell.
        shells: how many lengths of wave vectors, from the shortest.

    Returns:
        Wave numbers in 1/bohr, ``S`` averaged over each shell, and its errors.

    Raises:
        ShapeError: for walkers of another dimension.
    """
    walkers = _in_cell(walkers, cell, at_least=1)
    reach = range(-math.isqrt(shells) - 1, math.isqrt(shells) + 2)
    integers = np.stack(np.meshgrid(*[reach] * cell.dimension, indexing="ij"), axis=-1)
    integers = integers.reshape(-1, cell.dimension)
    # Half of the waves: k and −k are one.
    half = np.array([n for n in integers if tuple(n) > (0,) * cell.dimension])
    k = 2 * np.pi * half / np.asarray(cell.lengths)
    lengths = np.round(np.linalg.norm(k, axis=1), 9)
    shortest = np.unique(lengths)[:shells]
    chains = np.zeros((walkers.shape[1], len(shortest)))
    for snapshot in walkers:
        for i, length in enumerate(shortest):
            phases = snapshot @ k[lengths == length].T
            power = np.cos(phases).sum(axis=1) ** 2 + np.sin(phases).sum(axis=1) ** 2
            chains[:, i] += power.mean(axis=-1)
    return _observable(shortest, chains / (len(walkers) * walkers.shape[2]))


def spin_correlation(walkers: np.ndarray, *, lattice: tuple[int, ...] | None = None) -> Observable:
    """``⟨σ_i σ_{i+r}⟩`` along the axes of a periodic lattice, averaged over its sites and axes.

    Args:
        walkers: spins ±1, ``(snapshots, walkers, N, 1)``.
        lattice: sites along each axis, row-major, whose product is N; a chain if None.

    Returns:
        Distances ``r = 0 … L/2`` in sites, of the shortest axis L, the correlation and its errors.

    Raises:
        ShapeError: for walkers of another shape.
    """
    if walkers.ndim != 4 or walkers.shape[-1] != 1:
        raise ShapeError(f"walkers: expected (snapshots, walkers, N, 1), got {walkers.shape}")
    sites = walkers.shape[2:3] if lattice is None else lattice
    if math.prod(sites) != walkers.shape[2]:
        raise ShapeError(
            f"lattice: expected axes whose product is N = {walkers.shape[2]}, got {lattice}"
        )
    spins = np.asarray(walkers, np.float64).reshape(*walkers.shape[:2], *sites)
    axes = range(2, spins.ndim)
    distances = np.arange(min(sites) // 2 + 1)
    products = [
        np.mean([np.mean(spins * np.roll(spins, -r, axis), axis=(0, *axes)) for axis in axes], 0)
        for r in distances
    ]
    return _observable(distances, np.stack(products, axis=-1))


def _observable(at: np.ndarray, chains: np.ndarray) -> Observable:
    """Mean and error of what each walker's chain gave, ``(walkers, n)``."""
    spread = chains.std(axis=0, ddof=1) if len(chains) > 1 else np.full(len(at), np.nan)
    return Observable(at, chains.mean(axis=0), spread / math.sqrt(len(chains)))


def _in_cell(walkers: np.ndarray, cell: Cell, *, at_least: int) -> np.ndarray:
    _, d = _particles(walkers, at_least=at_least)
    if walkers.ndim != 4 or d != cell.dimension:
        raise ShapeError(
            f"walkers: expected (snapshots, walkers, N, {cell.dimension}), got {walkers.shape}"
        )
    return np.asarray(walkers, np.float64)


def _ball(d: int) -> float:
    return math.pi ** (d / 2) / math.gamma(d / 2 + 1)


def _particles(walkers: np.ndarray, *, at_least: int) -> tuple[int, int]:
    if walkers.ndim < 2 or walkers.shape[-2] < at_least or walkers.size == 0:
        raise ShapeError(
            f"walkers: expected (..., N, d) with N ≥ {at_least} particles, got {walkers.shape}"
        )
    return walkers.shape[-2], walkers.shape[-1]


def _histogram(distances: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    edges = np.linspace(0.0, np.quantile(distances, 0.999), bins + 1)
    return np.histogram(distances, edges)[0], edges
