"""A policy and a value function: what is drawn, how likely it was, what is earned from there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.control.worlds.action_spaces import Actions, Discrete
from physml.control.worlds.environment import Environment, check_environment
from physml.errors import ShapeError
from physml.networks import MLP
from physml.networks.as_module import as_module

_FIRST_GAIN = 0.01


@dataclass(frozen=True)
class ActorCritic:
    """A stochastic policy ``π(a|s)`` and a value function ``V(s)``, with parameters of their own.

    Of discrete actions the network gives logits, ``π = softmax z``; of continuous ones the means of
    normal distributions, whose standard deviations are parameters: ``a = μ(s) + e^ℓ ε``.

    Attributes:
        actions: what an action can be.
        policy: a network of an observation, with an output for each action or number.
        value: a network of an observation, with one output.
    """

    actions: Actions
    policy: Any
    value: Any

    @property
    def outputs(self) -> int:
        """Of the policy's network."""
        return self.actions.count if isinstance(self.actions, Discrete) else self.actions.size

    def init(self, key: Array, observation: Array) -> dict[str, Any]:
        """First parameters: all actions nearly alike, or their means nearly zero.

        Raises:
            ShapeError: a network whose outputs are not as many as the actions ask for, or a value
                that is not one number.
        """
        keys = jax.random.split(key)
        params = {
            "policy": _quiet(self.policy, self.policy.init(keys[0], observation)),
            "value": self.value.init(keys[1], observation),
        }
        output = jax.eval_shape(self.policy.apply, params["policy"], observation)
        if output.shape != (self.outputs,):
            raise ShapeError(f"policy: expected outputs ({self.outputs},), got {output.shape}")
        worth = jax.eval_shape(self.value.apply, params["value"], observation)
        if worth.shape != ():
            raise ShapeError(f"value: expected one number, (), got {worth.shape}")
        if not isinstance(self.actions, Discrete):
            params["log_std"] = jnp.zeros(self.outputs, output.dtype)
        return params

    def draw(self, key: Array, params: Any, observation: Array) -> Array:
        """An action by chance."""
        output = self.policy.apply(params["policy"], observation)
        if isinstance(self.actions, Discrete):
            return jax.random.categorical(key, output).astype(jnp.int32)
        noise = jax.random.normal(key, output.shape, output.dtype)
        return output + jnp.exp(params["log_std"]) * noise

    def greedy(self, params: Any, observation: Array) -> Array:
        """The likeliest action."""
        output = self.policy.apply(params["policy"], observation)
        if isinstance(self.actions, Discrete):
            return jnp.argmax(output).astype(jnp.int32)
        return self.given(output)

    def given(self, action: Array) -> Array:
        """What the environment is given: the nearest action within bounds."""
        return action if isinstance(self.actions, Discrete) else self.actions.within(action)

    def log_prob(self, params: Any, observation: Array, action: Array) -> Array:
        """``ln π(a|s)`` of an action as it was drawn, ``()``."""
        output = self.policy.apply(params["policy"], observation)
        if isinstance(self.actions, Discrete):
            return jax.nn.log_softmax(output)[action]
        scale = params["log_std"]
        off = (action - output) * jnp.exp(-scale)
        return -jnp.sum(0.5 * off**2 + scale + 0.5 * math.log(2 * math.pi))

    def entropy(self, params: Any, observation: Array) -> Array:
        """``−⟨ln π⟩`` at an observation, in nats, ``()``."""
        if isinstance(self.actions, Discrete):
            logs = jax.nn.log_softmax(self.policy.apply(params["policy"], observation))
            return -jnp.sum(jnp.exp(logs) * logs)
        return jnp.sum(params["log_std"] + 0.5 * math.log(2 * math.pi * math.e))

    def worth(self, params: Any, observation: Array) -> Array:
        """``V(s)``, ``()``."""
        return self.value.apply(params["value"], observation)


def actor_critic(environment: Environment, policy: Any = None, value: Any = None) -> ActorCritic:
    """Policy and value function of an environment, two hidden layers of 64 where none is given.

    Raises:
        ConfigurationError, ShapeError: an environment that could not be rolled out; what is no
            network.
    """
    check_environment(environment)
    actions = environment.actions
    outputs = actions.count if isinstance(actions, Discrete) else actions.size
    policy = MLP((64, 64), outputs) if policy is None else as_module("policy", policy)
    value = MLP((64, 64)) if value is None else as_module("value", value)
    return ActorCritic(actions, policy, value)


def _quiet(network: Any, params: Any) -> Any:
    """A last layer that says nearly nothing, so that all actions are tried at first."""
    path = getattr(network, "last_layer", None)
    if path is None:
        return params

    def quiet(at: Any, leaf: Array) -> Array:
        names = tuple(str(getattr(part, "key", part)) for part in at)
        inside = any(names[i : i + len(path)] == tuple(path) for i in range(len(names)))
        return _FIRST_GAIN * leaf if inside else leaf

    return jax.tree_util.tree_map_with_path(quiet, params)
