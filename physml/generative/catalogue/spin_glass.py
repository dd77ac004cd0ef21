"""One instance of the Sherrington–Kirkpatrick spin glass, drawn spin by spin."""

from physml.generative.catalogue.spins_by_recipe import AutoregressiveRecipe, falling, spins_entry
from physml.generative.spins.sherrington_kirkpatrick import SherringtonKirkpatrick

ENTRY = spins_entry(
    "spin-glass",
    "min ⟨βE + ln q⟩, E = −Σ_{i<j} J_ij s_i s_j, J_ij normal",
    "exact: enumeration",
    SherringtonKirkpatrick(),
    {
        "default": AutoregressiveRecipe(anneal=200),
        "quick": AutoregressiveRecipe(widths=(4,), steps=200, anneal=50, optimizer=falling(200)),
    },
)
