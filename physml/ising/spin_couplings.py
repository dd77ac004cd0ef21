"""Couplings and fields of spins that users give, checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from physml.as_numbers import as_numbers, check_finite
from physml.errors import ShapeError


def spin_couplings(couplings: Any, fields: Any) -> tuple[np.ndarray, np.ndarray]:
    """``K``, ``(N, N)``, and ``h``, ``(N,)``, zeros for None.

    Raises:
        ShapeError: another shape, a matrix that is not symmetric or has a diagonal.
        NonFiniteError: a NaN or an infinity.
    """
    k = as_numbers("couplings", couplings)
    n = len(k) if k.ndim else 0
    if k.shape != (n, n) or n == 0:
        raise ShapeError(f"couplings: expected a matrix (N, N), got {k.shape}")
    h = np.zeros(n) if fields is None else as_numbers("fields", fields)
    if h.shape != (n,):
        raise ShapeError(f"fields: expected one a spin, ({n},), got {h.shape}")
    check_finite("couplings", k)
    check_finite("fields", h)
    if not np.array_equal(k, k.T) or np.diag(k).any():
        raise ShapeError(
            "couplings: expected a symmetric matrix with zeros on its diagonal; of pairs i < j "
            "alone write K + K.T"
        )
    return k, h
