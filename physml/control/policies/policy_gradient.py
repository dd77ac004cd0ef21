"""The natural policy gradient, by the objective of ground states and free energies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.as_whole import as_whole
from physml.control.policies.actor_critic import ActorCritic, actor_critic
from physml.control.policies.learned_policy import LearnedPolicy
from physml.control.policies.policy_fit import policy_fit
from physml.control.policies.rollouts import rollouts
from physml.control.worlds.environment import Environment
from physml.errors import ConfigurationError
from physml.optim import natural_gradient, optimizer_of
from physml.train import Run, least_squares, score, total
from physml.train.callbacks import Callback
from physml.types import Batch, Objective, Sampler


def policy_gradient(
    environment: Environment,
    policy: Any = None,
    value: Any = None,
    *,
    optimizer: Any = None,
    seeds: int = 1,
    steps: int = 100,
    environments: int = 8,
    length: int = 128,
    discount: float = 0.99,
    trace: float = 0.95,
    reward_scale: float = 1.0,
    normalise: bool = True,
    judge: int = 100,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> LearnedPolicy:
    """A policy of large return by ``score``, with its value function by ``least_squares``.

        ∇C = −(1/n) Σ Â_i ∂ln π(a_i|s_i) + (1/n) Σ (V(s_i) − R_i) ∂V(s_i)

    over the ``n`` states met in one rollout by the present policy, each with weight 1, not ``γᵗ``:
    it is ``1/n`` of the sum over them, where a mean over episodes would be the mean length of one
    times as much. Rows are ``∂ln π/√n``, less their mean, and ``∂V/√n``: the natural gradient steps
    by the Fisher matrix of ``π`` at the states met, and by Gauss–Newton of the value, whose
    parameters are others, at once. Any optimizer of gradients will do as well.

    Args:
        environment: one world.
        policy: a network of the observation: logits, or means; two hidden layers of 64 if None.
        value: a network of the observation with one output; two hidden layers of 64 if None.
        optimizer: any, or its name; the natural gradient if None.
        seeds: policies that are learned beside one another, in worlds of their own.
        steps: rollouts, and updates by each.
        environments: worlds of each policy.
        length: steps of a rollout in each world.
        discount: ``γ``, in [0, 1].
        trace: ``λ``, in [0, 1].
        reward_scale: what rewards are multiplied by in training.
        normalise: divide advantages by their standard deviation over the rollout.
        judge: fresh episodes of each policy that tell the numbers.
        key: a random key.
        run: a run directory.
        callbacks: of the loop.
        progress: whether to show a line.

    Returns:
        The policies, what they earn in fresh episodes, and a ``Result``.

    Raises:
        ConfigurationError: counts or numbers out of range.
        ShapeError: an environment that could not be rolled out, networks with other outputs.
        NonFiniteError: it diverged; the message has the step, and the last good state is kept.

    Sources: Williams (1992), doi:10.1007/BF00992696; Kakade, "A natural policy gradient", NeurIPS
    2001; advantages: Schulman et al. (2016), arXiv:1506.02438.

    >>> import physml as pm
    >>> found = pm.control.policy_gradient(
    ...     pm.control.CartPole(limit=20), pm.MLP((4,), 2), pm.MLP((4,)), steps=2, environments=2,
    ...     length=16, judge=4, progress=False)
    >>> 0 < found.numbers()["mean_return"] <= 20
    True
    """
    steps = as_whole("steps", steps, least=1)
    environments = as_whole("environments", environments, least=1)
    length = as_whole("length", length, least=1)
    actor = actor_critic(environment, policy, value)
    if environments * length < 2:
        raise ConfigurationError(
            f"length: expected two steps or more in all worlds together, got {environments} × "
            f"{length}: the advantage of one, less its mean, is 0"
        )
    sampler = rollouts(
        environment,
        actor,
        seeds=seeds,
        environments=environments,
        length=length,
        discount=discount,
        trace=trace,
        reward_scale=reward_scale,
    )
    if optimizer is None:
        optimizer = natural_gradient(0.5, damping=1e-2)
    return policy_fit(
        environment,
        actor,
        advantage_objective(actor),
        _parted(sampler, normalise),
        optimizer_of(optimizer),
        seeds=seeds,
        updates=steps,
        steps_an_update=1,
        met_an_update=environments * length,
        judge=judge,
        key=key,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )


def advantage_objective(actor: ActorCritic) -> Objective:
    """The sum of ``score`` with ``f = −Â`` and of the value's least squares; see above."""

    def log_pi(params: Any, met: Any) -> Array:
        return actor.log_prob(params, met["observation"], met["action"])

    def off(params: Any, met: Any) -> Array:
        return actor.worth(params, met["observation"]) - met["returns"]

    return total(
        {
            "policy": score(log_pi, lambda params, met: -met["advantage"]),
            "value": least_squares({"value": off}),
        }
    )


def _parted(sampler: Sampler, normalise: bool) -> Sampler:
    """The same batch for both parts, its advantages in units of their standard deviation."""

    def sample(
        rolled: Any, key: Array, state: Any, params: Any
    ) -> tuple[Any, Batch, dict[str, Array]]:
        state, met, told = rolled(key, state, params)
        if normalise:
            better = met["advantage"]
            unit = jnp.std(better, axis=1, keepdims=True) + 1e-8
            met = {**met, "advantage": better / unit}
        return state, {"policy": met, "value": {"value": met}}, told

    return Sampler(sampler.init, Partial(sample, sampler.sample))
