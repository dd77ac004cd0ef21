"""Policies of a catalogue, learned by a recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jax import Array

from physml.as_whole import as_whole
from physml.choices import check_choices
from physml.control.policies.actor_critic import ActorCritic, actor_critic
from physml.control.policies.learned_policy import LearnedPolicy
from physml.control.policies.policy_gradient import policy_gradient
from physml.control.policies.ppo import ppo
from physml.control.policies.rollouts import rollouts
from physml.control.worlds.action_spaces import Discrete
from physml.control.worlds.environment import Environment, check_environment
from physml.errors import ConfigurationError
from physml.memory import Need, check_memory
from physml.networks import MLP
from physml.optim import OptimizerSettings
from physml.ranges import check_positive
from physml.train import Entry, Run
from physml.train.callbacks import Callback

_BY_VALUE = ("gauss-newton", "newton", "lbfgs", "ssbroyden", "ssbfgs")
"""Optimizers that ask for the loss at fixed samples, which a rollout's are not."""


@dataclass(frozen=True, kw_only=True)
class PolicyRecipe:
    """How policies are learned.

    Attributes:
        clip: ε of PPO; None for the policy gradient, by whichever optimizer.
        optimizer: the optimizer; of PPO one that asks for gradients alone.
        widths: of the hidden layers of the policy.
        value_widths: of the hidden layers of the value function.
        seeds: policies that are learned beside one another.
        updates: rollouts.
        environments: worlds of each policy.
        length: steps of a rollout in each world.
        epochs: how often PPO goes through a rollout.
        minibatches: parts of an epoch of PPO.
        discount: γ, in [0, 1].
        trace: λ of the advantages, in [0, 1].
        entropy: weight of the entropy in PPO's cost.
        reward_scale: what rewards are multiplied by in training.
        judge: fresh episodes of each policy that tell the numbers.
    """

    clip: float | None = None
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(
            name="natural-gradient", learning_rate=0.3, damping=1e-2
        )
    )
    widths: tuple[int, ...] = (16,)
    value_widths: tuple[int, ...] = (16,)
    seeds: int = 10
    updates: int = 100
    environments: int = 4
    length: int = 128
    epochs: int = 1
    minibatches: int = 1
    discount: float = 0.99
    trace: float = 0.95
    entropy: float = 0.0
    reward_scale: float = 1.0
    judge: int = 100

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        least = {"seeds": 1, "updates": 1, "environments": 1, "length": 1, "judge": 2}
        for name, bound in least.items():
            as_whole(name, getattr(self, name), least=bound)
        check_positive("entropy", self.entropy, or_zero=True)
        if self.optimizer.name in _BY_VALUE:
            raise ConfigurationError(
                "optimizer: expected one that asks for gradients, such as adam, or natural-gradient"
                f", since what is met follows the policy, got {self.optimizer.name}"
            )
        if self.clip is not None:
            check_positive("clip", self.clip)
            if self.optimizer.name == "natural-gradient":
                raise ConfigurationError(
                    f"optimizer: expected one that asks for gradients alone beside PPO's clip, "
                    f"such as adam, got {self.optimizer.name}"
                )
        if self.environments * self.length < 2 * self.minibatches:
            raise ConfigurationError(
                f"minibatches: expected parts of two samples or more, got {self.minibatches} "
                f"of {self.environments * self.length}"
            )
        if self.clip is None and (self.epochs, self.minibatches, self.entropy) != (1, 1, 0):
            raise ConfigurationError(
                "epochs, minibatches, entropy: expected 1, 1 and 0 without a clip, since the "
                "policy gradient goes through a rollout once; give PPO's clip, such as 0.2"
            )


def proximal(**options: Any) -> PolicyRecipe:
    """A recipe of PPO: its usual numbers, and those that are given."""
    usual: dict[str, Any] = {"clip": 0.2, "epochs": 4, "minibatches": 4, "entropy": 0.01}
    usual |= {"widths": (64, 64), "value_widths": (64, 64)}
    return PolicyRecipe(**{**usual, **options})


def learned(
    environment: Environment,
    recipe: PolicyRecipe,
    networks: tuple[Any, Any],
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> LearnedPolicy:
    """Policies of an environment by a recipe."""
    shared: dict[str, Any] = {
        "optimizer": recipe.optimizer.build(),
        "seeds": recipe.seeds,
        "environments": recipe.environments,
        "length": recipe.length,
        "discount": recipe.discount,
        "trace": recipe.trace,
        "reward_scale": recipe.reward_scale,
        "judge": recipe.judge,
        "key": key,
        "run": run,
        "callbacks": callbacks,
        "progress": progress,
    }
    if recipe.clip is None:
        return policy_gradient(environment, *networks, steps=recipe.updates, **shared)
    return ppo(
        environment,
        *networks,
        updates=recipe.updates,
        epochs=recipe.epochs,
        minibatches=recipe.minibatches,
        clip=recipe.clip,
        entropy=recipe.entropy,
        **shared,
    )


def networks_of(environment: Environment, recipe: PolicyRecipe) -> tuple[Any, Any]:
    """Of policy and value, of the recipe's widths."""
    actions = environment.actions
    outputs = actions.count if isinstance(actions, Discrete) else actions.size
    return MLP(recipe.widths, outputs), MLP(recipe.value_widths)


def check(subject: Environment, recipe: PolicyRecipe) -> None:
    """Build networks, sampler and optimizer, before a run is made."""
    recipe.optimizer.check(recipe.updates * recipe.epochs * recipe.minibatches)
    actor = actor_critic(subject, *networks_of(subject, recipe))
    rollouts(
        subject,
        actor,
        seeds=recipe.seeds,
        environments=recipe.environments,
        length=recipe.length,
        epochs=recipe.epochs,
        minibatches=recipe.minibatches,
        discount=recipe.discount,
        trace=recipe.trace,
        reward_scale=recipe.reward_scale,
    )
    seen = int(check_environment(subject).size) + 6
    count = recipe.seeds * recipe.environments * recipe.length
    check_memory("length", [Need(f"{count} steps of {seen} numbers", 3 * count * seen)], "length")


def policy_entry(
    name: str, equation: str, reference: str, subject: Environment, recipes: Mapping[str, Any]
) -> Entry:
    """An entry of a world whose policies are learned by networks of a recipe's widths."""

    def solve(subject: Environment, recipe: PolicyRecipe, **given: Any) -> LearnedPolicy:
        """Learn in rollouts, judge by fresh episodes."""
        return learned(subject, recipe, networks_of(subject, recipe), **given)

    return Entry(
        name,
        equation,
        reference,
        subject,
        recipes,
        solve,
        extendable=("updates",),
        load=load,
        check=check,
    )


def load(subject: Environment, recipe: PolicyRecipe, directory: Path) -> LearnedPolicy:
    """Read the saved policies of a recipe.

    Raises:
        CheckpointError, FingerprintError: see ``LearnedPolicy.load``.
    """
    actor = ActorCritic(subject.actions, *networks_of(subject, recipe))
    return LearnedPolicy.load(directory, subject, actor)
