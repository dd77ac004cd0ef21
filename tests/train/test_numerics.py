"""A digest of what decides the numbers of an entry: nothing else changes it."""

from __future__ import annotations

from dataclasses import replace

import jax
import pytest

import physml as pm

ENTRIES = pm.pinn.catalogue.ENTRIES
BURGERS = ENTRIES["burgers-smooth"]
RECIPE = replace(
    BURGERS.recipe, points=16, network=replace(BURGERS.recipe.network, width=2, depth=1)
)


def digest(subject=BURGERS.subject, recipe=RECIPE, seed=0):
    return pm.train.numerics(BURGERS, subject, recipe, jax.random.key(seed))


@pytest.mark.slow
def test_steps_after_the_first_do_not_count():
    assert digest() == digest() == digest(recipe=replace(RECIPE, steps=7))


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"recipe": replace(RECIPE, points=17)},
        {"recipe": replace(RECIPE, optimizer=replace(RECIPE.optimizer, ratio=0.2))},
        {"subject": replace(BURGERS.subject, viscosity=0.02)},
    ],
    ids=["seed", "points", "optimizer", "equation"],
)
def test_what_decides_the_numbers_counts(other):
    assert digest() != digest(**other)


@pytest.mark.slow
def test_a_state_that_is_not_trained_has_one_too():
    entry = pm.vmc.catalogue.ENTRIES["harmonic-oscillator"]
    recipe = replace(entry.recipe, walkers=8, steps=0)
    assert len(pm.train.numerics(entry, entry.subject, recipe, jax.random.key(0))) == 16
