"""The linear–quadratic regulator as a policy that is learned, beside Riccati's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jax import Array

from physml.control.catalogue import policy_by_recipe
from physml.control.catalogue.policy_by_recipe import PolicyRecipe, learned
from physml.control.policies.actor_critic import ActorCritic
from physml.control.policies.learned_policy import LearnedPolicy
from physml.control.policies.linear_feedback import LinearFeedback, QuadraticValue
from physml.control.regulators.finite_horizon import riccati_recursion
from physml.control.worlds.linear_world import LinearWorld
from physml.errors import ConfigurationError
from physml.optim import OptimizerSettings
from physml.ranges import check_positive
from physml.train import Entry, Run
from physml.train.callbacks import Callback


@dataclass(frozen=True)
class PushedMass:
    """A unit mass on a line under a force: ``ẍ = u``, at the cost ``∫ x² + ẋ² + u² dt``.

    The force is constant for a time step ``h``, over which the mass moves exactly; the cost of a
    step is ``h`` times that where it begins.

    Attributes:
        time_step: ``h``.
        spread: standard deviation of place and speed where an episode begins.
        limit: steps of an episode.
    """

    time_step: float = 0.1
    spread: float = 1.0
    limit: int = 200

    def __post_init__(self) -> None:
        """Check all of it where it is written."""
        check_positive("time_step", self.time_step)
        self.world()

    def world(self) -> LinearWorld:
        """As matrices."""
        h = self.time_step
        return LinearWorld(
            [[1.0, h], [0.0, 1.0]],
            [0.5 * h**2, h],
            h * np.eye(2),
            h,
            spread=self.spread,
            limit=self.limit,
        )


def solve(
    subject: PushedMass,
    recipe: PolicyRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> LearnedPolicy:
    """Learn a linear policy; its gain's cost is told exactly beside the least."""
    world = subject.world()
    networks = LinearFeedback(1), QuadraticValue()
    found = learned(
        world, recipe, networks, key=key, run=run, callbacks=callbacks, progress=progress
    )
    gains = np.asarray(found.params["policy"]["params"]["K"], float)
    best = world.cost_of(world.best().K)
    costs = [_cost(world, K) for K in gains]
    told = {
        "relative_error": float(np.mean(costs)) / best - 1,
        "largest_error": max(costs) / best - 1,
        "cost": float(np.mean(costs)),
        "least_cost": best,
    }
    # Episodes end after `limit` steps, and what they earn is held against the best of as many.
    finite = riccati_recursion(*world.system, steps=world.limit).cost(world.spread * np.eye(2))
    return replace(found, exact=-float(finite.sum()), told=told)


def _cost(world: LinearWorld, gain: np.ndarray) -> float:
    """What a gain costs; infinitely much where it lets the mass go."""
    try:
        return world.cost_of(gain)
    except ConfigurationError:
        return float("inf")


def check(subject: PushedMass, recipe: PolicyRecipe) -> None:
    """Build sampler and optimizer, before a run is made.

    Raises:
        ConfigurationError: widths, of which a linear policy and a quadratic value have none.
    """
    for name in ("widths", "value_widths"):
        if getattr(recipe, name) != getattr(PolicyRecipe(), name):
            raise ConfigurationError(
                f"{name}: expected none, since the policy is linear and its value quadratic, got "
                f"{getattr(recipe, name)}"
            )
    policy_by_recipe.check(subject.world(), recipe)


def load(subject: PushedMass, recipe: PolicyRecipe, directory: Path) -> LearnedPolicy:
    """Read the saved policies of a recipe.

    Raises:
        CheckpointError, FingerprintError: see ``LearnedPolicy.load``.
    """
    del recipe
    world = subject.world()
    actor = ActorCritic(world.actions, LinearFeedback(1), QuadraticValue())
    return LearnedPolicy.load(directory, world, actor)


def _recipe(**options: Any) -> PolicyRecipe:
    settings = OptimizerSettings(
        name="natural-gradient", learning_rate=0.5, damping=1e-4, cosine=300
    )
    usual: dict[str, Any] = {
        "optimizer": settings,
        "environments": 32,
        "length": 50,
        "discount": 1.0,
        "updates": 300,
    }
    return PolicyRecipe(**{**usual, **options})


ENTRY = Entry(
    "lqr-policy",
    "min ∫ x² + ẋ² + u² dt, ẍ = u, by a policy that is learned",
    "exact: Riccati's equation",
    PushedMass(),
    {"default": _recipe(), "quick": _recipe(seeds=2)},
    solve,
    extendable=("updates",),
    load=load,
    check=check,
)
"""``relative_error`` is of the exact costs of the gains that were learned, not of episodes."""
