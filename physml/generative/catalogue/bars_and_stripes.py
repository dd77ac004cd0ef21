"""Images whose rows, or whose columns, are all of one value."""

from dataclasses import dataclass

import numpy as np
from jax import Array

from physml.as_whole import as_whole, whole_fields
from physml.generative.catalogue.boltzmann_by_recipe import (
    BoltzmannRecipe,
    Patterns,
    all_states,
    patterns_entry,
)
from physml.generative.machines.chain_settings import ChainSettings
from physml.optim import OptimizerSettings


@dataclass(frozen=True)
class BarsAndStripes:
    """``2^{L+1} − 2`` images of ``L × L``, each as likely.

    Attributes:
        side: ``L``, from 2 to 6.

    Raises:
        ConfigurationError: another.
    """

    side: int = 4

    def __post_init__(self) -> None:
        """Check it where it is written."""
        whole_fields(self)
        as_whole("side", self.side, least=2, most=6)


def patterns(subject: BarsAndStripes, key: Array) -> Patterns:
    """All images, the empty and the full one once."""
    del key
    side = subject.side
    rows = np.repeat(all_states(side)[:, :, None], side, axis=2)
    both = np.concatenate([rows, rows.transpose(0, 2, 1)]).reshape(-1, side * side)
    return Patterns(np.unique(both, axis=0).reshape(-1, side, side))


RECIPE = BoltzmannRecipe(
    hidden=16,
    spread=0.3,
    chains=ChainSettings(name="persistent", sweeps=5, chains=2048),
    optimizer=OptimizerSettings(
        name="natural-gradient",
        learning_rate=0.3,
        cosine=400.0,
        damping=3e-2,
        max_norm=1.0,
    ),
    steps=400,
)

ENTRY = patterns_entry(
    "bars-and-stripes",
    "max ⟨ln p⟩, p = exp(−F)/Z of L × L units",
    "exact: all images alike",
    BarsAndStripes(),
    {
        "default": RECIPE,
        "quick": BoltzmannRecipe(
            hidden=8,
            spread=0.5,
            chains=ChainSettings(name="persistent", sweeps=2, chains=512),
            optimizer=RECIPE.optimizer,
            steps=100,
        ),
    },
    patterns,
    all_alike=True,
)
