import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from physml.errors import ConfigurationError, UnknownNameError
from physml.networks import (
    ACTIVATIONS,
    MLP,
    SIREN,
    FourierFeatures,
    FourierSeries,
    PirateNet,
    Separable,
    glorot_normal,
    orthogonal,
)
from physml.networks.settings import NetworkSettings

GAIN = orthogonal(5 / 3)


@pytest.mark.parametrize(
    ("settings", "network"),
    [
        ({}, MLP((8, 8), 2, kernel_init=GAIN)),
        (
            {"activation": "sin", "initial": "glorot"},
            MLP((8, 8), 2, jnp.sin, kernel_init=glorot_normal()),
        ),
        ({"name": "siren"}, SIREN((8, 8), 2, first_frequency=1.0)),
        (
            {"name": "fourier"},
            nn.Sequential((FourierFeatures(4), MLP((8, 8), 2, kernel_init=GAIN))),
        ),
        (
            {"name": "fourier", "scale": 2.0},
            nn.Sequential((FourierFeatures(4, scale=2.0), MLP((8, 8), 2, kernel_init=GAIN))),
        ),
        ({"name": "pirate"}, PirateNet(8, 2, 2, kernel_init=GAIN)),
        (
            {"name": "pirate", "scale": 2.0, "initial": "glorot", "activation": "silu"},
            PirateNet(8, 2, 2, FourierFeatures(4, scale=2.0), ACTIVATIONS["silu"], glorot_normal()),
        ),
        ({"name": "separable"}, Separable((8, 8), 8, 2, kernel_init=GAIN)),
        ({"name": "separable", "rank": 3}, Separable((8, 8), 3, 2, kernel_init=GAIN)),
        ({"name": "fourier-series", "depth": 1}, FourierSeries(8, 8, 2)),
        ({"name": "fourier-series", "depth": 1, "rank": 3}, FourierSeries(8, 3, 2)),
    ],
    ids=lambda part: str(part) if isinstance(part, dict) else "",
)
def test_settings_are_the_network_they_name(settings, network, key):
    built = NetworkSettings(**{"width": 8, "depth": 2} | settings).build(outputs=2)
    assert built == network
    assert jax.eval_shape(built.init_with_output, key, np.ones(3))[0].shape == (2,)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scale": 1.0}, "network.scale: no option of mlp, .* belongs to fourier, pirate"),
        ({"rank": 3}, "network.rank: no option of mlp, .* belongs to fourier-series, sep"),
        (
            {"name": "siren", "activation": "tanh"},
            "no option of siren, which takes width, depth, frequency; it belongs to mlp, .*fourier",
        ),
        ({"name": "siren", "initial": "glorot"}, "network.initial: no option of siren"),
        ({"name": "separable", "scale": 1.0}, "network.scale: no option of separable"),
        ({"name": "pirate", "rank": 1}, "network.rank: no option of pirate"),
        ({"name": "fourier-series", "depth": 4}, "network.depth: .* expected 1, got 4"),
        ({"name": "fourier-series", "activation": "sin"}, "activation: no option of fourier-ser"),
        ({"width": 0}, "network.width: expected a positive integer"),
        ({"depth": 0}, "network.depth: expected a positive integer"),
        ({"name": "separable", "rank": 0}, "rank: expected a positive integer"),
        ({"name": "fourier", "scale": 0.0}, "scale: expected a number > 0"),
        ({"name": "fourier", "width": 9}, "network.width: expected an even number"),
        ({"name": "pirate", "width": 9, "scale": 1.0}, "network.width: expected an even number"),
    ],
    ids=str,
)
def test_options_of_another_network_are_refused(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        NetworkSettings(**settings).build()


def test_unknown_names_are_refused():
    with pytest.raises(UnknownNameError, match=r"'sirne'\. Did you mean 'siren'"):
        NetworkSettings(name="sirne").build()
    with pytest.raises(UnknownNameError, match=r"unknown network.activation 'relu'"):
        NetworkSettings(activation="relu").build()


def test_settings_are_plain_data():
    plain = dataclasses.asdict(NetworkSettings(name="pirate", scale=2.0))
    assert all(value is None or isinstance(value, (str, int, float)) for value in plain.values())
    assert NetworkSettings(**plain) == NetworkSettings(name="pirate", scale=2.0)
