"""Polynomials on (0, 1) for Galerkin methods: Legendre's, and those clamped at both ends."""

from __future__ import annotations

import numpy as np
from numpy.polynomial import legendre


def gauss_rule(n: int) -> tuple[np.ndarray, np.ndarray]:
    """The n nodes and weights of Gauss' rule on (0, 1).

    >>> x, weight = gauss_rule(3)
    >>> round(float(weight @ x**5), 12)
    0.166666666667
    """
    x, weight = legendre.leggauss(n)
    return (x + 1) / 2, weight / 2


def clamped_basis(n: int) -> np.ndarray:
    """Polynomials that vanish with their slope at 0 and 1, of degrees 4 to n + 3.

    With Legendre's polynomials ``L_k`` of ``2x − 1``::

        χ_k = s_k [L_k − (4k + 10)/(2k + 7) L_{k+2} + (2k + 3)/(2k + 7) L_{k+4}]
        s_k = 1 / √(2 (2k + 3)² (2k + 5))

    Returns:
        ``(n + 4, n)``, Legendre coefficients in columns.

    Source: Shen (1994), doi:10.1137/0915089.
    """
    k = np.arange(n)
    basis = np.zeros((n + 4, n))
    basis[k, k] = 1
    basis[k + 2, k] = -(4 * k + 10) / (2 * k + 7)
    basis[k + 4, k] = (2 * k + 3) / (2 * k + 7)
    return basis / np.sqrt(2 * (2 * k + 3.0) ** 2 * (2 * k + 5))


def evaluate(basis: np.ndarray, x: np.ndarray, order: int = 0) -> np.ndarray:
    """Derivatives of polynomials with respect to x.

    Args:
        basis: ``(m, n)``, Legendre coefficients in columns.
        x: ``(p,)``.
        order: of the derivative.

    Returns:
        ``(p, n)``.

    >>> evaluate(np.eye(3), np.array([0.0, 1.0]), 1).tolist()
    [[0.0, 2.0, -6.0], [0.0, 2.0, 6.0]]
    """
    slopes = 2.0**order * legendre.legder(basis, order)
    return legendre.legvander(2 * x - 1, len(slopes) - 1) @ slopes
