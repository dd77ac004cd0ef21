"""A reaction front in twenty dimensions."""

from physml.control.backward_equations.allen_cahn_reaction import AllenCahn
from physml.control.catalogue.bsde_by_recipe import BsdeRecipe, bsde_entry

ENTRY = bsde_entry(
    "allen-cahn-20d",
    "u_t + Δu + u − u³ = 0, u(T, x) = 1/(2 + 0.4 |x|²)",
    "exact: the equation of the radius",
    AllenCahn(),
    {
        "default": BsdeRecipe(),
        "quick": BsdeRecipe(widths=(6,), size=128, steps=20, time_steps=10, judge=4000),
    },
)
