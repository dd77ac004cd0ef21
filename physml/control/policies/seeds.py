"""First parameters of several policies, each drawn with a key of its own."""

from __future__ import annotations

from typing import Any

import jax
from jax import Array

from physml.as_whole import as_whole
from physml.control.policies.actor_critic import ActorCritic
from physml.control.worlds.environment import Environment


def first_params(actor: ActorCritic, environment: Environment, key: Array, seeds: int) -> Any:
    """Parameters with a first axis of ``seeds``.

    Raises:
        ConfigurationError: fewer than one.
    """
    seeds = as_whole("seeds", seeds, least=1)
    _, observation = environment.reset(key)
    return jax.vmap(lambda key: actor.init(key, observation))(jax.random.split(key, seeds))
