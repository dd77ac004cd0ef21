"""Diffusion in a potential of one dimension, exactly: the spectrum of its Fokker–Planck operator.

Finite volumes whose rates from a point to the next keep detailed balance, so that densities stay
positive and normalised, and the stationary one is Boltzmann's at every point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from physml.as_numbers import as_numbers, check_finite
from physml.as_whole import as_whole
from physml.errors import ConfigurationError, ShapeError
from physml.ranges import check_positive

Potential = Callable[[np.ndarray], Any]
"""``V(x)`` of points ``(n,)``, in the unit of ``1/β``."""

_AT_A_WALL = 1e-9

_MOST = 8001

# Of the contour; its error falls as 2.85^−N.
_NODES = 28


@dataclass(frozen=True, eq=False)
class FokkerPlanck:
    """``∂_t p = ∂_x(V′ p) + β⁻¹ ∂²_x p`` on ``[low, high]``, without a current through its ends.

    It is the density of ``dx = −V′ dt + √(2/β) dW``: mobility 1, diffusion constant ``D = 1/β``, so
    that time is in units of ``length²/energy``. With ``p_s = e^{−βV}/Z`` and its eigenpairs
    ``λ₀ = 0 < λ₁ < …``::

        p(x, t) = p_s(x) Σ_k e^{−λ_k t} u_k(x) ∫ u_k(y) p(y, 0) dy,   ∫ p_s u_j u_k = δ_jk

    On ``n`` points a distance ``h`` apart the rate from a point to its neighbour is
    ``B(β ΔV)/(β h²)``, ``B(z) = z/(eᶻ − 1)``: ``p_s`` is exact at the points, the rest of second
    order in ``h``.

    Attributes:
        potential: ``V``, a function of points ``(n,)``.
        beta: the inverse temperature.
        low: where the line begins; the stationary density there must be negligible.
        high: where it ends.
        points: how many, odd.
        walls: whether the ends reflect what comes there; else a density that reaches them is
            refused.

    Raises:
        ConfigurationError: β not positive, ends out of order, an even number of points, a density
            that reaches the ends.
        ShapeError: a potential that is not one number a point.
        NonFiniteError: one that is not finite.

    Sources: Risken, The Fokker–Planck Equation (1996), doi:10.1007/978-3-642-61544-3, sections 5.4
    and 5.10; Scharfetter & Gummel (1969), doi:10.1109/T-ED.1969.16566 (the rates).

    >>> import physml as pm
    >>> well = pm.generative.FokkerPlanck(lambda x: (x**2 - 1) ** 2, beta=1.0, low=-3, high=3)
    >>> f"{well.gap:.6f}", well.gap_error < 4e-6
    ('0.748682', True)
    """

    potential: Potential
    beta: float = 1.0
    low: float = -4.0
    high: float = 4.0
    points: int = 801
    walls: bool = False

    _NESTED: ClassVar[int] = 2

    def __post_init__(self) -> None:
        """Check all of it where it is written, and find the spectrum."""
        check_positive("beta", self.beta)
        if not -np.inf < self.low < self.high < np.inf:
            raise ConfigurationError(
                f"low, high: expected finite numbers in order, got {self.low}, {self.high}"
            )
        points = as_whole("points", self.points, least=3, most=_MOST)
        if (points - 1) % self._NESTED:
            raise ConfigurationError(
                f"points: expected an odd number, so that every other one spans the line, too, got "
                f"{points}"
            )
        x = np.linspace(self.low, self.high, points)
        heights = self.beta * _values(self.potential, x)
        heights -= heights.min()
        ends = np.exp(-heights[[0, -1]])
        if not self.walls and ends.max() > _AT_A_WALL:
            raise ConfigurationError(
                f"low, high: expected ends that the stationary density does not reach, got "
                f"{ends.max():.1e} of its largest value there; move them out, or say walls=True "
                "where they reflect"
            )
        object.__setattr__(self, "points", points)

    @cached_property
    def x(self) -> np.ndarray:
        """The points, ``(n,)``."""
        return np.linspace(self.low, self.high, self.points)

    @cached_property
    def cells(self) -> np.ndarray:
        """The length that belongs to each point, ``(n,)``: ``Σ cells p`` is the integral."""
        cells = np.full(self.points, (self.high - self.low) / (self.points - 1))
        cells[[0, -1]] /= 2
        return cells

    @cached_property
    def stationary(self) -> np.ndarray:
        """``e^{−βV}/Z`` at the points, ``(n,)``."""
        boltzmann = np.exp(-self._heights)
        return boltzmann / np.sum(self.cells * boltzmann)

    @property
    def rates(self) -> np.ndarray:
        """``λ_k`` of the operator on the points, ascending from 0, ``(n,)``."""
        return self._spectrum[0]

    @cached_property
    def gap(self) -> float:
        """``λ₁``, extrapolated from ``h`` and ``2h`` to ``h = 0``: the slowest relaxation rate."""
        return float(self.rates[1] + (self.rates[1] - self._coarse.rates[1]) / 3)

    @property
    def gap_error(self) -> float:
        """Of ``gap``: what it was corrected by, which is more, and the rounding of the largest."""
        corrected = abs(self.gap - self.rates[1])
        return float(corrected + np.finfo(float).eps * self.rates[-1])

    def mode(self, k: int) -> np.ndarray:
        """``u_k`` at the points, ``(n,)``, positive high up; ``⟨u_k⟩`` goes as ``e^{−λ_k t}``.

        In the tails, where ``p_s`` is less than some 1e−16 of its largest, it is rounding.

        Raises:
            ConfigurationError: no such mode.
        """
        k = as_whole("k", k, least=0, most=self.points - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = self._spectrum[1][:, k] / np.sqrt(self.cells * self.stationary)
        last = np.flatnonzero(self.stationary > 1e-8 * self.stationary.max())[-1]
        return np.asarray(found * np.sign(found[last]))

    def density(self, initial: Any, times: Any, at: Any = None) -> np.ndarray:
        """``p(x, t)`` of a density that is ``initial`` at time 0.

        Args:
            initial: a function of points ``(n,)``, or its values at ``x``; normalised here.
            times: ``(m,)``, none negative.
            at: points ``(k,)`` within ``[low, high]``; the own if None. Between those ``p`` is
                interpolated by cubic splines.

        Returns:
            ``(m, n)`` or ``(m, k)``, positive, of integral 1.

        Raises:
            ShapeError: no one number for each point.
            NonFiniteError: one that is not finite.
            ConfigurationError: a negative density or time, points off the line.

        Source: Weideman & Trefethen (2007), doi:10.1090/S0025-5718-07-01945-X (the contour).
        """
        times, first = self._times(times), self._initial(initial)
        found = np.stack([first if t == 0 else self._propagated(first, t) for t in times])
        if at is not None:
            from scipy.interpolate import CubicSpline

            at = as_numbers("at", at)
            if at.ndim != 1 or not ((at >= self.low) & (at <= self.high)).all():
                raise ConfigurationError(
                    f"at: expected points (k,) within [{self.low}, {self.high}], got {at.shape} "
                    f"from {at.min(initial=np.inf)} to {at.max(initial=-np.inf)}"
                )
            found = CubicSpline(self.x, found, axis=1)(at)
        return np.maximum(found, 0.0)

    def _propagated(self, first: np.ndarray, t: float) -> np.ndarray:
        """``e^{tQ} p`` as ``(1/2πi) ∫ e^{zt} (z − Q)⁻¹ p dz`` on a parabola around the spectrum.

        Not by the modes: in the tails, where ``p_s`` is small, their rounding would be amplified by
        ``1/√p_s``.
        """
        from scipy.linalg import solve_banded

        up, down = self._currents
        theta = np.pi * np.arange(1, _NODES, 2) / _NODES  # the other half is the conjugate
        z = _NODES * (0.1309 - 0.1194 * theta**2 + 0.25j * theta)
        slope = _NODES * (-0.2388 * theta + 0.25j)
        found = np.zeros(self.points)
        bands = np.zeros((3, self.points), complex)
        for node, weight in zip(z, np.exp(z) * slope, strict=True):
            bands[0, 1:] = -t * down / self.cells[:-1]
            bands[1] = node + t * self._leaves / self.cells
            bands[2, :-1] = -t * up / self.cells[1:]
            found += 2 * np.real(weight / (1j * _NODES) * solve_banded((1, 1), bands, first))
        return found

    def density_error(self, initial: Any, times: Any) -> np.ndarray:
        """``∫ |p_h − p_2h| dx / 3`` at each time, ``(m,)``: the error of ``density``, estimated."""
        fine = self.density(initial, times)[:, ::2]
        if not callable(initial):
            initial = as_numbers("initial", initial)[::2]
        coarse = self._coarse
        return np.asarray(np.abs(coarse.density(initial, times) - fine) @ coarse.cells / 3)

    def distance(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Total variation ``½ ∫ |p − q| dx`` of densities at the points, ``(..., n)``.

        Raises:
            ShapeError: another number of points.
        """
        p, q = as_numbers("one", one), as_numbers("other", other)
        for name, array in (("one", p), ("other", q)):
            if array.shape[-1:] != self.x.shape:
                raise ShapeError(f"{name}: expected (..., {self.points}), got {array.shape}")
        return np.asarray(0.5 * np.abs(p - q) @ self.cells)

    @cached_property
    def _coarse(self) -> FokkerPlanck:
        points = (self.points + 1) // 2
        return _Coarse(self.potential, self.beta, self.low, self.high, points, self.walls)

    @cached_property
    def _energies(self) -> np.ndarray:
        return self.beta * _values(self.potential, self.x)

    @property
    def _lowest(self) -> float:
        return float(self._energies.min())

    @property
    def _heights(self) -> np.ndarray:
        """``βV`` above its lowest."""
        return self._energies - self._lowest

    @cached_property
    def _spectrum(self) -> tuple[np.ndarray, np.ndarray]:
        """Rates and orthonormal modes ``√(cell p_s) u_k``, of the symmetrised operator."""
        from scipy.linalg import eigh_tridiagonal

        up, down = self._currents
        beside = -np.sqrt(up / self.cells[:-1]) * np.sqrt(down / self.cells[1:])
        rates, modes = eigh_tridiagonal(self._leaves / self.cells, beside)
        rates[0] = 0.0  # by construction; rounding leaves some 1e−12 of either sign
        return rates, modes

    @cached_property
    def _currents(self) -> tuple[np.ndarray, np.ndarray]:
        """Out of a point to the next above and below, over its density, ``(n − 1,)`` each."""
        steps, h = np.diff(self._heights), self.x[1] - self.x[0]
        return _bernoulli(steps) / (self.beta * h), _bernoulli(-steps) / (self.beta * h)

    @property
    def _leaves(self) -> np.ndarray:
        up, down = self._currents
        return np.append(up, 0.0) + np.append(0.0, down)

    def _times(self, times: Any) -> np.ndarray:
        found = as_numbers("times", times)
        if found.ndim != 1 or not len(found) or not ((found >= 0) & (found < np.inf)).all():
            raise ConfigurationError(
                f"times: expected finite numbers (m,), none negative, got {found}"
            )
        return found

    def _initial(self, initial: Any) -> np.ndarray:
        values = initial(self.x) if callable(initial) else initial
        found = _checked("initial", values, self.points)
        if (found < 0).any() or not found.any():
            raise ConfigurationError(
                f"initial: expected a density, nowhere negative, got {found.min():.3g} at least"
            )
        return found / np.sum(self.cells * found)


class _Coarse(FokkerPlanck):
    """On every other point, for the error alone."""

    _NESTED: ClassVar[int] = 1


def _bernoulli(z: np.ndarray) -> np.ndarray:
    """``z/(eᶻ − 1)``, 1 at 0."""
    small = np.abs(z) < 1e-6
    with np.errstate(over="ignore"):
        return np.where(small, 1 - z / 2, z / np.expm1(np.where(small, 1.0, z)))


def _values(potential: Potential, x: np.ndarray) -> np.ndarray:
    if not callable(potential):
        raise ShapeError(f"potential: expected a function of points, got {potential!r}")
    return _checked("potential", potential(x), len(x))


def _checked(name: str, values: Any, n: int) -> np.ndarray:
    found = as_numbers(name, values)
    if found.shape != (n,):
        raise ShapeError(f"{name}: expected one number for each of {n} points, got {found.shape}")
    check_finite(name, found)
    return found
