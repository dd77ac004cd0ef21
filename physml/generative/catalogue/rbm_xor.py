"""The truth table of exclusive or, which no pair of units knows anything of."""

from jax import Array

from physml.generative.catalogue.boltzmann_by_recipe import (
    BoltzmannRecipe,
    Patterns,
    all_states,
    patterns_entry,
)
from physml.generative.machines.chain_settings import ChainSettings
from physml.optim import OptimizerSettings
from physml.train.entry import NoNumbers


def patterns(subject: NoNumbers, key: Array) -> Patterns:
    """``(a, b, a xor b)``, all four."""
    del subject, key
    states = all_states(3)
    return Patterns(states[states.sum(axis=1) % 2 == 0])


def _recipe(**options: object) -> BoltzmannRecipe:
    """Started wide: with small weights all first derivatives vanish but those of the means."""
    return BoltzmannRecipe(**{"hidden": 4, "spread": 1.0, "judge": 1000} | options)  # type: ignore[arg-type]


PCD = _recipe(
    chains=ChainSettings(name="persistent", sweeps=10, chains=8192),
    optimizer=OptimizerSettings(
        name="natural-gradient",
        learning_rate=0.1,
        cosine=500.0,
        damping=1e-2,
        weight_decay=1e-4,
        max_norm=0.2,
    ),
    steps=500,
)
"""A prior keeps weights so small that the chains still go from state to state."""

ENTRY = patterns_entry(
    "rbm-xor",
    "max ⟨ln p⟩, p = exp(−F)/Z of 3 visible units, v₃ = v₁ xor v₂",
    "exact: ¼ each",
    NoNumbers(),
    {
        "default": _recipe(
            chains=ChainSettings(name="every-state"),
            optimizer=OptimizerSettings(
                name="natural-gradient", learning_rate=0.2, damping=1e-3, max_norm=1.0
            ),
            steps=200,
        ),
        "quick": _recipe(
            chains=ChainSettings(name="every-state"),
            optimizer=OptimizerSettings(
                name="natural-gradient", learning_rate=0.2, damping=1e-3, max_norm=1.0
            ),
            steps=100,
        ),
        "pcd": PCD,
    },
    patterns,
    all_alike=True,
)
