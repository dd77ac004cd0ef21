"""A critical temperature from lattices of several sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from physml.errors import ConvergenceError


def half_way(temperatures: np.ndarray, ordered: np.ndarray) -> float:
    """Where the part called ordered falls through ½, by straight lines between temperatures.

    Args:
        temperatures: ``(t,)``, rising.
        ordered: ``(t,)``, near 1 at low and near 0 at high temperature.

    Raises:
        ConvergenceError: it does not.

    >>> half_way(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.75, 0.25]))
    2.5
    """
    falls = np.flatnonzero((ordered[:-1] >= 0.5) & (ordered[1:] < 0.5))
    if not len(falls):
        raise ConvergenceError(
            f"the part called ordered: expected it to fall through ½ from T = {temperatures[0]:g} "
            f"to {temperatures[-1]:g}, got from {ordered.min():.3g} to {ordered.max():.3g}; train "
            "for more epochs, or on more images"
        )
    part = (ordered[falls] - 0.5) / (ordered[falls] - ordered[falls + 1])
    width = temperatures[falls + 1] - temperatures[falls]
    return float(np.mean(temperatures[falls] + part * width))  # noise may cross it three times


def extrapolated(sides: Sequence[int], temperatures: Sequence[float]) -> float:
    """``T_c`` of the line ``T(L) = T_c + a L^{−1/ν}`` with ``ν = 1``, by least squares.

    >>> round(extrapolated([10, 20], [2.4, 2.3]), 12)
    2.2
    """
    return float(np.polyfit(1 / np.asarray(sides), temperatures, 1)[1])


def binder_cumulant(magnetisations: np.ndarray) -> np.ndarray:
    """``U = 1 − ⟨m⁴⟩/(3⟨m²⟩²)`` of samples ``(t, ...)`` at each temperature.

    Source: Binder (1981), doi:10.1007/BF01293604.

    >>> float(binder_cumulant(np.array([[0.5, -0.5]]))[0])  # of two ordered states: ⅔
    0.6666666666666667
    """
    squared = magnetisations.reshape(len(magnetisations), -1) ** 2
    return 1 - np.mean(squared**2, axis=1) / (3 * np.mean(squared, axis=1) ** 2)


def binder_crossing(temperatures: np.ndarray, small: np.ndarray, large: np.ndarray) -> float:
    """Where the cumulants of two sizes cross, by parabolas through each.

    Args:
        temperatures: ``(t,)``, near the crossing.
        small: magnetisations ``(t, ...)`` of the small lattice.
        large: of the large one.

    Raises:
        ConvergenceError: they do not cross there, nor within half as far again to either side.
    """
    middle = temperatures.mean()
    apart = binder_cumulant(small) - binder_cumulant(large)
    roots = np.roots(np.polyfit(temperatures - middle, apart, 2))
    real = roots[np.abs(roots.imag) < 1e-12].real
    if not len(real) or np.abs(real).min() > np.ptp(temperatures):
        raise ConvergenceError(
            f"Binder's cumulants: expected them to cross from T = {temperatures[0]:g} to "
            f"{temperatures[-1]:g}; take more lattices"
        )
    return float(middle + real[np.argmin(np.abs(real))])


def deviation(
    statistic: Callable[[np.ndarray], float], lattices: int, random: np.random.Generator
) -> float:
    """The spread of a number over bootstrap draws of lattices.

    Args:
        statistic: ``(lattices (n,)) -> number``, of lattices drawn with replacement; draws where
            it has none, by a ``ConvergenceError``, are left out.
        lattices: n.
        random: a generator.
    """
    found = []
    for _ in range(100):
        try:
            found.append(statistic(random.integers(lattices, size=lattices)))
        except ConvergenceError:
            continue
    return float(np.std(found)) if len(found) > 50 else float("nan")
