"""A call on a price that jumps."""

from physml.control.backward_equations.merton import Merton
from physml.control.catalogue.bsde_by_recipe import BsdeRecipe, bsde_entry

ENTRY = bsde_entry(
    "merton",
    "u_t + ½σ² u_xx + (r − ½σ² − νκ) u_x + ν E[u(x + J) − u] = r u, u(T) = K (eˣ − 1)⁺",
    "exact: Merton's series",
    Merton(),
    {
        # Steps of x are exact: there is only the discount to be extrapolated.
        "default": BsdeRecipe(
            ansatz="value", scale=10.0, steps=40, time_steps=10, judge=50_000, curve=(10, 20)
        ),
        "quick": BsdeRecipe(
            ansatz="value",
            scale=10.0,
            size=128,
            steps=15,
            time_steps=5,
            judge=2000,
            curve=(5, 10),
        ),
    },
)
