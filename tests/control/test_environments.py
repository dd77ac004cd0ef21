"""Worlds: their equations of motion, what they conserve, and what is refused before a run."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.control import (
    CartPole,
    Continuous,
    Discrete,
    Environment,
    LinearWorld,
    Pendulum,
    Transition,
    TwoLevel,
    check_environment,
)
from physml.errors import ConfigurationError, ShapeError

KEY = jax.random.key(0)


def test_a_push_of_the_cart_is_gymnasium_s() -> None:
    """CartPole-v1 from 0 at rest by a push to the right, worked out by hand."""
    state, _ = CartPole().reset(KEY)
    after = CartPole().step(KEY, state._replace(motion=jnp.zeros(4)), jnp.array(1))
    push = 10.0 / 1.1
    turn = -push / (0.5 * (4 / 3 - 0.1 / 1.1))
    pull = push - 0.05 * turn / 1.1
    np.testing.assert_allclose(after.observation, [0, 0.02 * pull, 0, 0.02 * turn], rtol=1e-6)
    assert after.reward == 1 and not after.terminated and not after.truncated


@pytest.mark.parametrize(
    ("motion", "falls"),
    [((2.41, 0, 0, 0), True), ((2.3, 0, 0, 0), False), ((0, 0, -0.22, 0), True)],
)
def test_the_cart_ends_beyond_its_bounds(motion: tuple[float, ...], falls: bool) -> None:
    state, _ = CartPole(limit=1).reset(KEY)
    after = CartPole(limit=1).step(KEY, state._replace(motion=jnp.array(motion)), jnp.array(0))
    assert bool(after.terminated) == falls and bool(after.truncated)


def test_the_pendulum_costs_what_it_should() -> None:
    state, seen = Pendulum().reset(KEY)
    np.testing.assert_allclose(seen[0] ** 2 + seen[1] ** 2, 1, rtol=1e-5)
    hanging = state._replace(angle=jnp.array(-3 * math.pi), rate=jnp.array(1.0))
    after = Pendulum().step(KEY, hanging, jnp.array([5.0]))
    np.testing.assert_allclose(after.reward, -(math.pi**2 + 0.1 + 0.004), rtol=1e-5)
    np.testing.assert_allclose(after.state.rate, 1 + 0.05 * 3 * 2, rtol=1e-4)


def test_pulses_turn_the_two_levels_and_the_best_is_constant() -> None:
    world = TwoLevel(duration=2.0, pieces=4, weight=50.0)
    angle = world.best_angle()
    assert math.isclose(math.sin(angle), 4 * angle / 100, rel_tol=1e-9)

    def earned(pulse: np.ndarray) -> tuple[float, float]:
        state, _ = world.reset(KEY)
        total = 0.0
        for u in pulse:
            state, _, reward, over, _ = world.step(KEY, state, jnp.array([u]))
            total += float(reward)
        np.testing.assert_allclose(state.y**2 + state.z**2, 1, rtol=1e-5)
        assert bool(over)
        return total, float(state.energy)

    best, energy = earned(np.full(4, angle / 2))
    np.testing.assert_allclose(best, world.best_return(), rtol=1e-5)
    np.testing.assert_allclose(energy, angle**2 / 2, rtol=1e-5)
    for i in range(4):
        assert earned(angle / 2 + 0.1 * np.eye(4)[i])[0] < best
    whole, energy = earned(np.full(4, math.pi / 2))
    np.testing.assert_allclose(
        [whole, energy], [-world.least_energy, world.least_energy], rtol=1e-5
    )


def test_a_gain_costs_what_its_episodes_do() -> None:
    world = LinearWorld([[1, 0.1], [0, 1]], [0, 0.1], np.eye(2), 1.0, spread=0.5, limit=400)
    K = np.array([[0.5, 1.2]])
    total = 0.0
    for x in 0.5 * np.eye(2):  # of unit covariance the cost is the sum of those of the axes
        for _ in range(400):
            u = -K @ x
            total += x @ world.Q @ x + u @ world.R @ u
            x = world.A @ x + world.B @ u
    np.testing.assert_allclose(world.cost_of(K), total, rtol=1e-10)
    assert world.cost_of(K) > world.cost_of(world.best().K)
    state, _ = world.reset(KEY)
    after = world.step(KEY, state, jnp.array([2.0]))
    x = np.asarray(state.x)
    np.testing.assert_allclose(after.reward, -(x @ x + 4), rtol=1e-5)
    np.testing.assert_allclose(after.observation, world.A @ x + [0, 0.2], rtol=1e-5)
    with pytest.raises(ConfigurationError, match="a gain that holds the system"):
        world.cost_of(-K)
    with pytest.raises(ShapeError, match=r"K: expected \(1, 2\)"):
        world.cost_of(K.T)


class Odd(Environment):
    """A world with something wrong."""

    actions = Discrete(2)

    def __init__(self, **wrong: object) -> None:
        self.wrong = wrong

    def reset(self, key: jax.Array) -> tuple:
        return {"x": jnp.zeros(2)}, jnp.zeros(2)

    def step(self, key: jax.Array, state: dict, action: jax.Array) -> tuple:
        right = {
            "state": state,
            "observation": state["x"],
            "reward": jnp.ones(()),
            "terminated": jnp.array(False),
            "truncated": jnp.array(False),
        }
        return Transition(**{**right, **self.wrong})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"state": {"x": jnp.zeros(3)}}, r"Odd.step: state\['x'\]: expected reset's float"),
        ({"state": {"x": jnp.zeros(2, int)}}, r"Odd.step: state\['x'\]"),
        ({"state": {"y": jnp.zeros(2)}}, "Odd.step: state: expected the structure"),
        ({"observation": jnp.zeros((2, 1))}, "Odd.step: observation"),
        ({"reward": jnp.zeros(1)}, "Odd.step: reward: expected one real number"),
        ({"reward": 1}, "Odd.step: reward: expected one real number"),
        ({"terminated": jnp.zeros(())}, "Odd.step: terminated: expected one truth value"),
        ({"truncated": jnp.zeros(2, bool)}, "Odd.step: truncated"),
    ],
)
def test_a_step_that_changes_shapes_or_types_is_refused(wrong: dict, message: str) -> None:
    assert check_environment(Odd()).shape == (2,)
    with pytest.raises(ShapeError, match=message):
        check_environment(Odd(**wrong))


def test_what_is_no_world_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"expected a pm\.control\.Environment"):
        pm.control.rollouts(object(), None)
    odd = Odd()
    odd.actions = 2
    with pytest.raises(ConfigurationError, match=r"Odd.actions: expected Discrete\(n\)"):
        check_environment(odd)
    odd = Odd()
    odd.step = lambda *given: (1, 2)
    with pytest.raises(ShapeError, match=r"step: expected \(state, observation"):
        check_environment(odd)


def test_spaces_of_actions_are_checked() -> None:
    for low, high in (((), ()), ((1.0,), (1.0,)), ((0.0,), (1.0, 2.0)), ("low", (1.0,))):
        with pytest.raises(ConfigurationError, match="actions: "):
            Continuous(low, high)
    with pytest.raises(ConfigurationError, match="actions: count: expected at least 2"):
        Discrete(1)
    for made in (lambda: CartPole(limit=0), lambda: Pendulum(limit=1.5)):
        with pytest.raises(ConfigurationError, match="limit"):
            made()
    with pytest.raises(ConfigurationError, match="weight: expected a number > 4/duration = 4"):
        TwoLevel(weight=4.0)
