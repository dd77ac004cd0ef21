"""Densities of a catalogue that a flow learns, by a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.choices import check_choices
from physml.errors import ConfigurationError
from physml.generative.flows.flow import flow
from physml.generative.flows.flow_density import FlowDensity
from physml.generative.flows.flow_settings import FlowSettings
from physml.generative.flows.flow_training import reparametrised, scored
from physml.generative.flows.real_model import RealModel
from physml.memory import Need, check_memory
from physml.optim import OptimizerSettings
from physml.train import Entry, Run
from physml.train.callbacks import Callback

_TRAINING = {"score": scored, "samples": reparametrised}


def falling(steps: int, learning_rate: float = 0.2) -> OptimizerSettings:
    """The natural gradient, with a learning rate that is at its last after so many steps."""
    return OptimizerSettings(
        name="natural-gradient",
        learning_rate=learning_rate,
        cosine=steps,
        damping=1e-3,
        momentum=0.9,
        max_norm=0.3,
    )


@dataclass(frozen=True, kw_only=True)
class FlowRecipe:
    """How a flow is trained.

    Attributes:
        flow: the network.
        optimizer: the optimizer.
        gradient: by the score of q, with rows for the natural gradient; or through the samples,
            for first-order optimizers.
        size: samples of a step.
        steps: how many steps.
        anneal: steps during which the density grows out of a normal one; 0 for none.
        judge: fresh samples that tell the numbers.
    """

    flow: FlowSettings = field(default_factory=lambda: FlowSettings(name="lattice"))
    optimizer: OptimizerSettings = field(default_factory=lambda: falling(100))
    gradient: Literal["score", "samples"] = "score"
    size: int = 512
    steps: int = 100
    anneal: int = 0
    judge: int = 20_000

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        whole_fields(self)
        if self.gradient not in _TRAINING:
            raise ConfigurationError(f"gradient: expected score or samples, got {self.gradient!r}")
        for name, least in (("size", 2), ("steps", 0), ("anneal", 0), ("judge", 32)):
            as_whole(name, getattr(self, name), least=least)


def solve(
    subject: RealModel,
    recipe: FlowRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> FlowDensity:
    """Train on samples of its own, judge by fresh ones."""
    return flow(
        subject,
        recipe.flow.build(subject.shape),
        optimizer=recipe.optimizer.build(),
        training=_TRAINING[recipe.gradient],
        size=recipe.size,
        steps=recipe.steps,
        anneal=recipe.anneal,
        judge=recipe.judge,
        key=key,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )


def check(subject: RealModel, recipe: FlowRecipe) -> None:
    """Build network and optimizer, before a run is made."""
    recipe.flow.build(subject.shape)
    recipe.optimizer.check(recipe.steps)
    size = 1
    for side in subject.shape:
        size *= side
    need = Need(f"{recipe.size} samples of {size} numbers", 2 * recipe.size * size)
    check_memory("size", [need], "size")


def load(subject: RealModel, recipe: FlowRecipe, directory: Path) -> FlowDensity:
    """Read the saved density of a recipe.

    Raises:
        CheckpointError, FingerprintError: see ``FlowDensity.load``.
    """
    return FlowDensity.load(directory, subject, recipe.flow.build(subject.shape))


flow_entry = partial(Entry, solve=solve, load=load, check=check)
"""An entry of a density that a flow learns: name, density, reference, subject, recipes."""
