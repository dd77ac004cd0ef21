"""Spectral solutions: functions with known coefficients come back between times and points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import fft

from physml.errors import ConfigurationError, ShapeError
from physml.pinn.references import SpectralSolution, wave_numbers
from physml.pinn.references.local_interpolation import local_weights


def points(n: int = 200) -> np.ndarray:
    """Times in [1, 2], places in four periods."""
    return np.random.default_rng(0).uniform((1, -4), (2, 12), size=(n, 2))


def solution(u, *, real: bool, n: int = 64, **options) -> SpectralSolution:
    times, x = np.linspace(1, 2, 41), -1 + 4 * np.arange(n) / n
    values = u(times[:, None], x[None])
    states = (fft.rfft if real else fft.fft)(values, norm="forward")
    return SpectralSolution(
        times, states, lambda x: u(1.0, x), real=real, lower=-1.0, period=4.0, **options
    )


def wave(t, x):
    return np.exp(np.cos(np.pi / 2 * (x - np.sin(t)))) + t**2


def test_a_real_function_comes_back():
    z = points()
    np.testing.assert_allclose(solution(wave, real=True)(z), wave(*z.T), rtol=1e-12)


def test_a_complex_function_comes_back():
    z = points()
    u = lambda t, x: wave(t, x) * np.exp(1j * np.pi / 2 * (x + t))
    got = solution(u, real=False)(z)
    np.testing.assert_allclose(got, np.stack([u(*z.T).real, u(*z.T).imag], 1), rtol=1e-11)


@pytest.mark.parametrize("real", [True, False])
def test_the_highest_wave_number_is_a_cosine(real):
    """On eight points ``cos 2πx`` alternates: it stands for both of its wave numbers."""
    u = lambda t, x: t * np.cos(2 * np.pi * (x + 1)) + 0 * x
    z = points()
    got = solution(u if real else lambda t, x: u(t, x) + 0j, real=real, n=8)(z)
    expected = u(*z.T) if real else np.exp(-2j * np.pi * (z[:, 1] + 1)).real * z[:, 0]
    np.testing.assert_allclose(got if real else got[:, 0], expected, atol=1e-12)


def test_free_waves_need_no_short_intervals():
    """``e^{i(kx − k²t/2)}`` turns 100 times in an interval, and is met with its frequency only."""
    n, m = 256, 100
    k = wave_numbers(n, 4.0, real=False)
    u = lambda t, x: np.exp(1j * (k[m] * (x + 1) - k[m] ** 2 / 2 * t))
    z = points()
    expected = np.stack([u(*z.T).real, u(*z.T).imag], 1)
    turning = solution(u, real=False, n=n, frequencies=-(k**2) / 2)
    np.testing.assert_allclose(turning(z), expected, atol=1e-5)
    assert np.abs(solution(u, real=False, n=n)(z) - expected).max() > 0.1


def test_the_initial_values_are_exact():
    """Even where the coefficients cut them short."""
    kink = lambda t, x: np.abs(np.mod(x + 1, 4) - 2) + 0 * t
    x = np.linspace(-1, 3, 100)
    got = solution(kink, real=True)
    at = lambda t: got(np.stack([np.full(100, t), x], axis=1))
    np.testing.assert_array_equal(at(1.0), kink(1.0, x))
    assert np.abs(at(1.5) - kink(1.0, x)).max() > 1e-3


def test_what_points_may_be():
    u = solution(wave, real=True)
    assert u(np.zeros((0, 2))).shape == (0,)
    assert not solution(lambda t, x: 0 * t * x, real=True)(points()).any()
    late = np.array([[np.nextafter(np.float32(2), np.float32(3)), 0]], np.float32)
    np.testing.assert_allclose(u(late), wave(2.0, 0.0), rtol=1e-6)
    with pytest.raises(ConfigurationError, match=r"times in \[1, 2\], got \[0.5, 1.5\]"):
        u(np.array([[0.5, 0], [1.5, 0]]))
    with pytest.raises(ShapeError, match=r"\(n, 2\) as \(t, x\), got \(2,\)"):
        u(np.array([1.0, 0.0]))


@given(st.integers(2, 9), st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_interpolation_is_exact_for_polynomials_of_its_degree(width, x):
    nodes = np.linspace(0, 1, 12) ** 2
    x = np.array([*x, nodes[3]])
    indices, weights = local_weights(nodes, x, width)
    for power in range(width):
        got = (weights * nodes[indices] ** power).sum(axis=1)
        np.testing.assert_allclose(got, x**power, atol=1e-12)
    assert np.abs(weights[-1]).max() == 1
