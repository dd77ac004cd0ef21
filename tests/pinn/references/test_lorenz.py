"""Ordinary differential equations: the Lorenz system against its Taylor series."""

from __future__ import annotations

import numpy as np
import pytest

from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.pinn import references


def taylor(order: int = 26, steps: int = 400) -> np.ndarray:
    """States at ``steps + 1`` times to t = 8, by the recursion of the series' coefficients.

    In extended precision where numpy's longdouble has it.
    """
    wide = np.longdouble
    state, h, states = np.ones(3, wide), wide(8) / steps, []
    for _ in range(steps + 1):
        states.append(state)
        c = np.zeros((order + 1, 3), wide)
        c[0] = state
        for k in range(order):
            x, y, z = c[: k + 1].T
            xz, xy = x @ z[::-1], x @ y[::-1]
            rates = [10 * (y[k] - x[k]), 28 * x[k] - xz - y[k], xy - wide(8) / 3 * z[k]]
            c[k + 1] = np.array(rates) / (k + 1)
        state = np.zeros(3, wide)
        for row in c[::-1]:
            state = state * h + row
    return np.array(states, float)


def test_it_is_its_taylor_series():
    exact = lambda t: taylor()
    error = references.refinement_error(references.lorenz, exact, np.linspace(0, 8, 401)[:, None])
    assert error < references.LORENZ_ERROR


def test_the_error_is_below_the_stated_one():
    t = np.linspace(0, 8, 1001)[:, None]
    finer = references.lorenz_solution(steps=4000)
    assert references.refinement_error(references.lorenz, finer, t) < references.LORENZ_ERROR
    assert references.lorenz_solution(steps=4000) is finer


def test_other_equations():
    logistic = references.OdeSolution(lambda t, u: u * (1 - u), (0.1,), end=5.0, longest=0.05)
    t = np.linspace(0, 5, 77)[:, None]
    np.testing.assert_allclose(logistic(t), 1 / (1 + 9 * np.exp(-t)), rtol=1e-13)


def test_bad_input_is_refused():
    still = references.OdeSolution(lambda t, u: 0 * u, (1.0,), end=1.0, longest=1.0)
    with pytest.raises(ShapeError, match=r"\(n, 1\) as \(t\), got \(2,\)"):
        still(np.zeros(2))
    with pytest.raises(ConfigurationError, match=r"times in \[0, 1\], got \[-1, 0\]"):
        still(np.array([[0.0], [-1.0]]))
    with pytest.raises(NonFiniteError, match="stops at t = 1"):
        references.OdeSolution(lambda t, u: u**2, (1.0,), end=2.0, longest=0.1)
