"""A pendulum that a weak motor swings up and holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.control.worlds.action_spaces import Continuous
from physml.control.worlds.environment import Environment, Transition

_GRAVITY, _TIME_STEP, _FASTEST, _STRONGEST = 10.0, 0.05, 8.0, 2.0


class PendulumState(NamedTuple):
    """Angle from upright (rad), its rate (rad/s), steps taken."""

    angle: Array
    rate: Array
    steps: Array


@dataclass(frozen=True)
class Pendulum(Environment):
    """Swing a rod up and hold it, by a torque of at most 2 N m.

    A rod of 1 kg and 1 m, ``θ`` from upright, ``g = 10 m/s²``, steps of 0.05 s::

        θ̇ ← θ̇ + (3/2 g sin θ + 3u) Δt, within ±8;   θ ← θ + θ̇ Δt
        reward = −(θ² + θ̇²/10 + u²/1000), θ within ±π, before the step

    and it never terminates; it is truncated after ``limit`` steps. The policy sees ``cos θ``,
    ``sin θ``, ``θ̇``. These are the numbers of gymnasium's Pendulum-v1.

    Attributes:
        limit: steps of an episode.

    >>> import jax, jax.numpy as jnp
    >>> state, observation = Pendulum().reset(jax.random.key(0))
    >>> float(Pendulum().step(jax.random.key(1), state, jnp.zeros(1)).reward) < 0
    True
    """

    limit: int = 200

    def __post_init__(self) -> None:
        """Check the limit where it is written."""
        object.__setattr__(self, "limit", as_whole("limit", self.limit, least=1))

    @property
    def actions(self) -> Continuous:
        """The torque, in N m."""
        return Continuous((-_STRONGEST,), (_STRONGEST,))

    def reset(self, key: Array) -> tuple[PendulumState, Array]:
        """At any angle, at a rate within ±1."""
        start = jax.random.uniform(key, (2,), minval=-1.0, maxval=1.0)
        state = PendulumState(math.pi * start[0], start[1], jnp.zeros((), jnp.int32))
        return state, _seen(state)

    def step(self, key: Array, state: PendulumState, action: Array) -> Transition:
        """One torque for 0.05 s."""
        del key
        torque = jnp.clip(jnp.asarray(action)[0], -_STRONGEST, _STRONGEST)
        angle, rate, steps = state
        within = jnp.mod(angle + math.pi, 2 * math.pi) - math.pi
        reward = -(within**2 + 0.1 * rate**2 + 0.001 * torque**2)
        rate = rate + (1.5 * _GRAVITY * jnp.sin(angle) + 3.0 * torque) * _TIME_STEP
        rate = jnp.clip(rate, -_FASTEST, _FASTEST)
        new = PendulumState(angle + rate * _TIME_STEP, rate, steps + 1)
        return Transition(new, _seen(new), reward, jnp.array(False), new.steps >= self.limit)


def _seen(state: PendulumState) -> Array:
    return jnp.stack([jnp.cos(state.angle), jnp.sin(state.angle), state.rate])
