"""Features of inputs, in which a linear model is linear."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from physml.as_whole import as_whole
from physml.learn.linear.linear_model import as_design


def monomials(inputs: Any, degree: int) -> np.ndarray:
    """All products ``x₁^a x₂^b …`` of total degree 1 to ``degree``.

    Their number is ``(d + degree)!/(d! degree!) − 1``: the constant is the intercept's. Inputs of
    size one, in ``[−1, 1]``, keep them of one size.

    Args:
        inputs: ``(n, d)``.
        degree: at least 1.

    Returns:
        ``(n, p)``, by degree: ``x, y, x², xy, y², …``.

    Raises:
        ConfigurationError: a degree below 1.
        ShapeError, NonFiniteError: other inputs.

    >>> import physml as pm
    >>> pm.learn.monomials([[2.0, 3.0]], 2).tolist()
    [[2.0, 3.0, 4.0, 6.0, 9.0]]
    """
    degree = as_whole("degree", degree, least=1)
    x = as_design(inputs)
    powers = [
        chosen
        for total in range(1, degree + 1)
        for chosen in combinations_with_replacement(range(x.shape[1]), total)
    ]
    return np.stack([np.prod(x[:, list(chosen)], axis=1) for chosen in powers], axis=1)
