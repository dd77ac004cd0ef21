"""Bellman's equation by iteration, with a bound on the error."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from physml.as_whole import as_whole
from physml.control.policies.tabular import Tabular
from physml.errors import ConvergenceError
from physml.ranges import check_positive


class ValueIteration(NamedTuple):
    """What a table of values came to.

    Attributes:
        values: ``V``, ``(states,)``.
        policy: the best action of each state by them, ``(states,)``.
        bounds: ``γ/(1 − γ) max|V_k − V_(k−1)|`` of each sweep, which ``max|V_k − V*|`` is below.
    """

    values: np.ndarray
    policy: np.ndarray
    bounds: np.ndarray


def value_iteration(
    process: Tabular, *, tolerance: float = 1e-10, sweeps: int = 100_000
) -> ValueIteration:
    """``V_(k+1)(s) = max_a [r(s, a) + γ Σ P(s'|s, a) V_k(s')]`` from ``V_0 = 0``.

    The map shrinks distances by ``γ`` in the maximum norm, so that ``max|V_k − V*| ≤ γᵏ max|V*|``
    and, by what is known, ``≤ γ/(1 − γ) max|V_k − V_(k−1)|``.

    Args:
        process: transitions, rewards, ``γ``.
        tolerance: of the bound.
        sweeps: the most.

    Raises:
        ConfigurationError: a tolerance that is not positive.
        ConvergenceError: the bound is not below it after the last sweep.

    Source: Puterman, Markov Decision Processes (1994), doi:10.1002/9780470316887, section 6.3.

    >>> from physml.control.policies.tabular import grid_world
    >>> found = value_iteration(grid_world(), tolerance=1e-8)
    >>> bool(np.abs(found.values - grid_world().best()).max() <= found.bounds[-1] <= 1e-8)
    True
    """
    check_positive("tolerance", tolerance)
    sweeps = as_whole("sweeps", sweeps, least=1)
    values, bounds = np.zeros(process.states), []
    for _ in range(sweeps):
        new = process.action_values(values).max(axis=1)
        change = float(np.abs(new - values).max())
        values = new
        bounds.append(process.discount / (1 - process.discount) * change)
        if bounds[-1] <= tolerance:
            break
    else:
        raise ConvergenceError(
            f"sweeps: expected a bound of {tolerance:g}, got {bounds[-1]:.3g} after {sweeps}"
        )
    return ValueIteration(values, process.action_values(values).argmax(axis=1), np.array(bounds))
