"""Linear systems of quadratic cost: closed forms, the systems' own costs, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, NonFiniteError, ShapeError

INTEGRATOR = ([[0.0, 1.0], [0.0, 0.0]], [0.0, 1.0], np.eye(2), 1.0)


def _random(seed: int, n: int = 4, m: int = 2) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(seed)
    root = random.normal(size=(n, n))
    return random.normal(size=(n, n)), random.normal(size=(n, m)), root @ root.T, 2 * np.eye(m)


def test_the_double_integrator():
    found = pm.control.riccati(*INTEGRATOR)
    root = np.sqrt(3)
    np.testing.assert_allclose(found.P, [[root, 1], [1, root]], atol=1e-14)
    np.testing.assert_allclose(found.K, [[1, root]], atol=1e-14)
    np.testing.assert_allclose(sorted(found.eigenvalues.imag), [-0.5, 0.5], atol=1e-13)
    assert found.cost([1.0, -1.0]) == pytest.approx(2 * root - 2, abs=1e-13)
    np.testing.assert_allclose(found.action([[1.0, 0.0], [0.0, 1.0]]), [[-1], [-root]])


@pytest.mark.parametrize("seed", [0, 1])
def test_the_cost_is_that_of_the_closed_loop_and_no_other_gain_s_is_less(seed):
    """Of any gain the cost is ``X`` of Lyapunov's equation: an equation without Riccati's."""
    from scipy.linalg import solve_continuous_lyapunov

    A, B, Q, R = _random(seed)
    found, x = pm.control.riccati(A, B, Q, R), np.array([1.0, -2.0, 0.5, 0.3])

    def cost(K):
        closed = A - B @ K
        return x @ solve_continuous_lyapunov(closed.T, -(Q + K.T @ R @ K)) @ x

    assert cost(found.K) == pytest.approx(found.cost(x), rel=1e-11)
    random = np.random.default_rng(seed)
    for _ in range(5):
        assert cost(found.K + 0.02 * random.normal(size=found.K.shape)) > found.cost(x)


@pytest.mark.parametrize("discount", [1.0, 0.9])
def test_steps_of_time_cost_what_is_told(discount):
    A, B, Q, R = _random(2)
    found = pm.control.discrete_riccati(A, B, Q, R, discount=discount)
    x, total = np.array([0.3, 1.0, -1.0, 0.2]), 0.0
    expected = found.cost(x)
    for k in range(400):
        u = found.action(x)
        total += discount**k * (x @ Q @ x + u @ R @ u)
        x = A @ x + B @ u
    assert total == pytest.approx(expected, rel=1e-11)


def test_a_system_may_grow_where_later_steps_cost_less():
    """Whether it decays is asked of √γ A: an unheld mode of 1.05 is cheap at γ = 0.8."""
    found = pm.control.discrete_riccati(
        np.diag([1.05, 0.5]), [0.0, 1.0], np.eye(2), 1, discount=0.8
    )
    assert found.P[0, 0] == pytest.approx(1 / (1 - 0.8 * 1.05**2), rel=1e-12)
    assert np.abs(found.eigenvalues).max() == pytest.approx(1.05)
    with pytest.raises(ConfigurationError, match="out of their reach"):
        pm.control.discrete_riccati(np.diag([1.05, 0.5]), [0.0, 1.0], np.eye(2), 1)


def test_what_decays_and_costs_nothing_is_left_alone():
    for found in (pm.control.riccati(-1, 1, 0, 1), pm.control.discrete_riccati(0.5, 1, 0, 1)):
        assert found.P == 0 and found.K == 0 and found.residual == 0


def test_a_long_horizon_forgets_its_end():
    A, B, Q, R = _random(3)
    for last in (None, 5 * np.eye(4)):
        flow = pm.control.riccati_flow(A, B, Q, R, horizon=20.0, last=last)
        np.testing.assert_allclose(flow.P[0], pm.control.riccati(A, B, Q, R).P, rtol=1e-9)
        steps = pm.control.riccati_recursion(A, B, Q, R, steps=300, last=last)
        np.testing.assert_allclose(steps.P[0], pm.control.discrete_riccati(A, B, Q, R).P, rtol=1e-9)
    np.testing.assert_array_equal(flow.P[-1], last)
    np.testing.assert_allclose(flow.cost([1.0, 0, 0, 0]), flow.P[0, 0, 0])


@pytest.mark.parametrize("horizon", [4.0, 40.0, 4000.0])
def test_a_stiff_flow_keeps_its_digits(horizon):
    """``P = √Q tanh(√Q T)`` of ``A = 0`` and ``B = R = 1``, in a frame of its own."""
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    root = np.array([10.0, 1.0, 0.1])
    Q, one = turn @ np.diag(root**2) @ turn.T, np.eye(3)
    Q = 0.5 * (Q + Q.T)
    P = turn @ np.diag(root * np.tanh(root * horizon)) @ turn.T
    for steps in (1, 7):
        found = pm.control.riccati_flow(0 * one, one, Q, one, horizon=horizon, steps=steps)
        np.testing.assert_allclose(found.P[0], P, atol=1e-11)
    if horizon > 1000:
        np.testing.assert_allclose(found.P[0], pm.control.riccati(0 * one, one, Q, one).P, 1e-9)


@pytest.mark.parametrize(("B", "Q", "P"), [(1.0, 1e-9, 1e-9**0.5), (1e-9, 1.0, 1e9)])
def test_units_do_not_matter(B, Q, P):
    assert pm.control.riccati(0, B, Q, 1).P[0, 0] == pytest.approx(P, rel=1e-9)


def test_the_flow_obeys_its_equation():
    A, B, Q, R = _random(4)
    flow = pm.control.riccati_flow(A, B, Q, R, horizon=1.0, last=np.eye(4), steps=2000)
    P = flow.P[1000]
    slope = (flow.P[1001] - flow.P[999]) / (flow.times[1001] - flow.times[999])
    right = A.T @ P + P @ A - P @ B @ np.linalg.solve(R, B.T) @ P + Q
    np.testing.assert_allclose(-slope, right, atol=1e-4 * np.abs(right).max())


def test_steps_are_the_least_cost_of_their_matrix():
    """Three steps as one linear least-squares problem over all inputs."""
    A, B, Q, R = _random(5, 2, 1)
    found = pm.control.riccati_recursion(A, B, Q, R, steps=3, last=np.eye(2))
    x = np.array([1.0, -1.0])
    power = np.linalg.matrix_power
    rows, right = [], []
    for k in range(1, 4):
        weight = np.linalg.cholesky(Q if k < 3 else np.eye(2)).T
        inputs = [power(A, k - 1 - j) @ B if j < k else np.zeros((2, 1)) for j in range(3)]
        rows.append(weight @ np.hstack(inputs))
        right.append(-weight @ power(A, k) @ x)
    rows.append(np.sqrt(R[0, 0]) * np.eye(3))
    right.append(np.zeros(3))
    matrix, right = np.vstack(rows), np.concatenate(right)
    best = np.linalg.lstsq(matrix, right, rcond=None)[0]
    assert found.cost(x) == pytest.approx(x @ Q @ x + np.sum((matrix @ best - right) ** 2))
    assert (-found.K[0] @ x)[0] == pytest.approx(best[0])


A, B, Q, R = INTEGRATOR


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: pm.control.riccati(A, B, Q, -1), ConfigurationError, "R: .*positive, got -1"),
        (lambda: pm.control.riccati(A, B, Q, 0), ConfigurationError, "R: .*positive, got 0"),
        (lambda: pm.control.riccati(A, B, -Q, 1), ConfigurationError, "Q: .*not negative, got -1"),
        (
            lambda: pm.control.riccati(A, B, [[1, 1], [0, 1]], 1),
            ConfigurationError,
            "Q: expected a symmetric",
        ),
        (lambda: pm.control.riccati(A, [1, 0], Q, 1), ConfigurationError, "B: .*eigenvalue 0"),
        (
            lambda: pm.control.riccati(1, 1, 0, 1),
            ConfigurationError,
            "Q: expected a cost of every mode",
        ),
        (lambda: pm.control.riccati(A, [1, 0, 0], Q, 1), ShapeError, "B: expected"),
        (lambda: pm.control.riccati([[0, 1]], B, Q, 1), ShapeError, "A: expected"),
        (lambda: pm.control.riccati(A, B, Q, np.eye(2)), ShapeError, "R: expected"),
        (lambda: pm.control.riccati(A, [0, np.nan], Q, 1), NonFiniteError, "B: expected finite"),
        (lambda: pm.control.riccati(*INTEGRATOR).cost([1.0]), ShapeError, r"expected \(2,\)"),
        (
            lambda: pm.control.discrete_riccati(1, 1, 1, 1, discount=1.1),
            ConfigurationError,
            "discount",
        ),
        (
            lambda: pm.control.riccati_flow(A, B, Q, R, horizon=0.0),
            ConfigurationError,
            "horizon",
        ),
        (
            lambda: pm.control.riccati_flow(A, B, Q, R, horizon=1.0, last=-Q),
            ConfigurationError,
            "last: .*not negative",
        ),
        (
            lambda: pm.control.riccati_recursion(A, B, Q, R, steps=0),
            ConfigurationError,
            "steps: expected at least 1",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
