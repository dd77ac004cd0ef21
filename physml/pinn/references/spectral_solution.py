"""A solution periodic in x, from its Fourier coefficients at some times: a function of (t, x)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import fft, sparse

from physml.errors import ConfigurationError, ShapeError
from physml.pinn.references.local_interpolation import local_weights

_NODES_IN_TIME = 12
_NODES_IN_SPACE = 18
_OVERSAMPLING = 2
_NEGLIGIBLE = 1e-17
_CHUNK = 2**21


class SpectralSolution:
    """``u(t, x) = Σ_k û_k(t) e^{ik(x − lower)}``, called with points ``(n, 2)`` as (t, x).

    In time, polynomials of degree 11 through the nearest states interpolate ``e^{−iω_k t} û_k``.
    In x, a padded Fourier transform gives the sum on a grid twice as fine, and polynomials of
    degree 17 the values between, to 1e-5 of the part that has the highest wave number.

    Attributes:
        times: ``(s,)``, ascending.

    Args:
        times: of the states.
        coefficients: ``(s, m)``, as of ``scipy.fft.fft(..., norm="forward")``, or of ``rfft``.
        initial: u at the first of the times, exactly.
        real: whether the coefficients are of ``rfft``.
        lower: the origin of x.
        period: in x.
        frequencies: ``(m,)``, ω: zero by default; those of waves that are nearly free.

    >>> times = np.linspace(0, 1, 33)
    >>> turning = np.exp(-1j * times)[:, None] * np.array([[0, 0.5, 0]])
    >>> wave = SpectralSolution(times, turning, np.cos, real=True, lower=0.0, period=2 * np.pi)
    >>> bool(abs(wave(np.array([[0.3, 0.7]]))[0] - np.cos(0.7 - 0.3)) < 1e-12)
    True
    """

    def __init__(
        self,
        times: np.ndarray,
        coefficients: np.ndarray,
        initial: Callable[[np.ndarray], np.ndarray],
        *,
        real: bool,
        lower: float,
        period: float,
        frequencies: np.ndarray | None = None,
    ) -> None:
        self.times = times
        self._initial, self._real = initial, real
        self._lower, self._period, self._frequencies = lower, period, frequencies
        if frequencies is not None:
            coefficients = coefficients * np.exp(-1j * times[:, None] * frequencies)
        self._turned = coefficients

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Values at points ``(n, 2)``: ``(n,)``, or ``(n, 2)`` as real and imaginary part.

        Raises:
            ShapeError: for points of another dimension.
            ConfigurationError: for times outside of those solved for.
        """
        points = np.asarray(points, np.float64)
        if points.ndim != 2 or points.shape[1] != 2:
            raise ShapeError(f"points: expected (n, 2) as (t, x), got {points.shape}")
        t, x = points.T
        first, last = self.times[[0, -1]]
        # The end of an interval in single precision may lie outside by its rounding.
        slack = 1e-6 * (last - first)
        if ((t < first - slack) | (t > last + slack)).any():
            raise ConfigurationError(
                f"points: expected times in [{first:g}, {last:g}], got [{t.min():g}, {t.max():g}]"
            )
        values = np.empty(len(points), float if self._real else complex)
        values[t == first] = self._initial(x[t == first])
        later = np.flatnonzero(t != first)
        later = later[np.argsort(t[later], kind="stable")]
        instants, row = np.unique(t[later], return_inverse=True)
        size = max(1, _CHUNK // self._turned.shape[1])
        for begin in range(0, len(instants), size):
            part = slice(*np.searchsorted(row, [begin, begin + size]))
            coefficients = self._coefficients(instants[begin : begin + size])
            values[later[part]] = self._sums(coefficients, row[part] - begin, x[later[part]])
        return values if self._real else np.stack([values.real, values.imag], axis=1)

    def _coefficients(self, instants: np.ndarray) -> np.ndarray:
        nodes, weights = local_weights(self.times, instants, _NODES_IN_TIME)
        rows = np.repeat(np.arange(len(instants)), _NODES_IN_TIME)
        shape = (len(instants), len(self.times))
        interpolate = sparse.csr_array((weights.ravel(), (rows, nodes.ravel())), shape=shape)
        turned = interpolate @ self._turned
        if self._frequencies is None:
            return turned
        return np.exp(1j * instants[:, None] * self._frequencies) * turned

    def _sums(self, coefficients: np.ndarray, row: np.ndarray, x: np.ndarray) -> np.ndarray:
        grid = self._fine_grid(coefficients)
        pad, fine = _NODES_IN_SPACE // 2, grid.shape[1]
        place = np.mod((x - self._lower) / self._period, 1.0) * fine
        nodes, weights = local_weights(np.arange(-pad, fine + pad + 1.0), place, _NODES_IN_SPACE)
        return np.einsum("nw,nw->n", weights, grid[row[:, None], (nodes - pad) % fine])

    def _fine_grid(self, coefficients: np.ndarray) -> np.ndarray:
        """Values over one period, on a grid made for the wave numbers that matter."""
        size = np.abs(coefficients).max(axis=0)
        half = len(size) - 1 if self._real else len(size) // 2
        if not self._real:
            size = np.maximum(size[: half + 1], size[-np.arange(half + 1)])
        top = int(np.flatnonzero(size >= _NEGLIGIBLE * size.max())[-1])
        fine = fft.next_fast_len(max(2 * _OVERSAMPLING * (top + 1), 2 * _NODES_IN_SPACE))
        if self._real:
            # The last coefficient of rfft stands for k and −k, of which irfft adds the other one.
            last = np.where(np.arange(top + 1) == half, 0.5, 1.0)
            return fft.irfft(coefficients[:, : top + 1] * last, fine, norm="forward")
        padded = np.zeros((len(coefficients), fine), complex)
        padded[:, : min(top + 1, half)] = coefficients[:, : min(top + 1, half)]
        padded[:, fine - top :] = coefficients[:, len(coefficients[0]) - top :]
        return fft.ifft(padded, norm="forward")
