"""Regimes that the energy tells exactly, and a network that tells them of what is seen."""

import dataclasses

import jax
import numpy as np
import pytest

from physml.errors import ConfigurationError
from physml.learn.catalogue.sequence_class import ENTRY, REGIMES, Regimes
from physml.networks import NetworkSettings

KEY = jax.random.key(0)


def test_what_turns_over_passes_the_bottom_one_way():
    """Without noise: it turns right where sin θ rises at each small |sin θ| at speed."""
    subject = Regimes(samples=40, noise=0.0, time=20.0, steps=2001)
    data, energy = subject.data(KEY)
    seen, rate = data.inputs[..., 0], np.gradient(data.inputs[..., 0], 0.01, axis=1)
    assert np.array_equal(data.labels == 0, energy < 1)
    for x, v, label, e in zip(seen, rate, data.labels, energy, strict=True):
        bottom = (np.abs(x) < 0.02) & (np.abs(v) > np.sqrt(2 * (e + 0.9)))  # faster than at the top
        ways = set(np.sign(v[bottom]))
        assert {0: ways == {-1, 1}, 1: ways == {-1}, 2: ways == {1}}[label], (REGIMES[label], e)


@pytest.mark.slow
def test_a_recurrent_network_tells_more_than_a_linear_one():
    recipe = dataclasses.replace(ENTRY.recipes["quick"], epochs=20)
    found = ENTRY.solve(Regimes(samples=800, noise=0.02), recipe, key=KEY).numbers()
    assert found["accuracy"] > found["linear_accuracy"] + 0.1
    assert found["linear_accuracy"] > found["trivial_accuracy"]
    assert (found["train"], found["test"]) == (600, 200)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Regimes(largest=0.9), "largest: expected an energy > 1"),
        (lambda: Regimes(noise=-0.1), "noise: expected a number ≥ 0"),
        (lambda: Regimes(held_out=1.0), "held_out: expected a part"),
        (lambda: dataclasses.replace(ENTRY.recipe, epochs=0), "epochs: expected at least 1"),
        (
            lambda: ENTRY.check(
                Regimes(), dataclasses.replace(ENTRY.recipe, network=NetworkSettings(name="mlp"))
            ),
            "expected recurrent or transformer, of series, got mlp",
        ),
        (
            lambda: ENTRY.check(Regimes(samples=40), ENTRY.recipe),
            "at most the 30 series, got 64",
        ),
        (
            lambda: ENTRY.check(Regimes(samples=20, held_out=0.01), ENTRY.recipe),
            "held_out: expected series on either side",
        ),
    ],
)
def test_what_cannot_be_told_is_refused_before_a_run(call, message):
    with pytest.raises(ConfigurationError, match=message):
        call()
