"""A field on a narrow periodic rectangle, exactly, by the transfer matrix of its rows."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

_WIDEST = 6
_NODES = 7
_LEVELS = 30
_AGREED = 1e-4
_TILT = 2.5
_FINE, _REACH = 600, 45.0


@cache
def torus(
    width: int, length: int, mass_squared: float, coupling: float
) -> tuple[float, float] | None:
    """``ln Z`` and ``⟨φ²⟩`` of ``S = Σ (φ_{x+1} − φ_x)² + (φ_{y+1} − φ_y)² + m²φ² + λφ⁴``.

        Z = tr Tᴺ,   T(φ, φ') = e^{−R(φ)/2} Π_x e^{−(φ_x − φ'_x)²} e^{−R(φ')/2}

    with ``R`` the action within a row. Each site has seven Gaussian points for the weight
    ``e^{−(m² + 2.5)φ² − λφ⁴}``, so that a row has ``7^L`` states, of which the product form is
    never written out; the thirty largest eigenvalues are found, and what is left of the trace is
    bounded by ``λ_last^{N−1} (tr T − Σ λ)``, since ``T`` is positive. Six points tell the error.

    Args:
        width: sites of a row, ``L``, the shorter side, 2 to 6.
        length: rows, ``N``.
        mass_squared: ``m²``.
        coupling: ``λ ≥ 0``.

    Returns:
        Both; None of a wider row, or where six points and seven differ by 1e-4 or more. At
        ``6 × 6``, ``m² = −4``, ``λ = 6.975`` they differ by 1e-6.

    >>> from physml.generative.flows.torus import torus
    >>> ln_z, _ = torus(2, 2, 1.0, 0.0)  # Gaussian: the plane waves have m², m² + 4 (twice), m² + 8
    >>> bool(abs(ln_z - (2 * np.log(np.pi) - 0.5 * np.log(1.0 * 5 * 5 * 9))) < 1e-4)
    True
    """
    if not 2 <= width <= _WIDEST or (coupling == 0 and mass_squared + _TILT <= 0):
        return None
    coarse, found = (
        _by_points(width, length, mass_squared, coupling, points) for points in (_NODES - 1, _NODES)
    )
    if not np.allclose(coarse, found, rtol=0, atol=_AGREED):
        return None
    return found


def _by_points(
    width: int, length: int, mass_squared: float, coupling: float, points: int
) -> tuple[float, float]:
    x, log_w = _gauss(points, mass_squared + _TILT, coupling)
    if not np.isfinite(x).all():
        return np.nan, np.nan
    shape, states = (points,) * width, points**width

    def at(values: np.ndarray, site: int) -> np.ndarray:
        return values.reshape([points if axis == site else 1 for axis in range(width)])

    row = np.zeros(shape)
    for site in range(width):
        row = row + at(log_w - mass_squared * x**2 - coupling * x**4, site)
        row = row - (at(x, site) - at(x, (site + 1) % width)) ** 2
    most = row.max()  # deep in the broken phase e^{row} is beyond all numbers
    half, between = np.exp((row - most) / 2), np.exp(-((x[:, None] - x) ** 2))

    def times(vector: np.ndarray) -> np.ndarray:
        u = vector.reshape(shape) * half
        for site in range(width):
            u = np.moveaxis(np.tensordot(between, u, axes=(1, site)), 0, site)
        return np.ravel(u * half)

    if states <= 2 * _LEVELS:
        values, vectors = np.linalg.eigh(np.stack([times(unit) for unit in np.eye(states)]))
    else:
        matrix = LinearOperator((states, states), matvec=times, dtype=float)
        values, vectors = eigsh(matrix, k=_LEVELS, which="LA", v0=np.ravel(half))
    squares = np.ravel(sum(np.broadcast_to(at(x**2, site), shape) for site in range(width)))
    top = values.max()
    parts = np.maximum(values / top, 0) ** length
    left_out = (values.min() / top) ** (length - 1) * max(np.sum(half**2) - values.sum(), 0) / top
    if left_out > _AGREED * parts.sum():
        return np.nan, np.nan
    log_z = length * (most + np.log(top)) + np.log(parts.sum())
    return float(log_z), float(parts @ ((vectors**2).T @ squares) / parts.sum() / width)


def _gauss(points: int, quadratic: float, quartic: float) -> tuple[np.ndarray, np.ndarray]:
    """Points, and ``ln`` of the weights of ``∫ f dφ``, of the rule for ``e^{−aφ² − bφ⁴}``.

    By Stieltjes' recurrence on a fine grid and the eigenvalues of its tridiagonal matrix.
    """
    reach = 1.0
    while quadratic * reach**2 + quartic * reach**4 < _REACH:
        reach *= 1.1
    x, w = np.polynomial.legendre.leggauss(_FINE)
    x = reach * x
    log_g = -quadratic * x**2 - quartic * x**4
    g = reach * w * np.exp(log_g - log_g.max())
    diagonal, beside = [], [0.0]
    before, now = np.zeros_like(x), np.full_like(x, 1 / np.sqrt(g.sum()))
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(points):
            diagonal.append((g * now) @ (x * now))
            after = (x - diagonal[-1]) * now - beside[-1] * before
            beside.append(np.sqrt((g * after) @ after))
            before, now = now, after / beside[-1]
    inner = beside[1:-1]
    if not np.isfinite([*diagonal, *inner]).all():  # wells that are narrow beside the grid
        return np.full(points, np.nan), np.full(points, np.nan)
    nodes, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(inner, 1) + np.diag(inner, -1))
    log_weight = np.log(vectors[0] ** 2 * g.sum()) + log_g.max()
    return nodes, log_weight + quadratic * nodes**2 + quartic * nodes**4
