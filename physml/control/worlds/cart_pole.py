"""A pole on a cart that is pushed left or right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.control.worlds.action_spaces import Discrete
from physml.control.worlds.environment import Environment, Transition

_GRAVITY, _CART, _POLE, _HALF_LENGTH = 9.8, 1.0, 0.1, 0.5
_FORCE, _TIME_STEP = 10.0, 0.02
_FARTHEST, _STEEPEST = 2.4, 12 * math.pi / 180


class CartState(NamedTuple):
    """Place (m), velocity (m/s), angle from upright (rad), its rate (rad/s); steps taken."""

    motion: Array
    steps: Array


@dataclass(frozen=True)
class CartPole(Environment):
    """Keep a pole upright on a cart, by pushes of ±10 N; 1 is earned at each step.

    With ``M = 1.1 kg`` in all, a pole of ``m = 0.1 kg`` and half length ``l = 0.5 m``::

        θ̈ = (g sin θ − cos θ (F + m l θ̇² sin θ)/M) / (l (4/3 − m cos²θ/M))
        ẍ = (F + m l θ̇² sin θ − m l θ̈ cos θ)/M

    by Euler's explicit steps of 0.02 s. It terminates beyond ``|x| = 2.4 m`` or ``|θ| = 12°``, and
    is truncated after ``limit`` steps. Action 1 pushes to the right. These are the numbers of
    gymnasium's CartPole-v1.

    Attributes:
        limit: steps of an episode, and the most that can be earned.

    Source: Barto, Sutton and Anderson (1983), doi:10.1109/TSMC.1983.6313077.

    >>> import jax
    >>> state, observation = CartPole().reset(jax.random.key(0))
    >>> CartPole().step(jax.random.key(1), state, 1).observation.shape
    (4,)
    """

    limit: int = 500

    def __post_init__(self) -> None:
        """Check the limit where it is written."""
        object.__setattr__(self, "limit", as_whole("limit", self.limit, least=1))

    @property
    def actions(self) -> Discrete:
        """0 pushes to the left, 1 to the right."""
        return Discrete(2)

    def reset(self, key: Array) -> tuple[CartState, Array]:
        """Near the middle, nearly upright, nearly at rest: each number uniform in ±0.05."""
        motion = jax.random.uniform(key, (4,), minval=-0.05, maxval=0.05)
        return CartState(motion, jnp.zeros((), jnp.int32)), motion

    def step(self, key: Array, state: CartState, action: Array) -> Transition:
        """One push."""
        del key
        _, velocity, angle, rate = state.motion
        force = jnp.where(jnp.asarray(action) == 1, _FORCE, -_FORCE)
        cos, sin, total = jnp.cos(angle), jnp.sin(angle), _CART + _POLE
        push = (force + _POLE * _HALF_LENGTH * rate**2 * sin) / total
        turn = (_GRAVITY * sin - cos * push) / (_HALF_LENGTH * (4.0 / 3.0 - _POLE * cos**2 / total))
        pull = push - _POLE * _HALF_LENGTH * turn * cos / total
        motion = state.motion + _TIME_STEP * jnp.stack([velocity, pull, rate, turn])
        steps = state.steps + 1
        fallen = (jnp.abs(motion[0]) > _FARTHEST) | (jnp.abs(motion[2]) > _STEEPEST)
        one = jnp.ones((), motion.dtype)
        return Transition(CartState(motion, steps), motion, one, fallen, steps >= self.limit)
