"""Few states: exact values, the contraction of Bellman's map, and learning from samples."""

from __future__ import annotations

import itertools

import jax
import numpy as np
import pytest

from physml.control import Tabular, grid_world, q_learning, value_iteration
from physml.errors import ConfigurationError, ConvergenceError, ShapeError

GRID = grid_world()


def test_no_policy_of_a_small_process_is_better_than_the_best() -> None:
    random = np.random.default_rng(0)
    process = Tabular(random.dirichlet(np.ones(4), (3, 4)), random.normal(size=(4, 3)), 0.8)
    every = [process.values_of(policy) for policy in itertools.product(range(3), repeat=4)]
    np.testing.assert_allclose(process.best(), np.max(every, axis=0), atol=1e-12)


def test_the_best_values_solve_bellman_s_equation() -> None:
    best = GRID.best()
    np.testing.assert_allclose(GRID.action_values(best).max(axis=1), best, atol=1e-12)
    assert best[-1] == 1 and best.min() == -1 and best[-2] > best[0]


@pytest.mark.parametrize("discount", [0.5, 0.95])
def test_the_map_contracts_and_the_bounds_hold(discount: float) -> None:
    process = grid_world(discount=discount)
    exact, random = process.best(), np.random.default_rng(0)
    for _ in range(5):
        a, b = random.normal(size=(2, process.states))
        closer = [process.action_values(v).max(axis=1) for v in (a, b)]
        assert np.abs(closer[0] - closer[1]).max() <= discount * np.abs(a - b).max() + 1e-12
    for tolerance in (1.0, 0.1, 0.01):
        found = value_iteration(process, tolerance=tolerance)
        sweeps = len(found.bounds)
        error = np.abs(found.values - exact).max()
        assert error <= discount**sweeps * np.abs(exact).max() + 1e-12
        assert error <= found.bounds[-1] + 1e-12
    found = value_iteration(process, tolerance=1e-12)
    np.testing.assert_allclose(process.values_of(found.policy), exact, atol=1e-11)


def test_whole_floats_are_actions() -> None:
    np.testing.assert_array_equal(GRID.values_of(np.ones(16)), GRID.values_of(np.ones(16, int)))


def test_samples_alone_come_to_the_values() -> None:
    """The largest error of seed 0; the page has three seeds and more samples."""
    exact = GRID.action_values(GRID.best())
    found = q_learning(GRID, jax.random.key(0), steps=40_000)
    assert found.visits.sum() == 40_000
    assert np.abs(found.action_values - exact).max() < 0.25
    np.testing.assert_array_equal(found.values, found.action_values.max(axis=1))


@pytest.mark.parametrize(
    ("made", "kind", "message"),
    [
        (lambda: Tabular(np.full((1, 2, 2), 0.6), np.zeros((2, 1))), ConfigurationError, "at most"),
        (lambda: Tabular(-np.eye(2)[None], np.zeros((2, 1))), ConfigurationError, "≥ 0"),
        (lambda: Tabular(np.eye(2)[None], np.zeros((1, 2))), ShapeError, "transitions, rewards"),
        (lambda: Tabular(np.eye(2)[None], np.zeros((2, 1)), 1.0), ConfigurationError, "discount"),
        (lambda: grid_world(2), ConfigurationError, "side: expected at least 3"),
        (lambda: grid_world(slip=1.5), ConfigurationError, "slip"),
        (lambda: grid_world(slip="0.1"), ConfigurationError, "slip"),
        (lambda: GRID.values_of([0]), ShapeError, "policy"),
        (lambda: GRID.values_of(np.full(16, 4)), ConfigurationError, "actions below 4"),
        (lambda: value_iteration(GRID, tolerance=0.0), ConfigurationError, "tolerance"),
        (lambda: value_iteration(GRID, sweeps=3), ConvergenceError, "sweeps: expected a bound"),
        (lambda: q_learning(GRID, jax.random.key(0), power=0.5), ConfigurationError, "power"),
    ],
)
def test_what_is_no_process_is_refused(made, kind, message) -> None:
    with pytest.raises(kind, match=message):
        made()
