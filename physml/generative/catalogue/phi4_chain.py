"""The scalar field on a ring of sixteen sites, whose partition function is known to rounding."""

from physml.generative.catalogue.flow_by_recipe import FlowRecipe, falling, flow_entry
from physml.generative.flows.flow_settings import FlowSettings
from physml.generative.flows.scalar_field import ScalarField

ENTRY = flow_entry(
    "phi4-chain",
    "min ⟨S + ln q⟩, S = Σ φ(−Δ)φ + m²φ² + λφ⁴, periodic",
    "exact: transfer matrix",
    ScalarField(),
    {
        "default": FlowRecipe(),
        "quick": FlowRecipe(
            flow=FlowSettings(name="lattice", frequencies=4, times=3, steps=6),
            optimizer=falling(30),
            size=256,
            steps=30,
            judge=4000,
        ),
    },
)
