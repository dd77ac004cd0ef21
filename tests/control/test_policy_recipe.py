"""Recipes of policies that could not be learned by: refused before anything is made."""

from dataclasses import replace

import numpy as np
import pytest

import physml as pm
from physml.control.catalogue.lqr_policy import PushedMass, _cost
from physml.control.catalogue.policy_by_recipe import PolicyRecipe, proximal
from physml.errors import ConfigurationError

ADAM = pm.optim.OptimizerSettings(name="adam", learning_rate=1e-3)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"clip": 0.2}, "optimizer: expected one that asks for gradients alone"),
        ({"clip": -0.2, "optimizer": ADAM}, "clip"),
        ({"optimizer": pm.optim.OptimizerSettings(name="lbfgs")}, "asks for gradients.*got lbfgs"),
        ({"entropy": -1.0}, "entropy"),
        ({"clip": 0.2, "optimizer": ADAM, "minibatches": 300}, "parts of two samples"),
        ({"epochs": 4}, "without a clip"),
        ({"environments": 1, "length": 1}, "parts of two samples"),
    ],
)
def test_what_cannot_be_learned_by_is_named(wrong, named):
    with pytest.raises(ConfigurationError, match=named):
        PolicyRecipe(**wrong)
    assert proximal(optimizer=ADAM).clip == 0.2


@pytest.mark.parametrize(
    ("name", "ignored"),
    [("lqr-policy", {"widths": (64,)}), ("lqr-policy", {"value_widths": ()}),
     ("hjb-100d", {"scale": 10.0})],
)  # fmt: skip
def test_what_would_be_ignored_is_named(name, ignored):
    entry = pm.control.catalogue.ENTRIES[name]
    with pytest.raises(ConfigurationError, match=f"{next(iter(ignored))}: expected none"):
        entry.check(entry.subject, replace(entry.recipe, **ignored))


def test_one_step_alone_is_no_rollout_to_learn_by():
    """Its advantage less the mean is 0: the policy would stay as it was."""
    with pytest.raises(ConfigurationError, match="length: expected two steps or more"):
        pm.control.policy_gradient(pm.control.CartPole(), environments=1, length=1)


def test_a_gain_that_lets_the_mass_go_costs_infinitely_much():
    world = PushedMass().world()
    assert _cost(world, np.zeros((1, 2))) == np.inf
    assert np.isfinite(_cost(world, world.best().K))
