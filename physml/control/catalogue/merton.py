"""A call on a price that jumps."""

from physml.control.catalogue.bsde_by_recipe import BsdeRecipe, bsde_entry
from physml.control.merton import Merton

ENTRY = bsde_entry(
    "merton",
    "u_t + ½σ² u_xx + (r − ½σ² − νκ) u_x + ν E[u(x + J) − u] = r u, u(T) = K (eˣ − 1)⁺",
    "exact: Merton's series",
    Merton(),
    {
        "default": BsdeRecipe(ansatz="value", scale=100.0, widths=(16, 16), size=1024),
        "quick": BsdeRecipe(
            ansatz="value", scale=100.0, size=256, steps=20, time_steps=10, judge=4000
        ),
    },
)
