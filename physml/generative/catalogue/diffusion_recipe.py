"""How a diffusion of a catalogue is learned and judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from physml.as_whole import as_whole, whole_fields
from physml.choices import check_choices
from physml.errors import ConfigurationError
from physml.generative.denoising.diffusion_density import DiffusionDensity
from physml.memory import Need, check_memory
from physml.networks import MLP
from physml.networks.activations import ActivationName
from physml.optim import OptimizerSettings


@dataclass(frozen=True, kw_only=True)
class DiffusionRecipe:
    """How a diffusion is learned.

    Attributes:
        widths: neurons of each hidden layer.
        activation: of the hidden layers.
        optimizer: the optimizer.
        size: samples of a step.
        reference: samples over which the target of each is averaged.
        steps: how many steps.
        noise: of what is learned and sampled, in deviations of the data.
        judge: fresh samples that tell the numbers.
        sampling: steps from noise to data.
    """

    widths: tuple[int, ...] = (32, 32)
    activation: ActivationName = "tanh"
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(
            name="natural-gradient", learning_rate=0.5, cosine=600, damping=1e-3
        )
    )
    size: int = 512
    reference: int = 2048
    steps: int = 600
    noise: float = 0.01
    judge: int = 5000
    sampling: int = 100

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        whole_fields(self)
        for name, least in (("size", 2), ("steps", 0), ("judge", 100), ("sampling", 1)):
            as_whole(name, getattr(self, name), least=least)
        if not 0 < self.noise <= 0.5:
            raise ConfigurationError(f"noise: expected a part in (0, 0.5], got {self.noise}")

    def network(self, dimension: int) -> MLP:
        """Of a sample and its noise level."""
        return MLP(self.widths, outputs=dimension, activation=self.activation)


def check(subject: Any, recipe: DiffusionRecipe) -> None:
    """Build network and optimizer, before a run is made."""
    recipe.network(1)
    recipe.optimizer.check(recipe.steps)
    if recipe.reference < recipe.size:
        raise ConfigurationError(
            f"reference: expected at least size, {recipe.size}, got {recipe.reference}"
        )
    weights = Need(
        f"{recipe.size} × {recipe.reference} weights of a batch", recipe.size * recipe.reference
    )
    check_memory("reference", [weights], "reference")


def loader(dimension: int) -> Callable[[Any, DiffusionRecipe, Path], DiffusionDensity]:
    """What reads a saved density of samples of so many numbers."""

    def load(subject: Any, recipe: DiffusionRecipe, directory: Path) -> DiffusionDensity:
        """Read the saved density of a recipe.

        Raises:
            CheckpointError, FingerprintError: see ``DiffusionDensity.load``.
        """
        return DiffusionDensity.load(directory, recipe.network(dimension))

    return load
