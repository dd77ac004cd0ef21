"""Handwritten digits of 8 × 8 pixels, black and white, learned by a restricted machine."""

from dataclasses import dataclass

import numpy as np
from jax import Array

from physml.datasets import digits, split
from physml.errors import ConfigurationError
from physml.generative.catalogue.boltzmann_by_recipe import (
    BoltzmannRecipe,
    Patterns,
    patterns_entry,
)
from physml.generative.machines.chain_settings import ChainSettings
from physml.optim import OptimizerSettings
from physml.train import key_for


@dataclass(frozen=True)
class BinaryDigits:
    """1,797 images, a pixel 1 where it is darker than a threshold.

    Attributes:
        held_out: the part of each class that nothing is learned from.
        threshold: of grey values from 0 to 16.

    Raises:
        ConfigurationError: a part outside (0, 1), a threshold outside [0, 16).
    """

    held_out: float = 0.2
    threshold: float = 7.5

    def __post_init__(self) -> None:
        """Check both where they are written."""
        if not 0 < self.held_out < 1:
            raise ConfigurationError(f"held_out: expected a part in (0, 1), got {self.held_out}")
        if not 0 <= self.threshold < 16:
            raise ConfigurationError(
                f"threshold: expected a grey value from 0 to below 16, got {self.threshold}"
            )


def patterns(subject: BinaryDigits, key: Array) -> Patterns:
    """The images, split."""
    parts = split(digits(), subject.held_out, key=key_for(key, "data"), stratified=True)
    train, test = (
        (np.asarray(part.inputs) > subject.threshold).astype(float)
        for part in (parts.train, parts.test)
    )
    return Patterns(train.reshape(-1, 8, 8), test.reshape(-1, 8, 8))


RECIPE = BoltzmannRecipe(
    hidden=32,
    spread=0.1,
    chains=ChainSettings(name="persistent", sweeps=5, chains=512),
    optimizer=OptimizerSettings(
        name="natural-gradient",
        learning_rate=0.2,
        cosine=200.0,
        damping=3e-2,
        max_norm=1.0,
        weight_decay=1e-3,
    ),
    size=512,
    steps=200,
    judge=500,
    levels=1000,
)

ENTRY = patterns_entry(
    "rbm-digits",
    "max ⟨ln p⟩, p = exp(−F)/Z of 8 × 8 units",
    "independent pixels",
    BinaryDigits(),
    {
        "default": RECIPE,
        "quick": BoltzmannRecipe(
            hidden=12,
            chains=ChainSettings(name="persistent", sweeps=2, chains=256),
            optimizer=RECIPE.optimizer,
            size=256,
            steps=60,
            judge=500,
        ),
    },
    patterns,
)
