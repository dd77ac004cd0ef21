"""Spins of a catalogue drawn one after another, by a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.choices import check_choices
from physml.errors import ConfigurationError
from physml.generative.spins.autoregressive import autoregressive
from physml.generative.spins.autoregressive_density import AutoregressiveDensity
from physml.generative.spins.spin_model import SpinModel
from physml.memory import Need, check_memory
from physml.networks import LatticeBorder, MaskedMLP
from physml.optim import OptimizerSettings, in_blocks
from physml.train import Entry, Run
from physml.train.callbacks import Callback
from physml.types import Optimizer


def falling(steps: int) -> OptimizerSettings:
    """The natural gradient, with a learning rate that is at its last after so many steps."""
    return OptimizerSettings(
        name="natural-gradient", learning_rate=0.5, cosine=steps, damping=5e-4, momentum=0.9
    )


@dataclass(frozen=True, kw_only=True)
class AutoregressiveRecipe:
    """How spins are learned to be drawn.

    Attributes:
        widths: channels of a spin in each hidden layer.
        border: channels of a spin in one hidden layer that sees the border of the spins before it
            alone, in place of ``widths``: for a lattice of nearest neighbours; None for ``widths``.
        by_site: whether the natural gradient takes the metric site by site, with a ``border``.
        optimizer: the optimizer.
        size: samples of a step.
        steps: how many steps.
        anneal: steps during which β grows from 0; 0 for none.
        judge: fresh samples that tell the numbers.
    """

    widths: tuple[int, ...] = (6,)
    optimizer: OptimizerSettings = field(default_factory=lambda: falling(900))
    size: int = 512
    steps: int = 900
    anneal: int = 0
    judge: int = 20_000
    border: int | None = None
    by_site: bool = False

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        whole_fields(self)
        for name, least in (("size", 2), ("steps", 0), ("anneal", 0), ("judge", 2)):
            as_whole(name, getattr(self, name), least=least)
        if self.border is not None:
            as_whole("border", self.border, least=1)
        if self.by_site:
            self._check_by_site()

    def _check_by_site(self) -> None:
        chosen = self.optimizer
        if self.border is None:
            raise ConfigurationError(
                "by_site: expected border channels, whose parameters are each of one site, got "
                "border None"
            )
        if chosen.name != "natural-gradient" or chosen.solve != "smallest-side":
            given = chosen.name if chosen.name != "natural-gradient" else f"solve {chosen.solve}"
            raise ConfigurationError(
                "by_site: expected the natural-gradient with solve smallest-side, in whose place "
                f"blocks of sites are solved, got {given}"
            )

    def network(self) -> MaskedMLP | LatticeBorder:
        """What gives the logits."""
        return MaskedMLP(self.widths) if self.border is None else LatticeBorder(self.border)

    def build(self, shape: tuple[int, ...]) -> Optimizer:
        """The optimizer, of a lattice of this shape."""
        network = self.network()
        if not (self.by_site and isinstance(network, LatticeBorder)):
            return self.optimizer.build()
        rows, columns = shape
        built: Optimizer = self.optimizer.construct(in_blocks(network.blocks((rows, columns))))
        return built


def solve(
    subject: SpinModel,
    recipe: AutoregressiveRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> AutoregressiveDensity:
    """Train on samples of its own, judge by fresh ones."""
    return autoregressive(
        subject,
        recipe.network(),
        even=None if recipe.border is None else False,  # odd logits: it is even by itself
        optimizer=recipe.build(subject.shape),
        size=recipe.size,
        steps=recipe.steps,
        anneal=recipe.anneal,
        judge=recipe.judge,
        key=key,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )


def check(subject: SpinModel, recipe: AutoregressiveRecipe) -> None:
    """Build network and optimizer, before a run is made."""
    jax.eval_shape(recipe.network().init, jax.random.key(0), jnp.ones(subject.shape))
    recipe.optimizer.check(recipe.steps)
    recipe.build(subject.shape)
    need = Need(f"{recipe.size} samples of {subject.sites} spins", 2 * recipe.size * subject.sites)
    check_memory("size", [need], "size")


def load(
    subject: SpinModel, recipe: AutoregressiveRecipe, directory: Path
) -> AutoregressiveDensity:
    """Read the saved density of a recipe.

    Raises:
        CheckpointError, FingerprintError: see ``AutoregressiveDensity.load``.
    """
    return AutoregressiveDensity.load(directory, subject, recipe.network())


spins_entry = partial(Entry, solve=solve, load=load, check=check)
"""An entry of spins that are drawn one after another: name, energy, reference, subject, recipes."""
