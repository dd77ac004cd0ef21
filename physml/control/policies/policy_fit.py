"""Policies of several seeds in one fit, and the fresh episodes that tell what they earn."""

from __future__ import annotations

from typing import Any

import jax
from jax import Array

from physml.as_whole import as_whole
from physml.control.policies.actor_critic import ActorCritic
from physml.control.policies.learned_policy import LearnedPolicy
from physml.control.worlds.environment import Environment
from physml.train import fit, key_for
from physml.train.replicas import objective_of_replicas, optimizer_of_replicas
from physml.types import Objective, Optimizer, Sampler


def policy_fit(
    environment: Environment,
    actor: ActorCritic,
    objective: Objective,
    sampler: Sampler,
    optimizer: Optimizer,
    *,
    seeds: int,
    updates: int,
    steps_an_update: int,
    met_an_update: int,
    judge: int,
    key: Array | None,
    **loop: Any,
) -> LearnedPolicy:
    """Train policies beside one another, then judge them.

    Args:
        environment: one world.
        actor: networks of policy and value.
        objective: of one policy on a batch.
        sampler: of all policies' rollouts.
        optimizer: of one policy.
        seeds: policies.
        updates: rollouts.
        steps_an_update: of the optimizer.
        met_an_update: steps of one policy's worlds in a rollout.
        judge: fresh episodes of each policy.
        key: a random key; that of 0 if None.
        **loop: other arguments of ``fit``.

    Raises:
        ConfigurationError: fewer than two episodes to judge by, before anything is trained.
    """
    judge = as_whole("judge", judge, least=2)
    key = jax.random.key(0) if key is None else key
    result = fit(
        objective_of_replicas(objective),
        sampler,
        optimizer_of_replicas(optimizer),
        first_params(actor, environment, key_for(key, "params"), seeds),
        steps=updates * steps_an_update,
        key=key_for(key, "fit"),
        **loop,
    )
    return LearnedPolicy.judged(
        environment,
        actor,
        result.params,
        episodes=judge,
        key=key_for(key, "measure"),
        steps_an_update=steps_an_update,
        met_an_update=met_an_update,
        result=result,
    )


def first_params(actor: ActorCritic, environment: Environment, key: Array, seeds: int) -> Any:
    """First parameters, each drawn with a key of its own, with a first axis of ``seeds``.

    Raises:
        ConfigurationError: fewer than one.
    """
    seeds = as_whole("seeds", seeds, least=1)
    _, observation = environment.reset(key)
    return jax.vmap(lambda key: actor.init(key, observation))(jax.random.split(key, seeds))
