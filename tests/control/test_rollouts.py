"""Rollouts: λ-returns by their definition, ends told apart, and when a rollout is anew."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.control import (
    CartPole,
    Discrete,
    Environment,
    Transition,
    actor_critic,
    policy_gradient,
    ppo,
    rollouts,
)
from physml.control.policies.lambda_returns import lambda_returns
from physml.control.policies.policy_fit import first_params
from physml.errors import ConfigurationError

KEY = jax.random.key(0)


@pytest.mark.parametrize("trace", [0.0, 0.8, 1.0])
def test_advantages_are_the_sums_of_their_definition(trace: float) -> None:
    random, discount, steps = np.random.default_rng(0), 0.9, 12
    rewards, values, later = random.normal(size=(3, steps))
    terminated, truncated = np.zeros((2, steps), bool)
    terminated[4] = truncated[8] = True
    found = lambda_returns(
        *map(jnp.asarray, (rewards, values, later, terminated, truncated)),
        discount=discount,
        trace=trace,
    )
    ends = [4, 8, steps - 1]
    for t in range(steps):
        end = next(e for e in ends if e >= t)
        total = 0.0
        for k in range(t, end + 1):
            after = 0.0 if terminated[k] else later[k]
            delta = rewards[k] + discount * after - values[k]
            total += (discount * trace) ** (k - t) * delta
        np.testing.assert_allclose(found.advantages[t], total, rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(found.returns, found.advantages + values, rtol=1e-6)


class Count(Environment):
    """Counts steps; the policy sees them. Ends after three, by an end of one kind."""

    actions = Discrete(2)

    def __init__(self, terminates: bool) -> None:
        self.terminates = terminates

    def reset(self, key: jax.Array) -> tuple:
        return jnp.zeros(()), jnp.zeros(1)

    def step(self, key: jax.Array, state: jax.Array, action: jax.Array) -> Transition:
        state = state + 1
        over = state >= 3
        ends = (over, over & False) if self.terminates else (over & False, over)
        return Transition(state, state[None], jnp.ones(()), *ends)


class Worth:
    """A value function that is 10 at the third step, 0 elsewhere."""

    def init(self, key: jax.Array, seen: jax.Array) -> dict:
        return {"scale": jnp.array(10.0)}

    def apply(self, params: dict, seen: jax.Array) -> jax.Array:
        return jnp.where(seen[0] == 3, params["scale"], 0.0)


@pytest.mark.parametrize(("terminates", "last"), [(True, 1.0), (False, 1.0 + 0.5 * 10.0)])
def test_what_comes_after_counts_unless_it_terminated(terminates: bool, last: float) -> None:
    world = Count(terminates)
    actor = actor_critic(world, pm.MLP((), 2), Worth())
    sampler = rollouts(world, actor, environments=2, length=4, discount=0.5, trace=0.0)
    params = first_params(actor, world, KEY, 1)
    state = sampler.init(KEY, params)
    state, batch, metrics = jax.jit(sampler.sample)(KEY, state, params)
    # Steps of both worlds in turn; the world begins anew after the third.
    seen = batch["observation"][0, :, 0].reshape(4, 2)
    np.testing.assert_array_equal(seen, [[0, 0], [1, 1], [2, 2], [0, 0]])
    np.testing.assert_allclose(batch["advantage"][0].reshape(4, 2)[2], last, rtol=1e-6)
    assert metrics["return"] == 3 and state.earned.tolist() == [[1.0, 1.0]]


@pytest.mark.slow
def test_minibatches_go_through_a_rollout_and_then_it_is_anew() -> None:
    world = CartPole(limit=5)
    actor = actor_critic(world, pm.MLP((3,), 2), pm.MLP((3,)))
    sampler = rollouts(
        world, actor, seeds=2, environments=2, length=6, epochs=2, minibatches=3, discount=0.9
    )
    params = first_params(actor, world, KEY, 2)
    state, sample = sampler.init(KEY, params), jax.jit(sampler.sample)
    whole, seen = [], []
    for i in range(7):
        state, batch, metrics = sample(jax.random.fold_in(KEY, i), state, params)
        assert batch["observation"].shape == (2, 4, 4)
        whole.append(np.asarray(state.rollout["observation"]))
        seen.append(np.asarray(batch["observation"][1]))
    assert all((whole[i] == whole[0]).all() for i in range(6)) and (whole[6] != whole[0]).any()
    ordered = lambda rows: rows[np.lexsort(rows.T)]
    for epoch in (seen[:3], seen[3:6]):
        np.testing.assert_array_equal(ordered(np.concatenate(epoch)), ordered(whole[0][1]))
    assert (np.concatenate(seen[:3]) != np.concatenate(seen[3:6])).any()
    assert metrics["return"] == 5 and set(metrics) == {"return", "return/0", "return/1"}
    # The seeds differ in their worlds and in their policies.
    assert (whole[0][0] != whole[0][1]).any()
    logs = jax.vmap(actor.log_prob, (None, 0, 0))(
        jax.tree.map(lambda leaf: leaf[1], params),
        state.rollout["observation"][1],
        state.rollout["action"][1],
    )
    np.testing.assert_allclose(logs, state.rollout["log_prob"][1], rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"minibatches": 5}, "minibatches: expected a number that divides .* = 512, got 5"),
        ({"discount": 1.01}, r"discount: expected a number in \[0, 1\], got 1.01"),
        ({"trace": -0.1}, r"trace: expected a number in \[0, 1\]"),
        ({"discount": float("nan")}, r"discount: expected a number in \[0, 1\]"),
        ({"discount": "0.9"}, r"discount: expected a number in \[0, 1\], got 0.9"),
        ({"environments": 0}, "environments: expected at least 1"),
        ({"environments": "2"}, "environments: expected a whole number"),
        ({"reward_scale": 0.0}, "reward_scale: expected a number > 0"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        rollouts(CartPole(), actor_critic(CartPole()), **options)


def test_counts_may_be_written_as_floats() -> None:
    world = CartPole()
    actor = actor_critic(world, pm.MLP((), 2), pm.MLP(()))
    counts = {"environments": 2.0, "length": 4.0, "epochs": 2.0, "minibatches": 2.0}
    sampler = rollouts(world, actor, seeds=1.0, **counts)
    params = jax.eval_shape(lambda: first_params(actor, world, KEY, 1))
    state = jax.eval_shape(sampler.init, KEY, params)
    assert jax.eval_shape(sampler.sample, KEY, state, params)[1]["advantage"].shape == (1, 4)
    for learn in (policy_gradient, ppo):
        with pytest.raises(ConfigurationError, match="length: expected a whole number"):
            learn(world, length="8")
