"""What walkers tell of a state: density, distances, pair correlation, structure factor."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from physml.as_numbers import check_unmasked
from physml.as_whole import as_whole
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.vmc.systems.cell import Cell

# By how many error bars a sum may miss its rule, and by how much relatively through rounding.
_SIGMAS = 5.0
_ROUNDING = 1e-6

# Waves so many times as long as that of the mean distance, on which S is 1, and how many of them.
_LONG = 20
_LONG_WAVES = 32


class SumRule(NamedTuple):
    """What a sum over an observable must be, and what the walkers gave: a check that costs nothing.

    Attributes:
        words: which sum.
        found: its value.
        error: one standard deviation of it.
        low: what it is at least.
        high: what it is at most; equal to ``low`` where the sum is known.
    """

    words: str
    found: float
    error: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the sum is where it must be, to five standard deviations."""
        error = self.error if math.isfinite(self.error) else math.inf  # of one walker alone
        margin = _SIGMAS * error + _ROUNDING * max(abs(self.low), abs(self.high))
        return self.low - margin <= self.found <= self.high + margin


class Observable(NamedTuple):
    """A function measured with its error.

    Attributes:
        at: distances in bohr or wave numbers in 1/bohr, ``(n,)``.
        values: ``(n,)``.
        errors: one standard deviation of each, from the spread of the walkers' chains, which are
            independent however long their memory is.
        sum_rule: what a sum over it must be, and is; ask ``found.sum_rule.holds``.
    """

    at: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    sum_rule: SumRule


def radial_density(walkers: np.ndarray, *, bins: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """The one-body density by distance from the origin: all of it integrates to N.

    The shells hold 99.9% of it; what is told to be beyond them is left out.

    Args:
        walkers: ``(..., N, d)``, in bohr.
        bins: shells from 0 to the largest distance that 99.9% of particles keep.

    Returns:
        Distances ``(bins,)`` in bohr and the density ``(bins,)`` in bohr⁻ᵈ.

    Raises:
        ShapeError: for walkers without particles and coordinates.
        NonFiniteError: for coordinates that are not finite.

    >>> import numpy as np, physml as pm
    >>> r, density = pm.vmc.radial_density(np.random.default_rng(0).normal(size=(1000, 2, 3)))
    >>> density.shape
    (50,)
    """
    n, d = _particles(walkers, at_least=1)
    distances = np.linalg.norm(walkers, axis=-1).ravel()
    counts, edges = _histogram(distances, bins)
    shells = _ball(d) * np.diff(edges**d)
    return 0.5 * (edges[1:] + edges[:-1]), counts * n / (len(distances) * shells)


def pair_distribution(walkers: np.ndarray, *, bins: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """The distribution of pair distances: all of it integrates to 1, what is told to 0.999.

    Args:
        walkers: ``(..., N, d)`` with N > 1, in bohr.
        bins: from 0 to the distance that 99.9% of pairs keep.

    Returns:
        Distances ``(bins,)`` in bohr and the distribution ``(bins,)`` in 1/bohr.

    Raises:
        ShapeError: for walkers of fewer than two particles.
        NonFiniteError: for coordinates that are not finite.
    """
    first, second = np.triu_indices(_particles(walkers, at_least=2)[0], k=1)
    apart = walkers[..., first, :] - walkers[..., second, :]
    distances = np.linalg.norm(apart, axis=-1).ravel()
    counts, edges = _histogram(distances, bins)
    return 0.5 * (edges[1:] + edges[:-1]), counts / (len(distances) * np.diff(edges))


def pair_correlation(
    walkers: np.ndarray, cell: Cell, *, n_up: int, bins: int = 50, reach: float | None = None
) -> dict[str, Observable]:
    """The pair correlation ``g(r)`` of electrons in a cell, by spin: 1 where they do not correlate.

    ``g`` is the number of pairs at distance ``r`` over that of as many uniform ones, in the part of
    a shell that lies in the cell. Sum rule: ``(N/V) ∫ g dᵈr`` over the cell are the partners of an
    electron, ``N − 1`` of both kinds together; those farther than the last shell are counted, so
    that it tells whether pairs were counted right, and nothing of the walkers.

    Args:
        walkers: ``(snapshots, walkers, N, d)``, in bohr, spin up first.
        cell: the periodic cell.
        n_up: electrons with spin up.
        bins: shells from 0 to ``reach``.
        reach: in bohr, half the shortest length of the cell if not given; at most half its
            diagonal, where the farthest pairs are.

    Returns:
        ``"like"`` and ``"unlike"``, those of them that have pairs.

    Raises:
        ShapeError: for walkers of fewer than two particles or of another dimension.
        NonFiniteError: for coordinates that are not finite.
        ConfigurationError: for a reach beyond the cell, more electrons with spin up than there are.
    """
    walkers = _in_cell(walkers, cell, at_least=2)
    farthest = math.hypot(*cell.lengths) / 2
    reach = min(cell.lengths) / 2 if reach is None else reach
    if not 0 < reach <= farthest * (1 + _ROUNDING):
        raise ConfigurationError(
            f"reach: expected a distance in bohr up to half the cell's diagonal, {farthest:.6g}, "
            f"got {reach}"
        )
    n = walkers.shape[-2]
    n_up, bins = as_whole("n_up", n_up, least=0, most=n), as_whole("bins", bins, least=1)
    first, second = np.triu_indices(n, k=1)
    like = (first < n_up) == (second < n_up)
    edges = np.linspace(0.0, reach, bins + 1)
    uniform = np.diff([cell.ball(edge) for edge in edges]) / cell.volume
    lengths = np.asarray(cell.lengths)
    # The last column holds the pairs beyond the last shell.
    counts = {name: np.zeros((walkers.shape[1], bins + 1)) for name in ("like", "unlike")}
    for snapshot in walkers:
        apart = snapshot[:, first] - snapshot[:, second]
        apart -= lengths * np.round(apart / lengths)
        places = np.searchsorted(edges, np.linalg.norm(apart, axis=-1), side="right") - 1
        for name, chosen in (("like", like), ("unlike", ~like)):
            for count, place in zip(counts[name], places[:, chosen], strict=True):
                count += np.bincount(place, minlength=bins + 1)
    found = {}
    for name, pairs in (("like", np.sum(like)), ("unlike", np.sum(~like))):
        if pairs:
            share = counts[name] / (len(walkers) * pairs)
            chains = share[:, :bins] / uniform
            partners = 2 * pairs / n
            total = partners * (chains @ uniform + share[:, bins])
            words = f"(N/V) ∫ g dV of {name} spins, partners of an electron"
            rule = sum_rule(words, total, partners, partners)
            found[name] = _observable(0.5 * (edges[1:] + edges[:-1]), chains, rule)
    return found


def structure_factor(walkers: np.ndarray, cell: Cell, *, shells: int = 12) -> Observable:
    """The static structure factor ``S(k) = ⟨|Σ_j e^{ik·r_j}|²⟩/N`` on the cell's wave vectors.

    Sum rule: 1 on waves much shorter than the distance of particles.

    Args:
        walkers: ``(snapshots, walkers, N, d)``, in bohr.
        cell: the periodic cell.
        shells: how many lengths of wave vectors, from the shortest.

    Returns:
        Wave numbers in 1/bohr, ``S`` averaged over each shell, and its errors.

    Raises:
        ShapeError: for walkers of another dimension.
        NonFiniteError: for coordinates that are not finite.
        ConfigurationError: for no shell.
    """
    walkers = _in_cell(walkers, cell, at_least=1)
    shells = as_whole("shells", shells, least=1)
    # Half of the waves: k and −k, which are adjacent, are one.
    waves = [shell[::2] for shell in cell.shells(shells + 1)[1:]]
    sides = np.asarray(cell.lengths)
    directions = np.random.default_rng(0).normal(size=(_LONG_WAVES, cell.dimension))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    spacing = (cell.volume / walkers.shape[2]) ** (1 / cell.dimension)
    waves.append(2 * np.pi * np.rint(_LONG * directions * sides / spacing) / sides)
    chains = np.zeros((walkers.shape[1], len(waves)))
    for snapshot in walkers:
        for i, k in enumerate(waves):
            phases = snapshot @ k.T
            power = np.cos(phases).sum(axis=1) ** 2 + np.sin(phases).sum(axis=1) ** 2
            chains[:, i] += power.mean(axis=-1)
    chains /= len(walkers) * walkers.shape[2]
    at = np.array([np.linalg.norm(shell[0]) for shell in waves[:-1]])
    rule = sum_rule("S(k) of short waves", chains[:, -1], 1.0, 1.0)
    return _observable(at, chains[:, :-1], rule)


def spin_correlation(walkers: np.ndarray, *, lattice: tuple[int, ...] | None = None) -> Observable:
    """``⟨σ_i σ_{i+r}⟩`` along the axes of a periodic lattice, averaged over its sites and axes.

    Sum rule: ``⟨σ_i²⟩ = 1``.

    Args:
        walkers: spins ±1, ``(snapshots, walkers, N, 1)``.
        lattice: sites along each axis, row-major, whose product is N; a chain if None.

    Returns:
        Distances ``r = 0 … L/2`` in sites, of the shortest axis L, the correlation and its errors.

    Raises:
        ShapeError: for walkers of another shape.
    """
    check_unmasked("walkers", walkers)
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
    chains = np.stack(products, axis=-1)
    return _observable(distances, chains, sum_rule("⟨σ_i²⟩", chains[:, 0], 1.0, 1.0))


def mean_and_error(chains: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of what each walker's chain gave, ``(walkers, ...)``; no error of a single one."""
    several = len(chains) > 1
    spread = chains.std(axis=0, ddof=1) if several else np.full(chains.shape[1:], np.nan)
    return chains.mean(axis=0), spread / math.sqrt(len(chains))


def _observable(at: np.ndarray, chains: np.ndarray, rule: SumRule) -> Observable:
    return Observable(at, *mean_and_error(chains), rule)


def sum_rule(words: str, chains: np.ndarray, low: float, high: float) -> SumRule:
    """A rule of what each walker's chain gave for a sum, ``(walkers,)``."""
    found, error = map(float, mean_and_error(chains))
    return SumRule(words, found, error, low, high)


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
    check_unmasked("walkers", walkers)
    if walkers.ndim < 2 or walkers.shape[-2] < at_least or walkers.size == 0:
        raise ShapeError(
            f"walkers: expected (..., N, d) with N ≥ {at_least} particles, got {walkers.shape}"
        )
    bad = ~np.isfinite(walkers).all(axis=(-2, -1))
    if bad.any():
        raise NonFiniteError(
            f"walkers: expected finite coordinates, got {bad.sum()} of {bad.size} walkers without"
        )
    return walkers.shape[-2], walkers.shape[-1]


def _histogram(distances: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    bins = as_whole("bins", bins, least=1)
    edges = np.linspace(0.0, np.quantile(distances, 0.999), bins + 1)
    return np.histogram(distances, edges)[0], edges
