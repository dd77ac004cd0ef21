"""Proximal policy optimisation: a rollout is gone through several times, each step bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array

from physml.as_whole import as_whole
from physml.control.policies.actor_critic import ActorCritic, actor_critic
from physml.control.policies.learned_policy import LearnedPolicy
from physml.control.policies.policy_fit import policy_fit
from physml.control.policies.rollouts import rollouts
from physml.control.worlds.environment import Environment
from physml.errors import ConfigurationError
from physml.optim import optimizer_of
from physml.ranges import check_positive
from physml.train import Run, cost
from physml.train.callbacks import Callback
from physml.types import Objective


def ppo(
    environment: Environment,
    policy: Any = None,
    value: Any = None,
    *,
    optimizer: Any = None,
    seeds: int = 1,
    updates: int = 200,
    environments: int = 4,
    length: int = 128,
    epochs: int = 4,
    minibatches: int = 4,
    discount: float = 0.99,
    trace: float = 0.95,
    clip: float = 0.2,
    entropy: float = 0.01,
    reward_scale: float = 1.0,
    max_norm: float = 0.5,
    judge: int = 100,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> LearnedPolicy:
    """A policy of large return by clipped steps, and as many of them as there are seeds.

        C = mean[−min(ρ Â, clip(ρ, 1 − ε, 1 + ε) Â) + ½ (V − R)² − c H],   ρ = π(a|s)/π_old(a|s)

    with ``Â`` of ``lambda_returns``, of mean 0 and variance 1 over a minibatch, ``R = Â + V_old``
    and ``H`` the entropy of ``π(·|s)``: a mean over states met, each with weight 1, not ``γᵗ``.
    It has neither rows nor metric: a first-order optimizer, annealed to 0 where none is given.

    Args:
        environment: one world.
        policy: a network of the observation: logits, or means; two hidden layers of 64 if None.
        value: a network of the observation with one output; two hidden layers of 64 if None.
        optimizer: a first-order one, or its name; Adam at 2.5e-4, falling linearly to 0, if None.
        seeds: policies that are learned beside one another, in worlds of their own.
        updates: rollouts; the fit has ``updates × epochs × minibatches`` steps.
        environments: worlds of each policy.
        length: steps of a rollout in each world.
        epochs: how often a rollout is gone through.
        minibatches: parts of an epoch.
        discount: ``γ``, in [0, 1].
        trace: ``λ``, in [0, 1].
        clip: ``ε``.
        entropy: ``c ≥ 0``.
        reward_scale: what rewards are multiplied by in training.
        max_norm: the longest gradient of one policy.
        judge: fresh episodes of each policy that tell the numbers.
        key: a random key.
        run: a run directory.
        callbacks: of the loop.
        progress: whether to show a line.

    Returns:
        The policies, what they earn in fresh episodes, and a ``Result``.

    Raises:
        ConfigurationError: counts or numbers out of range, minibatches that do not divide.
        ShapeError: an environment that could not be rolled out, networks with other outputs.
        NonFiniteError: it diverged; the message has the step, and the last good state is kept.

    Source: Schulman, Wolski, Dhariwal, Radford and Klimov (2017), arXiv:1707.06347.

    >>> import physml as pm
    >>> found = pm.control.ppo(pm.control.CartPole(limit=20), pm.MLP((8,), 2), pm.MLP((8,)),
    ...                        updates=2, length=16, judge=4, progress=False)
    >>> found.numbers()["seeds"]
    1
    """
    updates, epochs = as_whole("updates", updates, least=1), as_whole("epochs", epochs, least=1)
    environments = as_whole("environments", environments, least=1)
    length = as_whole("length", length, least=1)
    minibatches = as_whole("minibatches", minibatches, least=1)
    check_positive("clip", clip)
    check_positive("entropy", entropy, or_zero=True)
    check_positive("max_norm", max_norm)
    actor = actor_critic(environment, policy, value)
    sampler = rollouts(
        environment,
        actor,
        seeds=seeds,
        environments=environments,
        length=length,
        epochs=epochs,
        minibatches=minibatches,
        discount=discount,
        trace=trace,
        reward_scale=reward_scale,
    )
    if environments * length < 2 * minibatches:
        raise ConfigurationError(
            f"minibatches: expected two samples in each or more, got {environments * length} in "
            f"{minibatches}: the advantage of one, less its mean, is 0"
        )
    an_update = epochs * minibatches
    if optimizer is None:
        optimizer = optax.adam(optax.linear_schedule(2.5e-4, 0.0, updates * an_update), eps=1e-5)
    bounded = optax.chain(optax.clip_by_global_norm(max_norm), optimizer_of(optimizer))
    return policy_fit(
        environment,
        actor,
        clipped(actor, clip=clip, entropy=entropy),
        sampler,
        bounded,
        seeds=seeds,
        updates=updates,
        steps_an_update=an_update,
        met_an_update=environments * length,
        judge=judge,
        key=key,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )


def clipped(actor: ActorCritic, *, clip: float, entropy: float) -> Objective:
    """The clipped cost of one policy on a minibatch of a rollout; see ``ppo``.

    Metrics are ``entropy`` (nats), ``value_loss``, ``kl``, which is ``⟨ρ − 1 − ln ρ⟩``, and
    ``clipped``, the part of samples whose ratio is outside ``1 ± ε``.
    """

    def f(params: Any, batch: Any) -> tuple[Array, dict[str, Array]]:
        seen = batch["observation"]
        logs = jax.vmap(actor.log_prob, (None, 0, 0))(params, seen, batch["action"])
        change = logs - batch["log_prob"]
        ratio = jnp.exp(change)
        better = batch["advantage"]
        better = (better - jnp.mean(better)) / (jnp.std(better) + 1e-8)
        least = jnp.minimum(ratio * better, jnp.clip(ratio, 1 - clip, 1 + clip) * better)
        off = jax.vmap(actor.worth, (None, 0))(params, seen) - batch["returns"]
        value_loss = 0.5 * jnp.mean(off**2)
        spread = jnp.mean(jax.vmap(actor.entropy, (None, 0))(params, seen))
        told = {
            "entropy": spread,
            "value_loss": value_loss,
            "kl": jnp.mean(ratio - 1 - change),
            "clipped": jnp.mean(jnp.abs(ratio - 1) > clip),
        }
        return -jnp.mean(least) + value_loss - entropy * spread, told

    return cost(f)
