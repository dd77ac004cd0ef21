"""Bellman's equation by single transitions alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.control.policies.tabular import Tabular
from physml.errors import ConfigurationError


class QLearning(NamedTuple):
    """What was learned from transitions alone.

    Attributes:
        action_values: ``Q``, ``(states, actions)``.
        visits: of each pair, ``(states, actions)``.
    """

    action_values: np.ndarray
    visits: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """``max_a Q``."""
        return self.action_values.max(axis=1)


def q_learning(
    process: Tabular, key: Array, *, steps: int = 100_000, power: float = 0.7
) -> QLearning:
    """``Q(s, a) ← Q + α [r + γ max Q(s', ·) − Q]`` along a random walk, ``α = n(s, a)^−power``.

    The walk takes each action alike, and begins at any state after an end. With ``power`` in
    (½, 1] the sum of ``α`` diverges and that of its squares does not, so that ``Q`` converges to
    Bellman's with probability 1.

    Args:
        process: of which single transitions are drawn, and nothing else is used.
        key: a random key.
        steps: transitions.
        power: in (½, 1]; 1 forgets the start very slowly.

    Raises:
        ConfigurationError: numbers out of range.

    Source: Watkins and Dayan (1992), doi:10.1007/BF00992698; rates: Even-Dar and Mansour, JMLR 5,
    1 (2003).

    >>> import jax
    >>> from physml.control.policies.tabular import grid_world
    >>> q_learning(grid_world(3), jax.random.key(0), steps=100).visits.sum()
    np.int64(100)
    """
    steps = as_whole("steps", steps, least=1)
    if not 0.5 < power <= 1:
        raise ConfigurationError(f"power: expected a number in (½, 1], got {power}")
    actions, states = process.transitions.shape[:2]
    ends = 1 - process.transitions.sum(axis=-1, keepdims=True)
    logs = jnp.log(jnp.asarray(np.concatenate([process.transitions, np.clip(ends, 0, 1)], axis=-1)))
    rewards = jnp.asarray(process.rewards)

    def step(carry: Any, key: Array) -> tuple[Any, None]:
        state, Q, visits = carry
        keys = jax.random.split(key, 3)
        action = jax.random.randint(keys[0], (), 0, actions)
        to = jax.random.categorical(keys[1], logs[action, state])
        over = to == states
        later = jnp.where(over, 0.0, jnp.max(Q[jnp.minimum(to, states - 1)]))
        visits = visits.at[state, action].add(1)
        rate = visits[state, action].astype(Q.dtype) ** -power
        target = rewards[state, action] + process.discount * later
        Q = Q.at[state, action].add(rate * (target - Q[state, action]))
        anywhere = jax.random.randint(keys[2], (), 0, states)
        return (jnp.where(over, anywhere, to).astype(jnp.int32), Q, visits), None

    @jax.jit
    def walk(keys: Array) -> tuple[Array, Array]:
        begin = (
            jnp.zeros((), jnp.int32),
            jnp.zeros_like(rewards),
            jnp.zeros((states, actions), int),
        )
        (_, Q, visits), _ = jax.lax.scan(step, begin, keys)
        return Q, visits

    Q, visits = walk(jax.random.split(key, steps))
    return QLearning(np.asarray(Q), np.asarray(visits))
