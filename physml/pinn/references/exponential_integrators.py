"""Periodic equations with a stiff linear part, in Fourier space: the linear part is exact."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import fft

from physml.errors import ConfigurationError, NonFiniteError, ShapeError

Symbol = Callable[[np.ndarray], np.ndarray]
"""``L(k)``, real or complex, of the wave numbers ``(m,)``."""

Nonlinear = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""``N(û, k)``, of coefficients and wave numbers ``(m,)``."""

_Step = Callable[[np.ndarray, Callable[[np.ndarray], np.ndarray]], np.ndarray]

_CIRCLE = np.exp(2j * np.pi * (np.arange(32) + 0.5) / 32)


def wave_numbers(points: int, period: float, *, real: bool) -> np.ndarray:
    """``2πj/period`` in the order of ``scipy.fft.fft``, or of ``rfft`` for real functions.

    >>> wave_numbers(4, 2 * np.pi, real=False)
    array([ 0.,  1., -2., -1.])
    """
    frequencies = fft.rfftfreq if real else fft.fftfreq
    return 2 * np.pi * frequencies(points, period / points)


def etdrk4(
    linear: Symbol,
    nonlinear: Nonlinear,
    initial: np.ndarray,
    *,
    period: float,
    times: np.ndarray,
    steps: int,
) -> np.ndarray:
    """Integrate ``û_t = L(k) û + N(û, k)`` by exponential time differencing, of fourth order.

    With ``z = hL``, ``φ(z) = (e^z − 1)/z``, and every quotient taken as its mean over a circle of
    radius 1 about z, since it cancels near z = 0::

        a = e^{z/2} û + (h/2) φ(z/2) N(û)
        b = e^{z/2} û + (h/2) φ(z/2) N(a)
        c = e^{z/2} a + (h/2) φ(z/2) (2 N(b) − N(û))
        û ← e^z û + h [α N(û) + 2β (N(a) + N(b)) + γ N(c)]

        α = (−4 − z + e^z (4 − 3z + z²)) / z³
        β = (2 + z + e^z (z − 2)) / z³
        γ = (−4 − 3z − z² + e^z (4 − z)) / z³

    Args:
        linear: L, the symbol of the linear part.
        nonlinear: N, which transforms to values and back itself.
        initial: ``(n,)``, n even, values on the regular grid of one period, real or complex.
        period: of the grid.
        times: ``(s,)``, ascending: that of the initial values and of each state to keep.
        steps: Runge–Kutta steps from each time to the next.

    Returns:
        ``(s, m)``, Fourier coefficients as of ``scipy.fft.fft(..., norm="forward")``, or of
        ``rfft`` for real values.

    Raises:
        ShapeError: for an odd number of values.
        ConfigurationError: for times that do not ascend, or no step.
        NonFiniteError: when the integration blows up.

    Source: Kassam and Trefethen (2005), doi:10.1137/S1064827502410633; Cox and Matthews (2002),
    doi:10.1006/jcph.2002.6995.

    >>> x = 2 * np.pi * np.arange(8) / 8
    >>> decay = etdrk4(lambda k: -(k**2), lambda u, k: -u, np.cos(x), period=2 * np.pi,
    ...                times=np.linspace(0, 1, 2), steps=100)
    >>> bool(abs(decay[1, 1] - np.exp(-2) / 2) < 1e-9)
    True
    """
    return _integrate(_etdrk4_step, linear, nonlinear, initial, period, times, steps)


def lawson4(
    linear: Symbol,
    nonlinear: Nonlinear,
    initial: np.ndarray,
    *,
    period: float,
    times: np.ndarray,
    steps: int,
) -> np.ndarray:
    """Integrate ``û_t = L(k) û + N(û, k)`` by Runge and Kutta's rule for ``e^{−tL} û``.

    Beside ``etdrk4`` it is worse where L damps, and better for waves in a potential, ``N = iV û``
    with L imaginary: a rough solution needs steps of ``hk ≪ 1``, not of ``hk² ≪ 1``.

    Args and returns are those of ``etdrk4``.

    Source: Lawson (1967), doi:10.1137/0704033.
    """
    return _integrate(_lawson4_step, linear, nonlinear, initial, period, times, steps)


def _integrate(
    scheme: Callable[[float, np.ndarray], _Step],
    linear: Symbol,
    nonlinear: Nonlinear,
    initial: np.ndarray,
    period: float,
    times: np.ndarray,
    steps: int,
) -> np.ndarray:
    if initial.ndim != 1 or len(initial) % 2:
        raise ShapeError(f"initial: expected (n,) with n even, got {initial.shape}")
    lengths = np.diff(times)
    if steps < 1 or not (lengths > 0).all():
        raise ConfigurationError(
            f"times, steps: expected ascending times and a step at least, got {times} and {steps}"
        )
    real = np.isrealobj(initial)
    k = wave_numbers(len(initial), period, real=real)
    symbol = linear(k)
    states = np.empty((len(times), len(k)), complex)
    states[0] = state = (fft.rfft if real else fft.fft)(initial, norm="forward")
    shared = 0.0
    for row, length in enumerate(lengths, start=1):
        with np.errstate(over="ignore", invalid="ignore"):
            # Lengths that differ by rounding alone share one table of coefficients.
            if abs(length - shared) > 1e-12 * length:
                shared = length
                step = scheme(length / steps, symbol)
            for _ in range(steps):
                state = step(state, lambda u: nonlinear(u, k))
        if not np.isfinite(state).all():
            raise NonFiniteError(f"û is not finite at t = {times[row]:g}: take more steps")
        states[row] = state
    return states


def _etdrk4_step(h: float, symbol: np.ndarray) -> _Step:
    z = h * symbol
    whole, half = np.exp(z), np.exp(z / 2)
    around = z[:, None] + _CIRCLE
    power = np.exp(around)
    formulas = (
        (np.exp(around / 2) - 1) / around,
        (-4 - around + power * (4 - 3 * around + around**2)) / around**3,
        2 * (2 + around + power * (around - 2)) / around**3,
        (-4 - 3 * around - around**2 + power * (4 - around)) / around**3,
    )
    means = [h * formula.mean(axis=1) for formula in formulas]
    phi, alpha, beta, gamma = [m.real for m in means] if np.isrealobj(z) else means

    def step(u: np.ndarray, N: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        n_u, half_u = N(u), half * u
        a = half_u + phi * n_u
        n_a = N(a)
        n_b = N(half_u + phi * n_a)
        n_c = N(half * a + phi * (2 * n_b - n_u))
        return whole * u + alpha * n_u + beta * (n_a + n_b) + gamma * n_c

    return step


def _lawson4_step(h: float, symbol: np.ndarray) -> _Step:
    whole, half = np.exp(h * symbol), np.exp(h / 2 * symbol)

    def step(u: np.ndarray, N: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        n_u = N(u)
        n_a = N(half * (u + h / 2 * n_u))
        n_b = N(half * u + h / 2 * n_a)
        n_c = N(whole * u + h * half * n_b)
        return whole * (u + h / 6 * n_u) + h / 3 * half * (n_a + n_b) + h / 6 * n_c

    return step
