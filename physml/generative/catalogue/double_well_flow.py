"""Two modes of unequal weight, both of which a flow has to find."""

from physml.generative.catalogue.flow_by_recipe import FlowRecipe, falling, flow_entry
from physml.generative.flows.double_well import DoubleWell
from physml.generative.flows.flow_settings import FlowSettings

ENTRY = flow_entry(
    "double-well-flow",
    "min ⟨ln q − ln p⟩, ln p = −b(x² − 1)² − tx − ½k(y − cx²)²",
    "exact: quadrature",
    DoubleWell(),
    {
        "default": FlowRecipe(
            flow=FlowSettings(name="continuous"), optimizer=falling(150), steps=150, anneal=50
        ),
        "quick": FlowRecipe(
            flow=FlowSettings(name="continuous", width=16, depth=1, steps=6),
            optimizer=falling(60),
            size=256,
            steps=60,
            anneal=20,
            judge=4000,
        ),
    },
)
