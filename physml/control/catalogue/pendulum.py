"""A pendulum that is swung up and held."""

from physml.control.catalogue.policy_by_recipe import PolicyRecipe, policy_entry, proximal
from physml.control.worlds.pendulum import Pendulum
from physml.optim import OptimizerSettings


def _proximal(updates: int, seeds: int) -> PolicyRecipe:
    adam = OptimizerSettings(name="adam", learning_rate=1e-3, cosine=160 * updates, eps=1e-5)
    return proximal(
        optimizer=adam,
        seeds=seeds,
        updates=updates,
        environments=16,
        length=256,
        epochs=10,
        minibatches=16,
        discount=0.98,
        entropy=0.0,
        reward_scale=0.1,
    )


ENTRY = policy_entry(
    "pendulum",
    "min ⟨Σ θ² + θ̇²/10 + u²/1000⟩, |u| ≤ 2 N m",
    "Bellman's equation on a grid: −137.0 ± 0.5",
    Pendulum(),
    {
        "default": _proximal(300, 5),
        "quick": _proximal(8, 1),
        "natural": PolicyRecipe(
            optimizer=OptimizerSettings(
                name="natural-gradient", learning_rate=0.3, damping=1e-2, cosine=200
            ),
            widths=(32,),
            value_widths=(32,),
            seeds=5,
            environments=32,
            length=100,
            discount=0.98,
            updates=200,
            reward_scale=0.1,
        ),
    },
)
"""By proximal policy optimisation; the recipe ``natural`` is the natural policy gradient."""
