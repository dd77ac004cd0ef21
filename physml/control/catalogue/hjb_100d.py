"""Control of a Brownian motion in a hundred dimensions."""

from dataclasses import replace

from physml.control.backward_equations.hamilton_jacobi_bellman import HamiltonJacobiBellman
from physml.control.catalogue.bsde_by_recipe import BsdeRecipe, bsde_entry


def _recipe(subject: HamiltonJacobiBellman) -> BsdeRecipe:
    """More steps of time where the control is stronger: a place is kept with a rate of some 4λ."""
    if subject.coupling <= 3:
        return BsdeRecipe()
    if subject.coupling <= 20:
        return BsdeRecipe(time_steps=32, judge=20_000)
    return BsdeRecipe(
        optimizer=replace(BsdeRecipe().optimizer, decay=15.0),
        steps=60,
        time_steps=128,
        part=0.8,
        judge=5000,
        curve=(128, 256, 512),
    )


ENTRY = bsde_entry(
    "hjb-100d",
    "u_t + Δu − λ|∇u|² = 0, u(T, x) = ln ½(1 + |x|²)",
    "exact: Cole–Hopf",
    HamiltonJacobiBellman(),
    {
        "default": _recipe,
        "quick": BsdeRecipe(widths=(6,), size=128, steps=20, time_steps=10, judge=4000),
    },
)
