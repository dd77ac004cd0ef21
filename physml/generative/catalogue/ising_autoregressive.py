"""The Ising model at its critical point, drawn spin by spin."""

from physml.generative.catalogue.spins_by_recipe import AutoregressiveRecipe, falling, spins_entry
from physml.generative.spins.ising import Ising
from physml.optim import OptimizerSettings

ENTRY = spins_entry(
    "ising-autoregressive",
    "min ⟨βE + ln q⟩, E = −Σ s s', square lattice, periodic",
    "exact: Kaufman's sum",
    Ising(),
    {
        "default": AutoregressiveRecipe(),
        "quick": AutoregressiveRecipe(widths=(4,), steps=200, optimizer=falling(200)),
        "eight": AutoregressiveRecipe(
            border=8,
            by_site=True,
            size=1024,
            steps=300,
            anneal=40,
            judge=40_000,
            optimizer=OptimizerSettings(
                name="natural-gradient",
                learning_rate=0.1,
                cosine=330,
                damping=1e-2,
                damping_last=1e-6,
            ),
        ),
    },
)
