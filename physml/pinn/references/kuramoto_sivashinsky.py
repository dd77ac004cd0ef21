"""Kuramoto–Sivashinsky: chaos in one dimension."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import fft

from physml.pinn.references.exponential_integrators import etdrk4
from physml.pinn.references.spectral_solution import SpectralSolution

_TRANSPORT, _GROWTH, _DAMPING = 100 / 16, 100 / 16**2, 100 / 16**4


def _initial(x: np.ndarray) -> np.ndarray:
    return np.cos(x) * (1 + np.sin(x))


def _transport(u: np.ndarray, k: np.ndarray) -> np.ndarray:
    square = fft.rfft(fft.irfft(u, norm="forward") ** 2, norm="forward")
    return -0.5j * _TRANSPORT * k * square


@lru_cache(maxsize=4)
def kuramoto_sivashinsky_solution(
    *, modes: int = 256, states: int = 513, steps: int = 64
) -> SpectralSolution:
    """``u_t + α u u_x + β u_xx + γ u_xxxx = 0`` on [0, 2π], periodic, to t = 1.

    ``α = 100/16``, ``β = 100/16²``, ``γ = 100/16⁴``, ``u(0, x) = cos x (1 + sin x)``: with
    ``X = 16x`` and ``T = 100t``, ``u_T + u u_X + u_XX + u_XXXX = 0`` on [0, 32π] to T = 100.

    Args:
        modes: of Fourier, even.
        states: to interpolate in time.
        steps: from each of them to the next.

    Source: Kassam and Trefethen (2005), doi:10.1137/S1064827502410633; in this scaling Wang,
    Sankaran and Perdikaris (2024), doi:10.1016/j.cma.2024.116813.
    """
    times = np.linspace(0, 1, states)
    coefficients = etdrk4(
        lambda k: _GROWTH * k**2 - _DAMPING * k**4,
        _transport,
        _initial(2 * np.pi * np.arange(modes) / modes),
        period=2 * np.pi,
        times=times,
        steps=steps,
    )
    return SpectralSolution(times, coefficients, _initial, real=True, lower=0.0, period=2 * np.pi)


def kuramoto_sivashinsky(points: np.ndarray) -> np.ndarray:
    """``kuramoto_sivashinsky_solution`` at points ``(n, 2)`` as (t, x): ``(n,)``."""
    return kuramoto_sivashinsky_solution()(points)


KURAMOTO_SIVASHINSKY_ERROR = 1e-9
"""Relative L2 against 512 modes and 1025 states, on the 201² grid: 7.7e-10.

It grows as neighbouring solutions part: at one time, relative L2 5e-12 at t = 0.2, 3e-11 at 0.4,
4e-10 at 0.6, 8e-10 at 0.8, 2.4e-9 at 1.
"""
