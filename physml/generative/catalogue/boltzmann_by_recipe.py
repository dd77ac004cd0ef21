"""Restricted Boltzmann machines of a catalogue, by a recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.choices import check_choices
from physml.generative.machines.boltzmann import boltzmann
from physml.generative.machines.boltzmann_density import BoltzmannDensity
from physml.generative.machines.chain_settings import ChainSettings
from physml.generative.machines.unit_states import MOST, over_states
from physml.networks import RestrictedBoltzmannMachine
from physml.optim import OptimizerSettings
from physml.sampling import minibatches
from physml.train import Entry, Run
from physml.train.callbacks import Callback


@dataclass(frozen=True, kw_only=True)
class BoltzmannRecipe:
    """How a machine is learned.

    Attributes:
        hidden: units of the hidden layer.
        spread: standard deviation of weights at first; small ones sit on a saddle where data have
            no pair correlations.
        chains: where the machine's own samples come from.
        optimizer: the optimizer.
        size: data of a step; 0 for all.
        steps: how many steps.
        judge: samples that tell the numbers; of large machines, chains of ln Z.
        levels: of annealed importance sampling, of large machines.
    """

    hidden: int = 16
    spread: float = 0.1
    chains: ChainSettings = field(default_factory=ChainSettings)
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(
            name="natural-gradient", learning_rate=0.2, damping=1e-2, max_norm=1.0
        )
    )
    size: int = 0
    steps: int = 300
    judge: int = 2000
    levels: int = 1000

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        whole_fields(self)
        for name, least in (("size", 0), ("steps", 0), ("judge", 2), ("levels", 1)):
            as_whole(name, getattr(self, name), least=least)


class Patterns(NamedTuple):
    """Configurations, and some that nothing is learned from."""

    data: Any
    test: Any = None


def machine_of(subject: Any, recipe: BoltzmannRecipe) -> RestrictedBoltzmannMachine:
    """Of units 0 and 1."""
    del subject
    return RestrictedBoltzmannMachine(hidden=recipe.hidden, spread=recipe.spread)


def patterns_entry(
    name: str,
    equation: str,
    reference: str,
    subject: Any,
    recipes: Mapping[str, Any],
    patterns: Callable[[Any, Array], Patterns],
    *,
    all_alike: bool = False,
) -> Entry:
    """An entry of configurations of 0 and 1 that a machine learns.

    Args:
        name: as on the command line.
        equation: in a line.
        reference: what is known of them.
        subject: a frozen dataclass of numbers.
        recipes: by name, ``default`` among them.
        patterns: ``(subject, key) -> Patterns``.
        all_alike: whether the data are all that there is, each as likely: then KL(data‖p) is told,
            and their probabilities.
    """

    def solve(
        subject: Any,
        recipe: BoltzmannRecipe,
        *,
        key: Array,
        run: Run | None = None,
        callbacks: Sequence[Callback] = (),
        progress: bool = True,
    ) -> BoltzmannDensity:
        data, test = patterns(subject, key)
        found = boltzmann(
            data,
            machine_of(subject, recipe),
            chains=recipe.chains.build(),
            optimizer=recipe.optimizer.build(),
            size=recipe.size or None,
            steps=recipe.steps,
            test=test,
            judge=recipe.judge,
            levels=recipe.levels,
            key=key,
            run=run,
            callbacks=callbacks,
            progress=progress,
        )
        return replace(found, told=_of_patterns(found, data)) if all_alike else found

    def check(subject: Any, recipe: BoltzmannRecipe) -> None:
        """Ask for the data, build machine, chains and optimizer, before a run is made.

        Raises:
            ConfigurationError: a step of more data than there are, a sum over too many states.
        """
        data = np.asarray(patterns(subject, jax.random.key(0)).data)
        source = minibatches(data, size=recipe.size or len(data))
        recipe.chains.build()(machine_of(subject, recipe), source, data.shape[1:])
        recipe.optimizer.check(recipe.steps)

    return Entry(
        name,
        equation,
        reference,
        subject,
        recipes,
        solve,
        extendable=("steps",),
        load=load,
        check=check,
    )


def load(subject: Any, recipe: BoltzmannRecipe, directory: Path) -> BoltzmannDensity:
    """Read the saved machine of a recipe.

    Raises:
        CheckpointError, FingerprintError: see ``BoltzmannDensity.load``.
    """
    return BoltzmannDensity.load(directory, machine_of(subject, recipe))


def _of_patterns(found: BoltzmannDensity, data: Any) -> dict[str, Any]:
    """``KL = −ln n − ⟨ln p⟩`` of n patterns, exactly where Z is a sum."""
    logs = found.log_prob(data)
    probabilities = np.exp(logs)
    told: dict[str, Any] = {
        "kl": float(-np.log(len(logs)) - logs.mean()),
        "kl_error": found.log_partition.error,
        "on_patterns": float(probabilities.sum()),
        "largest_deviation": float(np.abs(probabilities - 1 / len(logs)).max()),
        "patterns": len(logs),
    }
    if len(logs) <= 8:
        told["probabilities"] = probabilities.round(6).tolist()
    if int(np.prod(found.shape)) <= MOST:
        energies = over_states(
            lambda v: found.network.energy(found.params, v), found.shape, found.network.low
        )
        told["normalisation"] = float(np.exp(-energies - found.log_partition.value).sum())
    return told


def all_states(units: int) -> np.ndarray:
    """``(2^units, units)`` of 0 and 1."""
    return np.asarray((jnp.arange(2**units)[:, None] >> jnp.arange(units)[None]) & 1)
