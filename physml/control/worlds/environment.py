"""A world to act in: two pure functions of one environment, and what an action can be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from physml.control.worlds.action_spaces import Actions, Continuous, Discrete
from physml.errors import ConfigurationError, ShapeError


class Transition(NamedTuple):
    """What a step gives.

    Attributes:
        state: after it, a pytree of arrays.
        observation: of that state, what a policy sees of it.
        reward: of the step, ``()``.
        terminated: whether nothing comes after, so that what would be earned then is 0, ``()``.
        truncated: whether the episode is cut here though the world goes on, as by a limit of time:
            what would be earned then is the value of the observation, ``()``.
    """

    state: Any
    observation: Array
    reward: Array
    terminated: Array
    truncated: Array


class Environment(ABC):
    """A Markov decision process, as pure functions of one environment.

    A policy is of the observation; the key of a step is for what happens by chance. There is no
    reset in a step: whoever rolls out starts anew after an episode.

    >>> import jax, jax.numpy as jnp
    >>> class Walk(Environment):
    ...     actions = Discrete(2)
    ...     def reset(self, key):
    ...         place = jnp.zeros(1)
    ...         return place, place
    ...     def step(self, key, state, action):
    ...         place = state + 2.0 * action - 1.0
    ...         return Transition(place, place, -jnp.abs(place[0] - 3), place[0] >= 3, False)
    >>> check_environment(Walk()).shape
    (1,)
    """

    @property
    @abstractmethod
    def actions(self) -> Actions:
        """``Discrete(n)`` or ``Continuous(low, high)``."""

    @abstractmethod
    def reset(self, key: Array) -> tuple[Any, Array]:
        """``(key) -> (state, observation)``, where an episode begins."""

    @abstractmethod
    def step(self, key: Array, state: Any, action: Array) -> Transition:
        """``(key, state, action) -> (state, observation, reward, terminated, truncated)``."""


def check_environment(environment: Environment) -> jax.ShapeDtypeStruct:
    """Refuse an environment that could not be rolled out, before anything is compiled.

    Args:
        environment: of which ``reset`` and ``step`` are traced, not run.

    Returns:
        Shape and type of an observation.

    Raises:
        ConfigurationError: no environment, or no space of actions.
        ShapeError: a step that changes shapes or types of state or observation; a reward that is
            not one real number; ``terminated`` or ``truncated`` that are not truth values.
    """
    if not isinstance(environment, Environment):
        raise ConfigurationError(
            "environment: expected a pm.control.Environment, such as CartPole(), got "
            f"{environment!r}"
        )
    actions, who = environment.actions, type(environment).__name__
    if not isinstance(actions, Discrete | Continuous):
        raise ConfigurationError(
            f"{who}.actions: expected Discrete(n) or Continuous(low, high), got {actions!r}"
        )
    key = jax.eval_shape(lambda: jax.random.key(0))
    state, observation = jax.eval_shape(environment.reset, key)
    action = jax.eval_shape(lambda: an_action(actions))
    found = jax.eval_shape(lambda *given: strict(environment.step(*given)), key, state, action)
    _same(f"{who}.step: state", state, found.state)
    _same(f"{who}.step: observation", observation, found.observation)
    if not jnp.issubdtype(getattr(observation, "dtype", jnp.int32), jnp.floating):
        raise ShapeError(
            f"{who}.reset: observation: expected one array of reals, got {observation}"
        )
    if found.reward.shape != () or not jnp.issubdtype(found.reward.dtype, jnp.floating):
        raise ShapeError(f"{who}.step: reward: expected one real number, got {_told(found.reward)}")
    for name in ("terminated", "truncated"):
        end = getattr(found, name)
        if end.shape != () or end.dtype != jnp.bool_:
            raise ShapeError(f"{who}.step: {name}: expected one truth value, got {_told(end)}")
    shape: jax.ShapeDtypeStruct = observation
    return shape


def strict(step: Any) -> Transition:
    """What a step returned, as arrays.

    Raises:
        ShapeError: where it is not five things.
    """
    if not isinstance(step, tuple) or len(step) != 5:
        raise ShapeError(
            "step: expected (state, observation, reward, terminated, truncated), got "
            f"{len(step) if isinstance(step, tuple) else type(step).__name__}"
        )
    return Transition(*jax.tree.map(jnp.asarray, tuple(step)))


def an_action(actions: Actions) -> Array:
    """Some action."""
    if isinstance(actions, Discrete):
        return jnp.zeros((), jnp.int32)
    return jnp.zeros(actions.size)


def _same(what: str, before: Any, after: Any) -> None:
    expected, got = str(jax.tree.structure(before)), str(jax.tree.structure(after))
    if expected != got:
        raise ShapeError(f"{what}: expected the structure of reset's, {expected}, got {got}")
    paths = jax.tree_util.tree_leaves_with_path(before)
    for (path, old), new in zip(paths, jax.tree.leaves(after), strict=True):
        if (old.shape, old.dtype) != (new.shape, new.dtype):
            where = jax.tree_util.keystr(path)
            raise ShapeError(f"{what}{where}: expected reset's {_told(old)}, got {_told(new)}")


def _told(array: Any) -> str:
    return f"{array.dtype} {array.shape}"
