"""A sampler of what a policy meets: rolled out, told apart, gone through in minibatches."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.control.policies.actor_critic import ActorCritic
from physml.control.policies.lambda_returns import lambda_returns
from physml.control.worlds.environment import Environment, check_environment, strict
from physml.errors import ConfigurationError
from physml.ranges import check_positive, check_unit
from physml.types import Batch, Sampler


class RolloutState(NamedTuple):
    """Where the worlds are, and the rollout that is gone through.

    Attributes:
        steps: of training, ``()``.
        worlds: states of the environments, ``(seeds, environments, ...)``.
        observations: of them.
        earned: by each episode so far, ``(seeds, environments)``.
        rollout: what was met, ``(seeds, n, ...)``.
        order: in which it is gone through, ``(seeds, n)``.
        returns: mean of the episodes that ended last, ``(seeds,)``; NaN before the first.
    """

    steps: Array
    worlds: Any
    observations: Array
    earned: Array
    rollout: dict[str, Array]
    order: Array
    returns: Array


def rollouts(
    environment: Environment,
    actor: ActorCritic,
    *,
    seeds: int = 1,
    environments: int = 4,
    length: int = 128,
    epochs: int = 1,
    minibatches: int = 1,
    discount: float = 0.99,
    trace: float = 0.95,
    reward_scale: float = 1.0,
) -> Sampler:
    """What policies meet, each in worlds of its own, and how good their actions were.

    Every ``epochs × minibatches`` steps each world goes ``length`` steps on by the present
    parameters, and starts anew where an episode ends; each epoch takes all of that in an order of
    its own.

    Args:
        environment: one world.
        actor: draws actions and gives values.
        seeds: how many policies: parameters, state and batch have them as their first axis.
        environments: worlds of each policy.
        length: steps of a rollout in each world.
        epochs: how often a rollout is gone through.
        minibatches: parts of an epoch; they divide ``environments × length``.
        discount: ``γ`` of a step, in [0, 1].
        trace: ``λ`` of ``lambda_returns``, in [0, 1].
        reward_scale: what rewards are multiplied by for advantages and values.

    Returns:
        A sampler whose batch is ``observation``, ``action``, ``log_prob`` when it was drawn,
        ``advantage``, ``returns``, each ``(seeds, n/minibatches, ...)``, and whose metrics are
        ``return``, the mean over policies of the undiscounted sum of rewards of episodes that ended
        in the last rollout, NaN until one did, and ``return/i`` of each.

    Raises:
        ConfigurationError: counts below 1, minibatches that do not divide, ``γ`` or ``λ`` outside
            [0, 1].
        ShapeError: an environment that could not be rolled out.
    """
    check_environment(environment)
    seeds, epochs = as_whole("seeds", seeds, least=1), as_whole("epochs", epochs, least=1)
    environments = as_whole("environments", environments, least=1)
    length = as_whole("length", length, least=1)
    minibatches = as_whole("minibatches", minibatches, least=1)
    n, period = environments * length, epochs * minibatches
    if n % minibatches:
        raise ConfigurationError(
            f"minibatches: expected a number that divides environments × length = {n}, got "
            f"{minibatches}"
        )
    check_unit("discount", discount)
    check_unit("trace", trace)
    check_positive("reward_scale", reward_scale)
    roll = partial(_roll, environment, actor, length, discount, trace, reward_scale)

    def init(key: Array, params: Any) -> RolloutState:
        keys = jax.random.split(key, (seeds, environments))
        worlds, seen = jax.vmap(jax.vmap(environment.reset))(keys)
        none = jnp.zeros((seeds, environments), jnp.result_type(float))
        never = jnp.full(seeds, jnp.nan)
        # Of the shapes that the first step fills.
        outline = jax.eval_shape(
            jax.vmap(roll), jax.random.split(key, seeds), params, worlds, seen, none, never
        )
        empty = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), outline[3])
        order = jnp.tile(jnp.arange(n, dtype=jnp.int32), (seeds, 1))
        return RolloutState(jnp.zeros((), jnp.int32), worlds, seen, none, empty, order, never)

    def anew(key: Array, state: RolloutState, params: Any) -> RolloutState:
        keys = jax.random.split(key, seeds)
        worlds, seen, earned, rollout, returns = jax.vmap(roll)(
            keys, params, state.worlds, state.observations, state.earned, state.returns
        )
        return RolloutState(state.steps, worlds, seen, earned, rollout, state.order, returns)

    def sample(
        key: Array, state: RolloutState, params: Any
    ) -> tuple[RolloutState, Batch, dict[str, Array]]:
        rolled, shuffled = jax.random.split(key)
        at = state.steps % period
        if period == 1:
            state = anew(rolled, state, params)
        else:
            state = jax.lax.cond(
                at == 0, lambda: _like(state, anew(rolled, state, params)), lambda: state
            )
        batch: Any = state.rollout
        if minibatches > 1:
            part = at % minibatches
            order = jax.lax.cond(
                part == 0,
                lambda: jax.vmap(lambda key: jax.random.permutation(key, n).astype(jnp.int32))(
                    jax.random.split(shuffled, seeds)
                ),
                lambda: state.order,
            )
            size = n // minibatches
            chosen = jax.lax.dynamic_slice_in_dim(order, part * size, size, axis=1)
            batch = jax.tree.map(
                lambda leaf: jax.vmap(lambda one, at: one[at])(leaf, chosen), batch
            )
            state = state._replace(order=order)
        told = {f"return/{i}": state.returns[i] for i in range(seeds)} if seeds > 1 else {}
        told["return"] = jnp.mean(state.returns)
        return state._replace(steps=state.steps + 1), batch, told

    return Sampler(init, sample)


def _roll(
    environment: Environment,
    actor: ActorCritic,
    length: int,
    discount: float,
    trace: float,
    reward_scale: float,
    key: Array,
    params: Any,
    worlds: Any,
    seen: Array,
    earned: Array,
    returns: Array,
) -> tuple[Any, Array, Array, dict[str, Array], Array]:
    """One policy in its worlds, ``(environments, ...)``, for some steps."""
    keys = jax.random.split(key, (length, 3, earned.shape[0]))

    def step(carry: tuple[Any, ...], keys: Array) -> tuple[tuple[Any, ...], dict[str, Array]]:
        worlds, seen, earned = carry
        actions = jax.vmap(actor.draw, (0, None, 0))(keys[0], params, seen)
        after = jax.vmap(lambda *given: strict(environment.step(*given)))(
            keys[1], worlds, jax.vmap(actor.given)(actions)
        )
        over = after.terminated | after.truncated
        earned = earned + after.reward
        fresh = jax.vmap(environment.reset)(keys[2])
        new_worlds, new_seen = jax.tree.map(
            lambda new, old: jnp.where(over.reshape((-1,) + (1,) * (new.ndim - 1)), new, old),
            fresh,
            (after.state, after.observation),
        )
        met = {
            "observation": seen,
            "action": actions,
            "next": after.observation,
            "reward": after.reward,
            "terminated": after.terminated,
            "truncated": after.truncated,
            "ended": jnp.where(over, earned, 0.0),
        }
        return (new_worlds, new_seen, jnp.where(over, 0.0, earned)), met

    (worlds, seen, earned), met = jax.lax.scan(step, (worlds, seen, earned), keys)
    of_each = jax.vmap(jax.vmap(partial(actor.worth, params)))
    told = lambda *pair: jax.vmap(jax.vmap(partial(actor.log_prob, params)))(*pair)  # noqa: E731
    found = lambda_returns(
        reward_scale * met["reward"],
        of_each(met["observation"]),
        of_each(met["next"]),
        met["terminated"],
        met["truncated"],
        discount=discount,
        trace=trace,
    )
    rollout = {
        "observation": met["observation"],
        "action": met["action"],
        "log_prob": told(met["observation"], met["action"]),
        "advantage": found.advantages,
        "returns": found.returns,
    }
    rollout = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), rollout)
    count = jnp.sum(met["terminated"] | met["truncated"])
    mean = jnp.sum(met["ended"]) / jnp.maximum(count, 1)
    return worlds, seen, earned, rollout, jnp.where(count > 0, mean, returns)


def _like(old: Any, new: Any) -> Any:
    return jax.tree.map(lambda a, b: b.astype(a.dtype), old, new)
