"""Known densities of the plane, learned as an energy from samples of them, by a recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from flax import linen as nn
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.choices import check_choices
from physml.errors import ConfigurationError, NonFiniteError
from physml.generative.judge.total_variation import total_variation
from physml.generative.machines.energy_based import energy_based
from physml.generative.machines.energy_density import EnergyDensity
from physml.networks import MLP
from physml.optim import OptimizerSettings
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback

_MOST = 4096
_REACH = 6.0


class Planar(Protocol):
    """A density of the plane that is known, and drawn from exactly."""

    def log_density(self, x: Array) -> Array:
        """``ln p`` of one point, up to a constant."""
        ...

    def sample(self, key: Array, n: int) -> Array:
        """``n`` independent points ``(n, 2)``."""
        ...

    @property
    def box(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Two corners that all of it lies between."""
        ...


@dataclass(frozen=True, kw_only=True)
class EnergyRecipe:
    """How an energy is learned.

    Attributes:
        widths: of the network's hidden layers.
        optimizer: the optimizer.
        data: samples to learn from.
        size: of them in a step.
        chains: of the model.
        sweeps: Langevin moves between steps.
        steps: how many steps.
        points: of the grid that judges, along each side.
    """

    widths: tuple[int, ...] = (16, 16)
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(
            name="natural-gradient",
            learning_rate=0.3,
            cosine=300.0,
            damping=1e-2,
            max_norm=1.0,
        )
    )
    data: int = 400_000
    size: int = 4096
    chains: int = 4096
    sweeps: int = 5
    steps: int = 300
    points: int = 400

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        whole_fields(self)
        least = {"data": 2, "size": 1, "chains": 2, "sweeps": 1, "steps": 0, "points": 4}
        for name, bound in least.items():
            as_whole(name, getattr(self, name), least=bound)
        if self.points % 2 or self.points > _MOST:
            raise ConfigurationError(
                f"points: expected an even number, at most {_MOST}, got {self.points}"
            )


QUICK = EnergyRecipe(
    widths=(12,),
    optimizer=OptimizerSettings(
        name="natural-gradient", learning_rate=0.3, cosine=60.0, damping=1e-2, max_norm=1.0
    ),
    data=20_000,
    size=512,
    chains=512,
    sweeps=3,
    steps=60,
    points=200,
)
"""A few seconds of it."""


def planar_entry(
    name: str, equation: str, subject: Any, recipes: Mapping[str, EnergyRecipe]
) -> Entry:
    """An entry of a density of the plane.

    Args:
        name: as on the command line.
        equation: in a line.
        subject: a frozen dataclass of numbers, a ``Planar``.
        recipes: by name, ``default`` among them.
    """
    return Entry(
        name,
        equation,
        "exact, on a grid",
        subject,
        recipes,
        solve,
        extendable=("steps",),
        load=load,
        check=check,
    )


def solve(
    subject: Planar,
    recipe: EnergyRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> EnergyDensity:
    """Learn from samples; judge by the whole density, on a grid."""
    found = energy_based(
        subject.sample(key_for(key, "data"), recipe.data),
        network_of(recipe),
        optimizer=recipe.optimizer.build(),
        size=recipe.size,
        chains=recipe.chains,
        sweeps=recipe.sweeps,
        steps=recipe.steps,
        key=key,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    return judged(subject, found, recipe.points)


def judged(subject: Planar, found: EnergyDensity, points: int) -> EnergyDensity:
    """A density with its distance from the known one: none, and a doubt, where no grid tells it.

    Of a box that cuts the learned density off, a larger one is taken, that holds the normal density
    which bounds it, too.
    """
    low, high = (np.asarray(corner) for corner in subject.box)
    reach = _REACH * found.width
    refusal = ""
    for box in (
        (low, high),
        (np.minimum(low, found.mean - reach), np.maximum(high, found.mean + reach)),
    ):
        try:
            told = total_variation(
                subject.log_density, lambda x: -found.energy(x), *box, points=points
            )
        except (ConfigurationError, NonFiniteError) as error:
            refusal = str(error)
            continue
        numbers = {
            "distance": told.value,
            "distance_error": told.error,
            "kl": told.kl,
            "grid_log_partition": told.log_partitions[1],
        }
        return replace(found, told=numbers)
    names = ("distance", "distance_error", "kl", "grid_log_partition")
    doubt = f"no distance is told: {refusal}"
    return replace(found, told={**dict.fromkeys(names), "doubt": doubt})


def network_of(recipe: EnergyRecipe) -> nn.Module:
    """The network of a recipe."""
    return MLP(recipe.widths)


def check(subject: Planar, recipe: EnergyRecipe) -> None:
    """Build network and optimizer, before a run is made."""
    del subject
    network_of(recipe)
    recipe.optimizer.check(recipe.steps)
    as_whole("size", recipe.size, least=1, most=recipe.data)
    as_whole("chains", recipe.chains, least=2, most=recipe.data)


def load(subject: Planar, recipe: EnergyRecipe, directory: Path) -> EnergyDensity:
    """Read the saved density of a recipe.

    Raises:
        CheckpointError, FingerprintError: see ``EnergyDensity.load``.
    """
    del subject
    return EnergyDensity.load(directory, network_of(recipe))
