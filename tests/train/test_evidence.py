"""The evidence of a damping, against the dense formula and the damping that made the data."""

from __future__ import annotations

import numpy as np
import pytest

from physml.train.evidence import Rows, log_evidence, most_likely_damping
from physml.train.row_covariance import singular_values

NOISE = 0.3


def rows_of(matrix, residual, away):
    return Rows.of(singular_values(matrix), matrix.T @ residual, away, float(residual @ residual))


def dense(damping, J, r0, variance):
    """``−½ [r₀ᵀC⁻¹r₀ + ln det C + n ln 2π]``, ``C = s²(J Jᵀ/λ + I)``."""
    C = variance * (J @ J.T / damping + np.eye(len(r0)))
    return -0.5 * (
        r0 @ np.linalg.solve(C, r0) + np.linalg.slogdet(C)[1] + len(r0) * np.log(2 * np.pi)
    )


@pytest.mark.parametrize("n", [6, 40], ids=["n < p", "n > p"])
def test_the_formula_wherever_the_fit_ended(n):
    rng = np.random.default_rng(0)
    J, y, away = rng.normal(size=(n, 10)), rng.normal(size=n), rng.normal(size=10)
    r0 = -y  # at the prior's centre, zero
    rows = rows_of(J, J @ away - y, away)
    damping = np.array([1e-3, 0.1, 10.0])
    found = log_evidence(damping, rows, Rows.none(), n, NOISE**2)
    np.testing.assert_allclose(found, [dense(d, J, r0, NOISE**2) for d in damping], rtol=1e-11)
    profiled = log_evidence(damping, rows, Rows.none(), n, None)
    variances = rows.minimum(damping) / n
    for d, value, s2 in zip(damping, profiled, variances, strict=True):
        np.testing.assert_allclose(value, dense(d, J, r0, s2), rtol=1e-11)
        assert value > max(dense(d, J, r0, 1.1 * s2), dense(d, J, r0, 0.9 * s2))


def test_constraints_are_known_and_not_observed():
    """``p(y, E)/p(E)`` is what a process conditioned on E says of y."""
    rng = np.random.default_rng(1)
    JE, JD = rng.normal(size=(4, 8)), rng.normal(size=(5, 8))
    away, rE, rD = rng.normal(size=8), rng.normal(size=4), rng.normal(size=5)
    every = rows_of(np.concatenate([JE, JD]), np.concatenate([rE, rD]), away)
    found = log_evidence(np.array([0.2]), every, rows_of(JE, rE, away), 5, NOISE**2)
    at_centre = [r - J @ away for J, r in ((JE, rE), (JD, rD))]
    inner = JE @ JE.T + 0.2 * np.eye(4)
    mean = at_centre[1] - JD @ JE.T @ np.linalg.solve(inner, at_centre[0])
    K = (JD @ JD.T - JD @ JE.T @ np.linalg.solve(inner, JE @ JD.T)) / 0.2
    C = NOISE**2 * (K + np.eye(5))
    expected = -0.5 * (
        mean @ np.linalg.solve(C, mean) + np.linalg.slogdet(C)[1] + 5 * np.log(2 * np.pi)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-11)


@pytest.mark.parametrize("noise_is_given", [True, False])
def test_a_known_damping_is_found_and_the_fitted_residual_would_not(noise_is_given):
    """Parameters drawn with variance s²/λ: ln λ within five deviations √(2/p) of 400 of them.

    With the fitted residual in place of that at the prior's centre λ comes out far too large.
    """
    rng, p, true = np.random.default_rng(2), 400, 0.7
    J = rng.normal(size=(600, p))
    theta = NOISE / np.sqrt(true) * rng.normal(size=p)
    y = J @ theta + NOISE * rng.normal(size=600)
    fitted = np.linalg.solve(J.T @ J + 0.01 * np.eye(p), J.T @ y)
    variance = NOISE**2 if noise_is_given else None
    rows = rows_of(J, J @ fitted - y, fitted)
    found = most_likely_damping(rows, Rows.none(), 600, variance, least=1e-12)
    assert abs(np.log(found / true)) < 5 * np.sqrt(2 / p)
    wrong = rows._replace(away=np.zeros(p))
    assert most_likely_damping(wrong, Rows.none(), 600, variance, least=1e-12) > 4 * true
    ends = log_evidence(np.array([0.99, 1.0, 1.01]) * found, rows, Rows.none(), 600, variance)
    assert ends[1] >= ends.max()
