"""The infinite square lattice: Onsager's solution, and the magnetisation."""

from __future__ import annotations

import numpy as np

from physml.ising.kaufman import as_coupling
from physml.ising.square import CRITICAL_COUPLING
from physml.ising.thermodynamics import Thermodynamics

_NODES = 64


def infinite_lattice(coupling: float) -> Thermodynamics:
    """The limit of large lattices.

        ln Z/N = ½ ln(2 sinh 2K) + (1/2π) ∫₀^π γ(ω) dω,    cosh γ = cosh 2K coth 2K − cos ω
        u = −coth 2K [1 + (2/π)(2 tanh² 2K − 1) K₁(κ)],     κ = 2 sinh 2K / cosh² 2K

    with the complete elliptic integrals K₁ and E₁ of modulus κ, which the specific heat has too. Of
    that some 1e-12 are rounding, all of it where ``K > 4``.

    Args:
        coupling: ``K = J/T``, from 0.001 to 100.

    Raises:
        ConfigurationError: one out of range.

    Source: Onsager (1944), doi:10.1103/PhysRev.65.117.

    >>> import physml as pm
    >>> at = pm.ising.infinite_lattice(pm.ising.CRITICAL_COUPLING)
    >>> f"{at.log_partition:.9f} {at.energy:.6f}"
    '0.929695398 -1.414214'
    """
    from scipy.special import ellipe, ellipkm1

    k = as_coupling(coupling)
    s, c = np.sinh(2 * k), np.cosh(2 * k)
    tanh, coth = s / c, c / s
    gap = (1 - s) ** 2 / s
    free = 0.5 * np.log(2 * s) + _mean_angle(gap) / 2
    double = 2 * tanh**2 - 1
    if abs(double) < 1e-14:  # the pole of K₁ is met by the zero before it
        return Thermodynamics(float(free), float(-coth), float("inf"))
    first, second = ellipkm1(double**2), ellipe(1 - double**2)
    heat = first - second - (1 - tanh**2) * (np.pi / 2 + double * first)
    return Thermodynamics(
        float(free),
        float(-coth * (1 + 2 / np.pi * double * first)),
        float(4 / np.pi * (k * coth) ** 2 * heat),
    )


def spontaneous_magnetisation(coupling: float) -> float:
    """``(1 − sinh⁻⁴ 2K)^{1/8}`` below the critical temperature, 0 above.

    Args:
        coupling: ``K = J/T``, from 0.001 to 100.

    Raises:
        ConfigurationError: one out of range.

    Source: Yang (1952), doi:10.1103/PhysRev.85.808.

    >>> import physml as pm
    >>> round(pm.ising.spontaneous_magnetisation(0.5), 6), pm.ising.spontaneous_magnetisation(0.4)
    (0.911319, 0.0)
    """
    k = as_coupling(coupling)
    # 1 − 1/sinh 2K, to all digits near the critical point, where sinh is 1.
    s = np.sinh(2 * k)
    less = 2 * np.cosh(k + CRITICAL_COUPLING) * np.sinh(k - CRITICAL_COUPLING) / s
    return float((max(less, 0.0) * (1 + 1 / s) * (1 + 1 / s**2)) ** 0.125)


def _mean_angle(gap: float) -> float:
    """``(1/π) ∫₀^π γ dω`` with ``cosh γ − 1 = gap + 2 sin²(ω/2)``.

    γ has a kink at ω = 0 where the gap is small, so that nodes crowd there, by ω = π x⁵.
    """
    x, weights = np.polynomial.legendre.leggauss(_NODES)
    x, weights = (1 + x) / 2, weights / 2
    omega = np.pi * x**5
    gamma = 2 * np.arcsinh(np.sqrt(gap / 2 + np.sin(omega / 2) ** 2))
    return float(np.sum(weights * 5 * x**4 * gamma))
