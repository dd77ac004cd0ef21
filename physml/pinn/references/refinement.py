"""The error of a numerical solution, by comparison with a finer one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Evaluator = Callable[[np.ndarray], np.ndarray]
"""A solution, ``(n, d) -> (n,)`` or ``(n, components)``."""


def refinement_error(solution: Evaluator, finer: Evaluator, points: np.ndarray) -> float:
    """``|u − u_finer|₂ / |u_finer|₂`` over points ``(n, d)``, all components together.

    >>> refinement_error(lambda x: 1.01 * x[:, 0], lambda x: x[:, 0], np.ones((3, 1)))
    0.01
    """
    values = finer(points)
    return float(np.linalg.norm(solution(points) - values) / np.linalg.norm(values))
