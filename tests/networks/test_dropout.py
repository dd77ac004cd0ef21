"""Dropout drops where a key comes, and keeps the mean; layer normalisation by its equation."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physml.errors import ConfigurationError
from physml.networks import MLP, Convolution, Dropout, RegularisedMLP

KEY = jax.random.key(0)
X = jnp.array([0.3, -0.2, 0.7])


def test_dropout_keeps_the_mean():
    """Of 40,000 entries at rate 0.3: the mean is 1 within four of its deviations."""
    dropped = Dropout(0.3).apply({}, jnp.ones(40_000), rngs={"dropout": KEY})
    np.testing.assert_allclose(np.unique(dropped), [0, 1 / 0.7])
    assert abs(float(dropped.mean()) - 1) < 4 * np.sqrt(0.3 / 0.7 / 40_000)


def test_without_a_key_nothing_is_dropped():
    network = RegularisedMLP((6, 5), outputs=2, dropout=0.5)
    params = network.init(KEY, X)
    plain = MLP((6, 5), outputs=2)
    np.testing.assert_allclose(network.apply(params, X), plain.apply(params, X), rtol=1e-14)
    kept = network.apply(params, X, rngs={"dropout": KEY})
    again = network.apply(params, X, rngs={"dropout": KEY})
    other = network.apply(params, X, rngs={"dropout": jax.random.key(1)})
    np.testing.assert_array_equal(kept, again)
    assert not np.array_equal(kept, other)


def test_layer_normalisation_by_its_equation():
    network = RegularisedMLP((6,), layer_norm=True)
    params = network.init(KEY, X)["params"]
    scale = params["LayerNorm_0"]
    scale["scale"], scale["bias"] = jnp.arange(6.0), jnp.arange(6.0) / 10
    h = X @ params["Dense_0"]["kernel"] + params["Dense_0"]["bias"]
    h = (h - h.mean()) / jnp.sqrt(h.var() + 1e-6) * jnp.arange(6.0) + jnp.arange(6.0) / 10
    value = jnp.tanh(h) @ params["Dense_1"]["kernel"] + params["Dense_1"]["bias"]
    told = network.apply({"params": params}, X)
    assert told.shape == ()
    np.testing.assert_allclose(told, value[0], rtol=1e-12)


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_a_rate_is_a_part(rate):
    networks = (
        lambda: Dropout(rate),
        lambda: RegularisedMLP((3,), dropout=rate),
        lambda: Convolution((3,), dropout=rate),
    )
    for build in networks:
        with pytest.raises(ConfigurationError, match="dropout: expected a rate"):
            build()


def test_a_convolution_drops_between_its_blocks_and_its_dense_layers():
    """The mean over four pixels, each dropped with probability ½, of ones: 0, ½, 1, 1½ or 2."""
    network = Convolution((1,), 1, window=1, pooling=1, activation=lambda a: a, dropout=0.5)
    params = {
        "block_0": {"kernel": np.ones((1, 1, 1, 1)), "bias": np.zeros(1)},
        "head": {"Dense_0": {"kernel": np.full((4, 1), 0.25), "bias": np.zeros(1)}},
    }
    image = np.ones((2, 2))
    keys = jax.random.split(KEY, 400)
    apply = jax.jit(jax.vmap(lambda key: network.apply({"params": params}, image, **rngs(key))))
    told = np.asarray(apply(keys))[:, 0]
    assert set(told) <= {0.0, 0.5, 1.0, 1.5, 2.0}
    assert abs(told.mean() - 1) < 4 * 0.5 / 20
    assert network.apply({"params": params}, image) == 1


def rngs(key):
    return {"rngs": {"dropout": key}}
