"""The worst price of a basket of a hundred."""

from physml.control.backward_equations.black_scholes_barenblatt import BlackScholesBarenblatt
from physml.control.catalogue.bsde_by_recipe import BsdeRecipe, bsde_entry

ENTRY = bsde_entry(
    "black-scholes-barenblatt",
    "u_t + ½σ² Σ xᵢ² u_ii = r (u − x·∇u), u(T, x) = |x|²",
    "exact: e^{(r+σ²)(T−t)} |x|²",
    BlackScholesBarenblatt(),
    {
        "default": BsdeRecipe(),
        "quick": BsdeRecipe(widths=(6,), size=128, steps=20, time_steps=10, judge=4000),
    },
)
