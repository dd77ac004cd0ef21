"""A pulse that takes a two-level system from pole to pole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from jax import Array

from physml.control.catalogue.policy_by_recipe import (
    PolicyRecipe,
    check,
    learned,
    load,
    networks_of,
)
from physml.control.policies.learned_policy import LearnedPolicy
from physml.control.worlds.two_level import TwoLevel
from physml.optim import OptimizerSettings
from physml.train import Entry, Run
from physml.train.callbacks import Callback


def pulses(found: LearnedPolicy) -> np.ndarray:
    """``u`` of each policy by the likeliest action, ``(seeds, pieces)``."""
    world: Any = found.environment

    def pulse(params: Any) -> Array:
        state, seen = world.reset(jax.random.key(0))

        def step(carry: Any, _: Any) -> tuple[Any, Array]:
            state, seen = carry
            u = found.actor.greedy(params, seen)
            after = world.step(jax.random.key(0), state, u)
            return (after.state, after.observation), u[0]

        return jax.lax.scan(step, (state, seen), None, length=world.pieces)[1]

    return np.asarray(jax.vmap(pulse)(found.params))


def solve(
    subject: TwoLevel,
    recipe: PolicyRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> LearnedPolicy:
    """Learn a pulse; its ``∫u² dt`` and where it ends are told exactly."""
    found = learned(
        subject,
        recipe,
        networks_of(subject, recipe),
        key=key,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    u, interval = pulses(found).astype(float), subject.duration / subject.pieces
    energies, angles = interval * (u**2).sum(axis=1), interval * u.sum(axis=1)
    fidelities, least = np.sin(angles / 2) ** 2, subject.least_energy
    told = {
        "energy": float(energies.mean()),
        "least_energy": least,
        "energy_error": float(np.abs(energies / least - 1).max()),
        "fidelity": float(fidelities.min()),
    }
    return replace(found, exact=subject.best_return(), told=told)


def _recipe(**options: Any) -> PolicyRecipe:
    # What the metric does not see, off the path that is visited, drifts unless the damping is large
    # beside the Fisher matrix of the first steps; it grows as the policy's noise goes.
    settings = OptimizerSettings(
        name="natural-gradient", learning_rate=0.5, damping=0.1, cosine=600
    )
    usual: dict[str, Any] = {
        "optimizer": settings,
        "environments": 256,
        "length": 10,
        "discount": 1.0,
        "trace": 1.0,
        "reward_scale": 0.01,
        "updates": 600,
        "seeds": 3,
        "judge": 2,
    }
    return PolicyRecipe(**{**usual, **options})


ENTRY = Entry(
    "two-level",
    "min ∫u² dt + w (1 − F), iψ' = ½ u σ_x ψ, from |0⟩ towards |1⟩",
    "exact: π²/T from pole to pole",
    TwoLevel(),
    {"default": _recipe(), "quick": _recipe(seeds=1)},
    solve,
    extendable=("updates",),
    load=load,
    check=check,
)
"""``energy_error`` is the largest over seeds, of ``∫u² dt`` against ``π²/T``."""
