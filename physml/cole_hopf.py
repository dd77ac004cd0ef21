"""The exact solution of Burgers' equation from a sine, by the transform of Cole and Hopf."""

from __future__ import annotations

import numpy as np

# 100 and 360 nodes agree to 3e-16 relative L2 at ν = 0.01/π; tests/pinn/test_catalogue.py holds it.
_NODES = 150

SHOCK = 0.01 / np.pi
"""The viscosity of the usual benchmark, whose sine steepens into a shock."""

CONVERGED = (SHOCK, 0.1)
"""The viscosities where 150 nodes are as good as 360, to 1e-15: beyond, y runs over many waves."""


def cole_hopf(points: np.ndarray, *, viscosity: float, nodes: int = _NODES) -> np.ndarray:
    """``u_t + u u_x = ν u_xx`` from ``u(0, x) = −sin πx``, by Gauss–Hermite quadrature.

    With ``y = x − √(4νt) s`` and ``f(y) = exp(−cos(πy) / 2πν)``::

        u(t, x) = −∫ sin(πy) f(y) e^{−s²} ds / ∫ f(y) e^{−s²} ds

    Args:
        points: ``(n, 2)``, time and place.
        viscosity: ν.
        nodes: of the quadrature.

    Returns:
        ``(n,)``.

    Source: Cole (1951), doi:10.1090/qam/42889; Hopf (1950), doi:10.1002/cpa.3160030302.
    """
    s, weight = np.polynomial.hermite.hermgauss(nodes)
    values = []
    for part in np.array_split(points, max(1, len(points) // 10_000)):
        t, x = part.T
        y = x[:, None] - np.sqrt(4 * viscosity * t)[:, None] * s
        exponent = -np.cos(np.pi * y) / (2 * np.pi * viscosity)
        f = weight * np.exp(exponent - exponent.max(axis=1, keepdims=True))
        values.append(-np.sum(np.sin(np.pi * y) * f, axis=1) / np.sum(f, axis=1))
    return np.concatenate(values)
