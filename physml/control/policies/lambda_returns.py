"""How much better an action was than the policy's average, by rewards and a value function."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from physml.as_numbers import check_unmasked
from physml.errors import ShapeError


class LambdaReturns(NamedTuple):
    """Of each step of a rollout, ``(steps, ...)``.

    Attributes:
        advantages: ``Â_t``.
        returns: ``Â_t + V(s_t)``, what a value function is fitted to.
    """

    advantages: Array
    returns: Array


def lambda_returns(
    rewards: Array,
    values: Array,
    next_values: Array,
    terminated: Array,
    truncated: Array,
    *,
    discount: float | Array,
    trace: float | Array,
) -> LambdaReturns:
    """Advantages as exponentially weighted sums of temporal differences.

        δ_t = r_t + γ (1 − terminated_t) V(s'_t) − V(s_t)
        Â_t = Σ_{l ≥ 0} (γλ)^l δ_{t+l}, within the episode

    ``s'_t`` is what the step led to, before an episode begins anew: where it was truncated, or the
    rollout ends, what comes after counts by ``V(s'_t)``; where it terminated, by 0.

    Args:
        rewards: ``(steps, ...)``, as all that follow.
        values: ``V(s_t)``.
        next_values: ``V(s'_t)``.
        terminated: truth values.
        truncated: truth values.
        discount: ``γ``.
        trace: ``λ``: 0 for one step, 1 for all that the rollout has.

    Raises:
        ShapeError: arrays of different shapes, masked entries, ends that are no truth values.

    Source: Schulman, Moritz, Levine, Jordan and Abbeel (2016), arXiv:1506.02438.

    >>> import jax.numpy as jnp
    >>> ends = jnp.array([False, True])
    >>> lambda_returns(jnp.ones(2), jnp.zeros(2), jnp.full(2, 9.0), ends, ~ends & False,
    ...                discount=0.5, trace=1.0).advantages.tolist()
    [6.0, 1.0]
    """
    told: dict[str, Any] = {
        "rewards": rewards,
        "values": values,
        "next_values": next_values,
        "terminated": terminated,
        "truncated": truncated,
    }
    check_unmasked("lambda_returns", told)
    given = {name: jnp.asarray(array) for name, array in told.items()}
    rewards, values, next_values, terminated, truncated = given.values()
    shapes = {name: array.shape for name, array in given.items()}
    if len(set(shapes.values())) > 1 or not shapes["rewards"]:
        raise ShapeError(f"lambda_returns: expected (steps, ...) of each alike, got {shapes}")
    for name in ("terminated", "truncated"):
        if given[name].dtype != jnp.bool_:
            raise ShapeError(f"{name}: expected truth values, got {given[name].dtype}")
    differences = rewards + discount * jnp.where(terminated, 0.0, next_values) - values
    keeps = discount * trace * jnp.where(terminated | truncated, 0.0, 1.0)

    def back(later: Array, here: tuple[Array, Array]) -> tuple[Array, Array]:
        difference, keep = here
        advantage = difference + keep * later
        return advantage, advantage

    last = jnp.zeros_like(differences[0])
    _, advantages = jax.lax.scan(back, last, (differences, keeps), reverse=True)
    return LambdaReturns(advantages, advantages + values)
