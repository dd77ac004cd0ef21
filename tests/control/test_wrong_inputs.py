"""What is given to control and is no number of the right shape is told, and not taken for one."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from physml.control import (
    Continuous,
    HamiltonJacobiBellman,
    LinearWorld,
    grid_world,
    lambda_returns,
)
from physml.control.policies.actor_critic import ActorCritic
from physml.control.policies.learned_policy import LearnedPolicy, _summed
from physml.control.policies.linear_feedback import LinearFeedback, QuadraticValue
from physml.errors import ConfigurationError, NonFiniteError, ShapeError

WORLD = LinearWorld([[1, 0.1], [0, 1]], [0.005, 0.1], 0.1 * np.eye(2), 0.1)
GRID = grid_world(3)
HIDDEN = np.ma.array([[1.0, -9999.0]], mask=[[False, True]])


@pytest.mark.parametrize(
    ("gain", "kind", "message"),
    [
        (HIDDEN, ShapeError, "1 of 2 entries masked"),
        ([[1.0 + 0.1j, 1.7]], ShapeError, "complex128"),
        ([[np.nan, 1.7]], NonFiniteError, "K: expected finite"),
        ([[1.0], [1.7]], ShapeError, r"expected \(1, 2\)"),
    ],
)
def test_a_gain(gain, kind, message) -> None:
    with pytest.raises(kind, match=message):
        WORLD.cost_of(gain)


@pytest.mark.parametrize(
    ("seen", "kind", "message"),
    [
        (HIDDEN[0], ShapeError, "masked"),
        ([1.0j, 2.0], ShapeError, "complex128"),
        ([np.nan, 2.0], NonFiniteError, "observation: expected finite"),
        ([1.0], ShapeError, r"expected \(2,\)"),
    ],
)
def test_an_observation(seen, kind, message) -> None:
    """The likeliest of actions by logits that are NaN would be the first one."""
    actor = ActorCritic(WORLD.actions, LinearFeedback(1), QuadraticValue())
    params = {
        "policy": {"params": {"K": jnp.ones((1, 1, 2))}},
        "value": {"params": {"c": jnp.zeros(1), "p": jnp.zeros((1, 3))}},
    }
    policy = LearnedPolicy(WORLD, actor, params, _summed(np.zeros((1, 2))), np.zeros((1, 1)), 1)
    for asked in (policy.policy, policy.value):
        with pytest.raises(kind, match=message):
            asked(seen)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: GRID.values_of(np.ma.masked_equal(np.zeros(9), 0)), ShapeError, "masked"),
        (lambda: GRID.values_of(np.full(9, np.nan)), ConfigurationError, "actions below 4"),
        (lambda: GRID.action_values(np.zeros((9, 9))), ShapeError, r"expected \(9,\)"),
        (lambda: GRID.action_values(np.zeros(9) + 1j), ShapeError, "complex128"),
    ],
)
def test_tables(call, kind, message) -> None:
    with pytest.raises(kind, match=message):
        call()


HJB = HamiltonJacobiBellman(dimension=2)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: HJB.exact_at(np.ma.masked, [0.0, 0.0]), ShapeError, "masked"),
        (lambda: HJB.exact_at(np.nan, [0.0, 0.0]), ConfigurationError, "a time up to 1"),
        (lambda: HJB.exact_at(0.5, [np.nan, 0.0]), NonFiniteError, "x: expected finite"),
        (lambda: HamiltonJacobiBellman(coupling=np.complex128(1 + 1j)), ConfigurationError, "> 0"),
        (lambda: HamiltonJacobiBellman(coupling=np.array("1")), ConfigurationError, "> 0"),
        (lambda: Continuous([1j], [2.0]), ConfigurationError, "low: expected real numbers"),
        (lambda: Continuous(["1"], [2.0]), ConfigurationError, "low: expected real numbers"),
    ],
)
def test_numbers_that_are_none(call, kind, message) -> None:
    """Of a complex number, of a word and of what is masked a number was made."""
    with pytest.raises(kind, match=message):
        call()


@pytest.mark.parametrize(
    ("rewards", "message"),
    [
        (np.ones((5, 1)), "of each alike"),
        (np.ones(3), "of each alike"),
        (np.ma.masked_greater(np.ones((5, 3)), 0), "masked"),
    ],
)
def test_rewards_do_not_broadcast(rewards, message) -> None:
    one, ends = np.ones((5, 3)), np.zeros((5, 3), bool)
    with pytest.raises(ShapeError, match=message):
        lambda_returns(rewards, one, one, ends, ends, discount=0.9, trace=0.9)
    with pytest.raises(ShapeError, match="terminated: expected truth values"):
        lambda_returns(one, one, one, one, ends, discount=0.9, trace=0.9)


def test_lists_are_rewards_too() -> None:
    told = [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [False, False], [False, False]
    assert lambda_returns(*told, discount=0.5, trace=1.0).advantages.tolist() == [0.75, 0.5]
