"""The Ising model on a finite square lattice, exactly, by Kaufman's sum."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.ising.thermodynamics import Thermodynamics

_LARGEST = 10_000


def kaufman(rows: int, columns: int, coupling: float) -> Thermodynamics:
    """A periodic square lattice of any size.

    With ``cosh γ_l = cosh 2K coth 2K − cos(πl/n)`` and ``γ_0 = 2K + ln tanh K``::

        Z = ½ (2 sinh 2K)^{mn/2} [Π_odd 2cosh(mγ_l/2) + Π_odd 2sinh(mγ_l/2)
                                  + Π_even 2cosh(mγ_l/2) + Π_even 2sinh(mγ_l/2)]

    over the n odd l and the n even l from 0 to 2n − 1; γ_0 changes its sign at the critical point.
    Derivatives are written out, none is a quotient of differences. Energy and specific heat are
    right to some 1e-12: of a specific heat that is smaller, where ``K > 4``, no digit is left.

    Args:
        rows: m, at least 2.
        columns: n, at least 2.
        coupling: ``K = J/T``, from 0.001 to 100.

    Returns:
        ``ln Z``, energy and specific heat of a site.

    Raises:
        ConfigurationError: a side below 2 or above 10,000, a coupling out of range.

    Sources: Kaufman (1949), doi:10.1103/PhysRev.76.1232; Ferdinand & Fisher (1969),
    doi:10.1103/PhysRev.185.832.

    >>> import physml as pm
    >>> exact = pm.ising.kaufman(8, 8, 0.4)
    >>> f"{exact.log_partition:.10f} {exact.energy:.6f}"
    '0.8843654494 -1.222321'
    """
    m = as_whole("rows", rows, least=2, most=_LARGEST)
    n = as_whole("columns", columns, least=2, most=_LARGEST)
    k = as_coupling(coupling)
    odd, even = _angles(np.arange(1, 2 * n, 2), n, k), _angles(np.arange(2, 2 * n, 2), n, k)
    s = np.sinh(2 * k)
    zero = (2 * k + np.log(np.tanh(k)), 2 + 2 / s, -4 * np.cosh(2 * k) / s**2)
    first = [_product(odd, m, 1), _product(odd, m, -1)]
    logs = [*first, _sum(_product(even, m, 1), _factor(zero, m))]
    # The last product has a factor that may be zero, and stands apart.
    rest = _product(even, m, -1)
    a, b, c = (m / 2 * x for x in zero)
    decay = np.exp(-2 * abs(a))
    sinh, cosh = np.sign(a) * -np.expm1(-2 * abs(a)), 1 + decay  # 2sinh and 2cosh over e^|a|
    scale = max(*(term.value for term in logs), rest.value + abs(a))
    weights = np.exp([term.value - scale for term in logs])
    left = np.exp(rest.value + abs(a) - scale)
    total = weights.sum() + left * sinh
    slopes = np.array([term.slope for term in logs])
    mean = (weights @ slopes + left * (b * cosh + sinh * rest.slope)) / total
    away, off = slopes - mean, rest.slope - mean
    curvature = weights @ (np.array([term.curvature for term in logs]) + away**2)
    curvature += left * (
        b**2 * sinh + c * cosh + 2 * b * cosh * off + sinh * (rest.curvature + off**2)
    )
    # (2 sinh 2K)^{mn/2}, by site.
    sites, coth = m * n, np.cosh(2 * k) / s
    log_partition = (scale + np.log(total / 2)) / sites + 0.5 * np.log(2 * s)
    return Thermodynamics(
        float(log_partition),
        float(-mean / sites - coth),
        float(k**2 * (curvature / total / sites - 2 / s**2)),
    )


def as_coupling(coupling: float) -> float:
    """A coupling within the range where the formulas keep their digits.

    Raises:
        ConfigurationError: one outside of it.
    """
    k = np.asarray(coupling)
    if k.ndim or k.dtype.kind not in "iuf" or not 1e-3 <= k <= 100:
        raise ConfigurationError(
            f"coupling: expected a number K = J/T from 0.001 to 100, got {coupling!r}"
        )
    return float(k)


class _Log(NamedTuple):
    """``ln f(K)`` with its first two derivatives."""

    value: float
    slope: float
    curvature: float


def _angles(number: np.ndarray, n: int, k: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``γ_l`` of l from 1 to 2n − 1, with derivatives by K; ``cosh γ − 1`` to all digits."""
    s, c = np.sinh(2 * k), np.cosh(2 * k)
    above = (1 - s) ** 2 / s + 2 * np.sin(np.pi * number / (2 * n)) ** 2  # cosh γ − 1
    gamma = 2 * np.arcsinh(np.sqrt(above / 2))
    sinh = np.sinh(gamma)
    slope = 2 * c * (1 - 1 / s**2) / sinh
    curvature = (4 * s - 4 / s + 8 * c**2 / s**3 - (1 + above) * slope**2) / sinh
    return gamma, slope, curvature


def _product(angles: tuple[np.ndarray, ...], m: int, sign: int) -> _Log:
    """Of all ``2cosh(mγ/2)`` (sign 1) or ``2sinh(mγ/2)`` (−1)."""
    a, b, c = (m / 2 * x for x in angles)
    decay = np.exp(-2 * a)
    ratio = (1 - sign * decay) / (1 + sign * decay)  # tanh, or coth
    value = a + np.log1p(sign * decay)
    return _Log(value.sum(), (b * ratio).sum(), (c * ratio + b**2 * (1 - ratio**2)).sum())


def _factor(zero: tuple[float, float, float], m: int) -> _Log:
    """``2cosh(mγ_0/2)``, whose angle has a sign."""
    a, b, c = (m / 2 * x for x in zero)
    tanh = np.tanh(a)
    return _Log(abs(a) + np.log1p(np.exp(-2 * abs(a))), b * tanh, c * tanh + b**2 * (1 - tanh**2))


def _sum(one: _Log, other: _Log) -> _Log:
    return _Log(*(x + y for x, y in zip(one, other, strict=True)))
