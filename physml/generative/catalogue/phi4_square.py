"""The scalar field on six by six sites, close to where its symmetry would break."""

from physml.generative.catalogue.flow_by_recipe import FlowRecipe, falling, flow_entry
from physml.generative.flows.flow_settings import FlowSettings
from physml.generative.flows.scalar_field import ScalarField

ENTRY = flow_entry(
    "phi4-square",
    "min ⟨S + ln q⟩, S = Σ φ(−Δ)φ + m²φ² + λφ⁴, square lattice, periodic",
    "transfer matrix of rows, to 1e-4; 1e-6 seen",
    ScalarField((6, 6), mass_squared=-4.0, coupling=6.975),
    {
        "default": FlowRecipe(
            flow=FlowSettings(name="lattice", frequencies=8, times=4, steps=8),
            optimizer=falling(60),
            steps=60,
        ),
        "quick": FlowRecipe(
            flow=FlowSettings(name="lattice", frequencies=4, times=3, steps=5),
            optimizer=falling(16, 0.3),
            size=256,
            steps=16,
            judge=2000,
        ),
    },
)
