"""A pole that is kept upright on a cart."""

from physml.control.catalogue.policy_by_recipe import PolicyRecipe, policy_entry, proximal
from physml.control.worlds.cart_pole import CartPole
from physml.optim import OptimizerSettings

ENTRY = policy_entry(
    "cart-pole",
    "max ⟨Σ 1⟩ while |x| < 2.4 m and |θ| < 12°, pushes of ±10 N",
    "the most there is: the limit of steps",
    CartPole(),
    {
        "default": PolicyRecipe(),
        "quick": PolicyRecipe(seeds=2, updates=30),
        "ppo": proximal(
            optimizer=OptimizerSettings(name="adam", learning_rate=1e-3, cosine=6400, eps=1e-5),
            updates=400,
        ),
    },
)
"""By the natural policy gradient; the recipe ``ppo`` is proximal policy optimisation."""
