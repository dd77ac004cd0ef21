"""The coupling of an Ising lattice from one snapshot, by statistics instead of learning.

``E/N`` is all that a snapshot tells of ``K`` (a sufficient statistic), and Kaufman's sum has
``ln Z``: so the likelihood is exact, and what no estimator can beat is known.
"""

from __future__ import annotations

import numpy as np

from physml.ising import kaufman


class ExactLikelihood:
    """``ln p(s | K) = −K E(s) − ln Z(K)`` of lattices of one side, on a grid of couplings.

    Args:
        side: sites along a side.
        lowest: of the couplings.
        highest: of the couplings.
        points: of the grid.
    """

    def __init__(self, side: int, lowest: float, highest: float, points: int = 401) -> None:
        self.sites = side**2
        self.couplings = np.linspace(lowest, highest, points)
        exact = [kaufman(side, side, k) for k in self.couplings]
        self.log_partitions, self.energies, heats = np.array(exact).T
        self.information = self.sites * heats / self.couplings**2
        """Fisher's, ``∂²_K ln Z = ⟨E²⟩ − ⟨E⟩²``; its inverse bounds an unbiased estimator."""

    def most_likely(self, energies: np.ndarray) -> np.ndarray:
        """``K`` with ``⟨E⟩_K = E``, within the grid, from energies of a site ``(n,)``."""
        return np.interp(-energies, -self.energies, self.couplings)

    def posterior_mean(self, energies: np.ndarray) -> np.ndarray:
        """``E[K | s]`` for couplings that were drawn evenly: the least mean square of all ways."""
        logs = -self.sites * (self.couplings[None] * energies[:, None] + self.log_partitions[None])
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        weights[:, [0, -1]] /= 2  # the trapezoidal rule
        return weights @ self.couplings / weights.sum(axis=1)

    def cramer_rao(self) -> float:
        """The root of the mean variance ``1/information`` over the grid's couplings."""
        variances = 1 / self.information
        return float(np.sqrt(np.mean(variances[1:] + variances[:-1]) / 2))


def around(spins: np.ndarray) -> np.ndarray:
    """``s_i Σ_j s_j`` over the four neighbours, of lattices ``(n, rows, columns)``."""
    s = spins.astype(np.int8)
    return s * sum(np.roll(s, step, axis) for axis in (1, 2) for step in (1, -1))


def pseudo_likelihood(spins: np.ndarray, lowest: float, highest: float) -> np.ndarray:
    """``K`` of the largest ``Σ_i ln p(s_i | neighbours) = −Σ_i ln(1 + e^{−2K s_i Σ_j s_j})``.

    By halving of the interval, which the slope of a concave function tells the half of.

    Args:
        spins: ``(n, rows, columns)``, ±1.
        lowest: of the couplings.
        highest: of the couplings.

    Source: Besag (1975), doi:10.2307/2987782.
    """
    values = np.array([-4, -2, 0, 2, 4])
    counts = np.stack([np.sum(around(spins) == v, axis=(1, 2)) for v in values], axis=1)
    low, high = np.full(len(spins), float(lowest)), np.full(len(spins), float(highest))
    for _ in range(40):
        middle = (low + high) / 2
        slope = np.sum(counts * values / (1 + np.exp(2 * middle[:, None] * values)), axis=1)
        low, high = np.where(slope > 0, middle, low), np.where(slope > 0, high, middle)
    return (low + high) / 2
