"""Slow flow in a right angle between a fixed wall and a sliding one: its stream functions."""

from __future__ import annotations

from math import comb, pi
from typing import NamedTuple

import numpy as np

WINDOW = np.polynomial.Polynomial([1, 0, 0, -10, 15, -6])
"""``p(s) = 1 − 10s³ + 15s⁴ − 6s⁵``: from 1 at 0 to 0 at 1, flat to second order at both."""

_NEAREST = 1e-12
_NEAREST_PRESSURE = 1e-3


class CornerFlow(NamedTuple):
    """A biharmonic stream function ``ψ = r^λ f(θ)`` of a corner, in Goursat's form.

    With ``z = s + it = r e^{iθ}``, the distance s along the sliding wall, t along the fixed one::

        ψ = Re(z̄ F(z) + G(z)),   F = z^{λ−1} (F₀ + F₁ log z),   G = z^λ (G₀ + G₁ log z)

    ``ψ`` and ``ψ_s`` vanish on both walls, ``ψ_t`` on the fixed one, and ``−ψ_t = s^{λ−1}`` on the
    sliding one. Velocity for λ = 1, vorticity for λ = 2 have no value in the corner.

    Attributes:
        power: λ.
        F: F₀ and F₁.
        G: G₀ and G₁.

    Source: Moffatt (1964), doi:10.1017/S0022112064000015.
    """

    power: int
    F: tuple[complex, complex]
    G: tuple[complex, complex]

    def derivative(self, s: np.ndarray, t: np.ndarray, a: int, b: int) -> np.ndarray:
        """``∂_s^a ∂_t^b ψ``; in the corner itself its value at distance 1e-12."""
        z, k = _away_from_zero(s + 1j * t, _NEAREST), a + b
        value = np.conj(z) * _derivative(z, self.power - 1, self.F, k)
        value += _derivative(z, self.power, self.G, k)
        if k:
            value += (a - b) * _derivative(z, self.power - 1, self.F, k - 1)
        return (1j**b * value).real

    def windowed(
        self, s: np.ndarray, t: np.ndarray, a: int, b: int, *, less: float = 0.0
    ) -> np.ndarray:
        """``∂_s^a ∂_t^b [ψ (p(s) p(t) − less)]``; the window p ends ψ at the far walls."""
        total = np.zeros(np.broadcast(s, t).shape)
        for i in range(a + 1):
            for j in range(b + 1):
                window = WINDOW.deriv(a - i)(s) * WINDOW.deriv(b - j)(t)
                window = window - less * ((i, j) == (a, b))
                total += comb(a, i) * comb(b, j) * window * self.derivative(s, t, i, j)
        return total

    def pressure(self, s: np.ndarray, t: np.ndarray) -> np.ndarray:
        """``4 Im F'(z)`` of slow flow at viscosity 1; nearer than 1e-3 to the corner, as there."""
        z = _away_from_zero(s + 1j * t, _NEAREST_PRESSURE)
        return (4 * _derivative(z, self.power - 1, self.F, 1)).imag


def _away_from_zero(z: np.ndarray, nearest: float) -> np.ndarray:
    r = np.abs(z)
    direction = np.where(r > 0, z / np.where(r > 0, r, 1), np.exp(0.25j * pi))
    return np.where(r < nearest, nearest * direction, z)


def _derivative(z: np.ndarray, n: int, factors: tuple[complex, complex], order: int) -> np.ndarray:
    """``(d/dz)^order`` of ``z^n (c + d log z)``."""
    c, d = factors
    for power in range(n, n - order, -1):
        c, d = power * c + d, power * d
    return z ** float(n - order) * (c + d * np.log(z))


def _uniform() -> CornerFlow:
    # f = b sin θ + c θ cos θ + d θ sin θ
    c = -1 / (1 - pi**2 / 4)
    b, d = -c * pi**2 / 4, c * pi / 2
    return CornerFlow(1, (0, (d - 1j * c) / 2), (-1j * b, -(d + 1j * c) / 2))


CORNER_FLOWS = (
    _uniform(),
    # f = −½θ + (π/8)(1 − cos 2θ) − ¼ sin 2θ
    CornerFlow(2, (pi / 8, 0.5j), (-pi / 8 + 0.25j, 0)),
    # f = −¼ (sin θ + sin 3θ)
    CornerFlow(3, (0.25j, 0), (0.25j, 0)),
)
"""Of a sliding wall whose speed is 1, s, s²."""
