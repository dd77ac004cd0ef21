"""Exponential integrators: exact linear parts, fourth order, a soliton, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import fft

from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.pinn.references import etdrk4, fourier_projection, lawson4, wave_numbers

SCHEMES = pytest.mark.parametrize("scheme", [etdrk4, lawson4])


def grid(n: int, lower: float, period: float) -> np.ndarray:
    return lower + period * np.arange(n) / n


def transport(u: np.ndarray, k: np.ndarray) -> np.ndarray:
    return -0.5j * k * fft.rfft(fft.irfft(u, norm="forward") ** 2, norm="forward")


def burgers(scheme, steps: int) -> np.ndarray:
    start = np.sin(grid(64, 0, 2 * np.pi)) ** 3
    times = np.array([0.0, 0.25, 0.75])
    diffusion = lambda k: -0.1 * k**2
    return scheme(diffusion, transport, start, period=2 * np.pi, times=times, steps=steps)


@SCHEMES
@pytest.mark.parametrize("real", [True, False])
def test_the_linear_part_is_exact(scheme, real):
    """Growth, damping and dispersion together, in a single step."""
    start = np.random.default_rng(0).normal(size=16) + (0 if real else 1j)
    symbol = lambda k: 1 - k**2 + 2j * k**3
    times = np.array([0.5, 2.0])
    got = scheme(symbol, lambda u, k: 0 * u, start, period=3.0, times=times, steps=1)
    first = (fft.rfft if real else fft.fft)(start, norm="forward")
    expected = first * np.exp(1.5 * symbol(wave_numbers(16, 3.0, real=real)))
    np.testing.assert_allclose(got, [first, expected], rtol=1e-12, atol=1e-15)


@SCHEMES
def test_the_order_is_four(scheme):
    finest = burgers(etdrk4, 512)
    errors = [np.abs(burgers(scheme, steps) - finest).max() for steps in (16, 32, 64)]
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 4, atol=0.25)


@SCHEMES
def test_without_a_linear_part_it_is_runge_kutta(scheme):
    """``u' = u²`` by the classical method, a step of it by hand."""
    start = np.array([0.3, 0.5])
    square = lambda u, k: fft.rfft(fft.irfft(u, norm="forward") ** 2, norm="forward")
    got = scheme(lambda k: 0 * k, square, start, period=1.0, times=np.array([0.0, 0.1]), steps=1)
    one = start**2
    two = (start + 0.05 * one) ** 2
    three = (start + 0.05 * two) ** 2
    four = (start + 0.1 * three) ** 2
    expected = start + 0.1 / 6 * (one + 2 * two + 2 * three + four)
    np.testing.assert_allclose(fft.irfft(got[1], norm="forward"), expected, rtol=1e-14)


def test_a_soliton_travels():
    """``3c sech²(√c (x − ct) / 2δ)`` solves ``u_t + u u_x + δ² u_xxx = 0``."""
    c, delta, n = 2.0, 0.1, 256
    x = grid(n, -4, 8)
    shape = lambda x: 3 * c / np.cosh(np.sqrt(c) / (2 * delta) * x) ** 2
    states = etdrk4(
        lambda k: 1j * delta**2 * k**3,
        transport,
        shape(x + 1),
        period=8.0,
        times=np.array([0.0, 1.0]),
        steps=4000,
    )
    assert np.abs(fft.irfft(states[1], norm="forward") - shape(x - 1)).max() < 1e-7


def test_projection_cuts_the_series_of_a_kink():
    """``|x| = π/2 − (4/π) Σ cos(kx)/k²``, odd k."""
    got = fourier_projection(np.abs, 16, lower=-np.pi, period=2 * np.pi)
    x = grid(16, -np.pi, 2 * np.pi)
    series = np.pi / 2 - 4 / np.pi * sum(np.cos(k * x) / k**2 for k in (1, 3, 5, 7))
    np.testing.assert_allclose(got, series, atol=1e-3)
    assert np.abs(got - np.abs(x)).max() > 0.05


def test_bad_input_is_refused():
    still = lambda u, k: 0 * u
    integrate = lambda **options: etdrk4(
        **{
            "linear": lambda k: -k,
            "nonlinear": still,
            "initial": np.zeros(8),
            "period": 1.0,
            "times": np.array([0.0, 1.0]),
            "steps": 1,
            **options,
        }
    )
    integrate()
    with pytest.raises(ConfigurationError, match="ascending"):
        integrate(times=np.array([0.0, 1.0, 1.0]))
    with pytest.raises(ConfigurationError, match="a step at least"):
        integrate(steps=0)
    with pytest.raises(ShapeError, match=r"n even, got \(7,\)"):
        integrate(initial=np.zeros(7))
    with pytest.raises(NonFiniteError, match="t = 1"):
        integrate(linear=lambda k: 1e3 + 0 * k, initial=np.ones(8))
