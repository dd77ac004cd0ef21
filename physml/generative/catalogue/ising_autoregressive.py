"""The Ising model at its critical point, drawn spin by spin."""

from physml.generative.catalogue.spins_by_recipe import AutoregressiveRecipe, falling, spins_entry
from physml.generative.spins.ising import Ising

ENTRY = spins_entry(
    "ising-autoregressive",
    "min ⟨βE + ln q⟩, E = −Σ s s', square lattice, periodic",
    "exact: Kaufman's sum",
    Ising(),
    {
        "default": AutoregressiveRecipe(),
        "quick": AutoregressiveRecipe(widths=(4,), steps=200, optimizer=falling(200)),
        "eight": AutoregressiveRecipe(border=12, steps=480, anneal=30, optimizer=falling(480)),
    },
)
