"""Interpolation by polynomials through the nearest nodes, in Lagrange's barycentric form."""

from __future__ import annotations

import numpy as np


def local_weights(nodes: np.ndarray, x: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights that interpolate values at nodes: ``f(x) ≈ Σ_j weight_j f(node_j)``.

    The polynomial of degree ``width − 1`` through the ``width`` nodes around ``x``::

        weight_j = (b_j / (x − node_j)) / Σ_k b_k / (x − node_k)
        b_j = 1 / Π_{k≠j} (node_j − node_k)

    Args:
        nodes: ``(m,)``, ascending, at least ``width``.
        x: ``(n,)``, within the nodes.
        width: the number of nodes of each polynomial.

    Returns:
        The indices of the nodes and their weights, ``(n, width)`` both.

    Source: Berrut and Trefethen (2004), doi:10.1137/S0036144502417715.

    >>> import numpy as np
    >>> indices, weights = local_weights(np.arange(9.0), np.array([2.5]), 4)
    >>> indices, float((weights * indices**3).sum())
    (array([[1, 2, 3, 4]]), 15.625)
    """
    first = np.clip(np.searchsorted(nodes, x) - width // 2, 0, len(nodes) - width)
    starts, window = np.unique(first, return_inverse=True)
    at = nodes[starts[:, None] + np.arange(width)]
    # In units of the window's width, so that the products neither over- nor underflow.
    span = at[:, -1:] - at[:, :1]
    apart = (at[:, :, None] - at[:, None, :]) / span[:, :, None]
    barycentric = 1 / np.prod(apart + np.eye(width), axis=2)
    distance = (x[:, None] - at[window]) / span[window]
    hit = np.abs(distance) < np.finfo(float).eps / 4
    weights = barycentric[window] / np.where(hit, 1, distance)
    weights = np.where(hit.any(axis=1, keepdims=True), hit, weights)
    return first[:, None] + np.arange(width), weights / weights.sum(axis=1, keepdims=True)
