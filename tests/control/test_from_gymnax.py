"""Environments of gymnax as they are, beside the same of one's own."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.control import CartPole, Continuous, Discrete, check_environment, from_gymnax
from physml.errors import ConfigurationError

KEY = jax.random.key(0)


@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1"])
def test_a_world_of_gymnax_is_the_same(name: str) -> None:
    gymnax = pytest.importorskip("gymnax")
    theirs = from_gymnax(*gymnax.make(name))
    ours = CartPole() if name == "CartPole-v1" else pm.control.Pendulum()
    assert check_environment(theirs).shape == check_environment(ours).shape
    assert theirs.actions == ours.actions
    state, seen = theirs.reset(KEY)
    if isinstance(ours.actions, Discrete):
        own = ours.reset(KEY)[0]._replace(motion=seen)
    else:
        own = ours.reset(KEY)[0]._replace(angle=state.theta, rate=state.theta_dot)
    for i in range(30):
        action = jnp.array(i % 2) if name == "CartPole-v1" else jnp.array([1.5 * (-1) ** (i // 7)])
        after, mine = theirs.step(KEY, state, action), ours.step(KEY, own, action)
        np.testing.assert_allclose(after.observation, mine.observation, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(after.reward, mine.reward, rtol=1e-4)
        assert bool(after.terminated) == bool(mine.terminated)
        assert not after.truncated
        if after.terminated:
            break
        state, own = after.state, mine.state
    short, params = gymnax.make("CartPole-v1")
    short = from_gymnax(short, params.replace(max_steps_in_episode=1))
    after = short.step(KEY, short.reset(KEY)[0], jnp.array(1))
    assert after.truncated and not after.terminated


class Space:
    """A box."""

    low, high, shape = -2.0, np.array([1.0, 2.0]), (2,)


class Like:
    """What gymnax's environments have."""

    default_params = None
    reset_env = staticmethod(lambda key, params: (jnp.zeros(2), {"time": 0}))
    is_truncated = staticmethod(lambda state, params: state["time"] >= 2)
    action_space = staticmethod(lambda params: Space())

    @staticmethod
    def step_env(key, state, action, params):
        seen = jnp.ones(2, jnp.float16)
        return seen, {"time": state["time"] + 1}, action[0], state["time"] < 0, {}


def test_what_looks_like_one_is_taken_and_what_does_not_refused() -> None:
    world = from_gymnax(Like())
    assert world.actions == Continuous((-2.0, -2.0), (1.0, 2.0))
    assert check_environment(world).shape == (2,)
    state, _ = world.reset(KEY)
    for cut in (False, True):
        state, _, reward, terminated, truncated = world.step(KEY, state, jnp.array([0.5, 0.0]))
        assert (bool(terminated), bool(truncated), float(reward)) == (False, cut, 0.5)
    with pytest.raises(ConfigurationError, match=r"one of gymnax ≥ 1.0, .* without reset_env"):
        from_gymnax(CartPole())
