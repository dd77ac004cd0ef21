"""Policies that are learned: they earn what is known, are kept, and refuse what they cannot use."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm
from physml.control import CartPole, LearnedPolicy, actor_critic
from physml.control.policies.learned_policy import earnings
from physml.control.policies.policy_gradient import advantage_objective
from physml.control.policies.ppo import clipped
from physml.errors import (
    CheckpointError,
    ConfigurationError,
    FingerprintError,
    NonFiniteError,
    ShapeError,
)

KEY = jax.random.key(0)
SHORT = {"steps": 2, "environments": 2, "length": 8, "judge": 3, "progress": False}


class Twice(pm.MLP):
    """A network of the same parameters and other outputs."""

    def __call__(self, z):
        return 2 * super().__call__(z)


class Pushed(CartPole):
    """The same shapes, and another reward."""

    def step(self, key, state, action):
        return super().step(key, state, action)._replace(reward=jnp.asarray(2.0))


class Broken(CartPole):
    """A reward that is no number."""

    def step(self, key, state, action):
        return super().step(key, state, action)._replace(reward=jnp.asarray(jnp.nan))


@pytest.fixture(scope="module")
def found() -> LearnedPolicy:
    networks = pm.MLP((), 2), pm.MLP(())
    return pm.control.policy_gradient(CartPole(limit=12), *networks, seeds=2, **SHORT)


@pytest.mark.slow
def test_a_policy_is_kept_and_read_back(found: LearnedPolicy, tmp_path) -> None:
    found.save(tmp_path / "kept")
    again = LearnedPolicy.load(tmp_path / "kept", CartPole(limit=12), found.actor)
    seen = jax.random.normal(KEY, (5, 4))
    for seed in (0, 1):
        np.testing.assert_array_equal(again.policy(seen, seed=seed), found.policy(seen, seed=seed))
        np.testing.assert_array_equal(again.value(seen, seed=seed), found.value(seen, seed=seed))
    assert again.policy(seen[0]).shape == () and again.policy(seen).shape == (5,)
    told, before = again.numbers(), found.numbers()
    assert {**told, "compile_seconds": 0} == {**before, "compile_seconds": 0}
    np.testing.assert_array_equal(again.curve, found.curve)
    other = actor_critic(CartPole(), Twice((), 2), pm.MLP(()))
    with pytest.raises(FingerprintError, match="other numbers"):
        LearnedPolicy.load(tmp_path / "kept", CartPole(), other)
    with pytest.raises(FingerprintError, match="other numbers"):
        LearnedPolicy.load(tmp_path / "kept", Pushed(limit=12), found.actor)
    other = actor_critic(CartPole(), pm.MLP((5,), 2), pm.MLP(()))
    with pytest.raises(CheckpointError, match="expected the model that was saved"):
        LearnedPolicy.load(tmp_path / "kept", CartPole(), other)


def test_a_reward_that_is_no_number_is_named(found: LearnedPolicy) -> None:
    with pytest.raises(NonFiniteError, match="expected finite returns, got 4 of 4"):
        earnings(Broken(limit=3), found.actor, found.params, key=KEY, episodes=2)


def test_minibatches_of_one_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="minibatches: expected two samples in each"):
        pm.control.ppo(CartPole(), environments=1, length=4, minibatches=4, progress=False)


def test_numbers_are_of_fresh_episodes(found: LearnedPolicy, tmp_path) -> None:
    told = found.numbers()
    assert told["seeds"] == 2 and told["episodes"] == 3 and told["environment_steps"] == 32
    assert told["parameters"] == (4 * 2 + 2) + (4 + 1)
    earned = found.evaluate(jax.random.key(5), 40)
    assert earned.returns.shape == (2, 40) and 1 <= earned.returns.min() <= 12
    np.testing.assert_allclose(earned.mean_return, earned.returns.mean(), rtol=1e-6)
    spread = earned.returns.mean(axis=1).std(ddof=1) / np.sqrt(2)
    np.testing.assert_allclose(earned.return_error, spread, rtol=1e-6)
    assert found.plot(tmp_path / "policy.png").exists() and "return" in found.words()


def test_what_cannot_be_asked_is_refused(found: LearnedPolicy) -> None:
    with pytest.raises(ShapeError, match=r"observation: expected \(4,\) or \(n, ...\), got \(3,\)"):
        found.policy(np.zeros(3))
    with pytest.raises(ConfigurationError, match="seed: expected 0 to 1, got 2"):
        found.value(np.zeros(4), seed=2)
    with pytest.raises(ConfigurationError, match="episodes: expected at least 2"):
        found.evaluate(KEY, 1)
    with pytest.raises(ConfigurationError, match="judge: expected at least 2, got 1"):
        pm.control.policy_gradient(CartPole(), **SHORT | {"judge": 1})
    with pytest.raises(ShapeError, match=r"policy: expected outputs \(2,\), got \(3,\)"):
        pm.control.policy_gradient(CartPole(), pm.MLP((), 3), **SHORT)
    with pytest.raises(ShapeError, match=r"value: expected one number, \(\), got \(1,\)"):
        pm.control.policy_gradient(CartPole(), None, pm.MLP((), 1), **SHORT)
    for wrong in ({"clip": 0.0}, {"entropy": -1.0}, {"max_norm": 0.0}, {"updates": 0}):
        with pytest.raises(ConfigurationError, match=next(iter(wrong))):
            pm.control.ppo(CartPole(), **wrong)


@pytest.mark.parametrize("world", [CartPole(), pm.control.Pendulum()])
def test_probabilities_are_normalised_and_entropies_theirs(world) -> None:
    actor = actor_critic(world)
    _, seen = world.reset(KEY)
    params = actor.init(KEY, seen)
    if "log_std" in params:
        params["log_std"] = params["log_std"] + 0.3
        actions, weight = jnp.linspace(-12.0, 12.0, 2001)[:, None], 24.0 / 2000
    else:
        actions, weight = jnp.arange(2), 1.0
    logs = jax.vmap(lambda action: actor.log_prob(params, seen, action))(actions)
    np.testing.assert_allclose(weight * jnp.sum(jnp.exp(logs)), 1, rtol=1e-5)
    entropy = -weight * jnp.sum(jnp.exp(logs) * logs)
    np.testing.assert_allclose(actor.entropy(params, seen), entropy, rtol=1e-5)


def _batch(actor, params, n: int = 40) -> dict:
    seen = jax.random.normal(KEY, (n, 4))
    actions = jax.vmap(lambda key, s: actor.draw(key, params, s))(jax.random.split(KEY, n), seen)
    return {
        "observation": seen,
        "action": actions,
        "log_prob": jax.vmap(actor.log_prob, (None, 0, 0))(params, seen, actions),
        "advantage": jax.random.normal(jax.random.key(1), (n,)),
        "returns": jnp.ones(n),
    }


def test_the_gradient_is_the_score_of_the_actions() -> None:
    """By each sample's own derivative, and of PPO's cost too where the ratio is still 1."""
    actor = actor_critic(CartPole(), pm.MLP((), 2), pm.MLP(()))
    params = actor.init(KEY, jnp.zeros(4))
    met = _batch(actor, params)
    slopes = jax.jit(jax.vmap(lambda s, a: jax.grad(actor.log_prob)(params, s, a)["policy"]))(
        met["observation"], met["action"]
    )
    better = met["advantage"] - met["advantage"].mean()
    by_hand = lambda better: jax.tree.map(lambda s: -jnp.tensordot(better, s, 1) / 40, slopes)
    objective = advantage_objective(actor)
    batch = {"policy": met, "value": {"value": met}}
    evaluation, _ = jax.jit(objective.evaluate)(params, objective.init(params), batch)
    same = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)
    jax.tree.map(same, evaluation.gradient["policy"], by_hand(better))
    # The metric is Fisher's of the actions: policy and value do not mix.
    rows = np.asarray(jax.jit(lambda jacobian: jacobian.dense())(evaluation.jacobian))
    gram = rows.T @ rows
    p = sum(leaf.size for leaf in jax.tree.leaves(params["policy"]))
    assert np.abs(gram[:p, p:]).max() == 0 and np.abs(gram[:p, :p]).max() > 0
    cost = clipped(actor, clip=0.2, entropy=0.0)
    proximal, _ = jax.jit(cost.evaluate)(params, (), met)
    jax.tree.map(same, proximal.gradient["policy"], by_hand(better / met["advantage"].std()))
    assert proximal.metrics["kl"] < 1e-6 and proximal.metrics["clipped"] == 0


def test_a_ratio_beyond_the_clip_pulls_no_further() -> None:
    actor = actor_critic(CartPole(), pm.MLP((), 2), pm.MLP(()))
    params = actor.init(KEY, jnp.zeros(4))
    met = _batch(actor, params)
    better = met["advantage"] - met["advantage"].mean()
    # Old probabilities of half the present ones where the advantage is positive, twice elsewhere.
    met["log_prob"] = met["log_prob"] - jnp.log(2.0) * jnp.sign(better)
    evaluation, _ = jax.jit(clipped(actor, clip=0.2, entropy=0.0).evaluate)(params, (), met)
    assert max(float(jnp.abs(g).max()) for g in jax.tree.leaves(evaluation.gradient["policy"])) == 0
    assert evaluation.metrics["clipped"] == 1


def test_a_training_that_diverges_is_stopped_and_the_last_good_state_kept() -> None:
    networks = pm.MLP((), 2), pm.MLP(())
    with pytest.raises(NonFiniteError, match=r"step \d+") as told:
        pm.control.ppo(
            CartPole(limit=12),
            *networks,
            optimizer=optax.chain(optax.identity(), optax.scale(-1e200)),
            updates=4,
            environments=2,
            length=8,
            judge=2,
            progress=False,
        )
    kept = told.value.state
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(kept.params))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "number", "least", "most"),
    [
        ("lqr-policy", "largest_error", 0.0, 0.01),
        ("two-level", "energy_error", 0.0, 0.01),
        ("two-level", "fidelity", 0.999, 1.0),
        ("cart-pole", "least_return", 300.0, 500.0),
        ("pendulum", "mean_return", -1100.0, -100.0),
    ],
)
def test_entries_come_to_what_is_known(
    name: str, number: str, least: float, most: float, tmp_path
) -> None:
    """Quick recipes, on a key that nothing was tuned on; kept and read back."""
    entry = pm.control.catalogue.ENTRIES[name]
    found = entry.solve(
        entry.subject, entry.recipes["quick"], key=jax.random.key(7), progress=False
    )
    assert least <= found.numbers()[number] <= most
    found.save(tmp_path / "kept")
    again = entry.load(entry.subject, entry.recipes["quick"], tmp_path / "kept")
    assert again.numbers()["mean_return"] == found.numbers()["mean_return"]
    assert again.numbers()[number] == found.numbers()[number]
