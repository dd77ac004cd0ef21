"""An Ising model of few spins, exactly, by all of its states."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from physml.errors import ConfigurationError
from physml.ising.spin_couplings import spin_couplings

_MOST = 20


class Enumeration(NamedTuple):
    """All states and their weights.

    Attributes:
        states: ``(2^N, N)``, ±1, one byte each; spin 0 changes slowest, all up comes last.
        log_probabilities: ``(2^N,)``.
        log_partition: ``ln Z``, of all spins.
    """

    states: np.ndarray
    log_probabilities: np.ndarray
    log_partition: float

    @property
    def probabilities(self) -> np.ndarray:
        """``(2^N,)``; the mean of any function of a state is their product with its values."""
        return np.exp(self.log_probabilities)


def enumeration(couplings: Any, fields: Any = None) -> Enumeration:
    """``p(s) = exp(Σ_{i<j} K_ij s_i s_j + Σ_i h_i s_i)/Z`` of at most 20 spins.

    Args:
        couplings: ``K_ij = J_ij/T``, ``(N, N)``, symmetric with an empty diagonal, of any sign;
            of a square lattice ``square_couplings``, of a Sherrington–Kirkpatrick instance
            normal numbers of variance ``1/N``.
        fields: ``h_i/T``, ``(N,)``; none if None.

    Raises:
        ShapeError: another shape, a matrix that is not symmetric or has a diagonal.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: more than 20 spins.

    >>> import numpy as np, physml as pm
    >>> two = pm.ising.enumeration(np.array([[0.0, 0.5], [0.5, 0.0]]))
    >>> bool(np.isclose(two.log_partition, np.log(4 * np.cosh(0.5))))
    True
    >>> float(two.probabilities @ np.prod(two.states, axis=1)).__round__(6)  # tanh ½
    0.462117
    """
    k, h = spin_couplings(couplings, fields)
    n = len(k)
    if n > _MOST:
        raise ConfigurationError(
            f"couplings: expected at most {_MOST} spins, got {n}; of a square lattice "
            "pm.ising.kaufman knows more"
        )
    bits = np.arange(2**n)[:, None] >> np.arange(n)[::-1] & 1
    states = (2 * bits - 1).astype(np.int8)
    weights = np.empty(2**n)
    for start in range(0, 2**n, 2**14):
        s = states[start : start + 2**14].astype(float)
        weights[start : start + 2**14] = 0.5 * np.sum((s @ k) * s, axis=1) + s @ h
    top = weights.max()
    log_partition = float(top + np.log(np.sum(np.exp(weights - top))))
    return Enumeration(states, weights - log_partition, log_partition)
