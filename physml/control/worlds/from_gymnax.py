"""An environment of gymnax as it is."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.control.worlds.action_spaces import Actions, Continuous, Discrete
from physml.control.worlds.environment import Environment, Transition
from physml.errors import ConfigurationError


class FromGymnax(Environment):
    """A world of gymnax, by its own ``reset_env`` and ``step_env``; see ``from_gymnax``."""

    def __init__(self, environment: Any, params: Any) -> None:
        self._environment, self._params = environment, params
        self._actions = _actions_of(environment.action_space(params))

    @property
    def actions(self) -> Actions:
        """Of its space of actions."""
        return self._actions

    def reset(self, key: Array) -> tuple[Any, Array]:
        """Where an episode begins."""
        seen, state = self._environment.reset_env(key, self._params)
        return jax.tree.map(jnp.asarray, state), _reals(seen)

    def step(self, key: Array, state: Any, action: Array) -> Transition:
        """One step, and whether its limit of steps cuts the episode."""
        seen, after, reward, terminated, _ = self._environment.step_env(
            key, state, action, self._params
        )
        truncated = self._environment.is_truncated(after, self._params)
        # A number that begins as Python's may come back in another precision.
        after = jax.tree.map(lambda new, old: jnp.asarray(new, old.dtype), after, state)
        ends = (jnp.asarray(end, bool).reshape(()) for end in (terminated, truncated))
        return Transition(after, _reals(seen), _reals(reward).reshape(()), *ends)


def from_gymnax(environment: Any, params: Any = None) -> FromGymnax:
    """An environment of gymnax, version 1 or later, which tells a truncation from an end.

    ``pip install "physml[gymnax]"``; tested with gymnax 1.0.1 and jax 0.10.2.
    Nothing of it is imported here: what has its methods will do.

    Args:
        environment: the first that ``gymnax.make("CartPole-v1")`` returns.
        params: the second; the environment's own if None.

    Raises:
        ConfigurationError: what has no ``step_env`` and ``is_truncated``; a space of actions that
            is neither one of n nor a box.
    """
    needed = ("reset_env", "step_env", "is_truncated", "action_space", "default_params")
    missing = [name for name in needed if not hasattr(environment, name)]
    if missing:
        raise ConfigurationError(
            f"environment: expected one of gymnax ≥ 1.0, as gymnax.make('CartPole-v1')[0], got "
            f"{environment!r} without {', '.join(missing)}"
        )
    return FromGymnax(environment, environment.default_params if params is None else params)


def _actions_of(space: Any) -> Actions:
    if hasattr(space, "n"):
        return Discrete(int(space.n))
    if hasattr(space, "low") and hasattr(space, "high") and len(space.shape) == 1:
        low, high = (np.broadcast_to(edge, space.shape) for edge in (space.low, space.high))
        return Continuous(tuple(map(float, low)), tuple(map(float, high)))
    raise ConfigurationError(f"actions: expected one of n, or a box (d,), got {space!r}")


def _reals(array: Any) -> Array:
    return jnp.asarray(array, jnp.result_type(float))
