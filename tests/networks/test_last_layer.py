import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from numpy.testing import assert_allclose

from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.networks import (
    MLP,
    SIREN,
    FactorisedDense,
    FourierFeatures,
    PeriodicEmbedding,
    PirateNet,
    Separable,
    fit_last_layer,
)

POINTS = jax.random.uniform(jax.random.key(1), (60, 2), minval=-1.0)
EMBEDDED = nn.Sequential((PeriodicEmbedding({0: (-1.0, 2.0)}), MLP((10,), 2)))


def values_of(network, params):
    return jax.jit(jax.vmap(functools.partial(network.apply, params)))(POINTS)


@pytest.mark.parametrize(
    ("network", "layer"),
    [
        (MLP((10,), 2, dense=FactorisedDense), "Dense_1"),
        (SIREN((10,)), "output"),
        (PirateNet(10, 1, dense=FactorisedDense), "output"),
        (EMBEDDED, "layers_1"),
    ],
    ids=["mlp-factorised", "siren", "pirate-factorised", "sequential"],
)
def test_a_network_fits_another_with_the_same_features_exactly(network, layer, arbitrary):
    params = arbitrary(network, POINTS[0])
    other = {"params": dict(params["params"])}
    change = lambda path, leaf: leaf if path[-1].key == "log_scale" else 1.5 - 2 * leaf
    if network is EMBEDDED:
        last = {"Dense_1": params["params"][layer]["Dense_1"]}
        other["params"][layer] = params["params"][layer] | jax.tree.map(lambda x: 1 - x, last)
    else:
        other["params"][layer] = jax.tree_util.tree_map_with_path(change, params["params"][layer])
    data = values_of(network, other)
    fitted = fit_last_layer(network, params, POINTS, data)
    jax.tree.map(functools.partial(assert_allclose, rtol=1e-6, atol=1e-6), fitted, other)
    assert_allclose(values_of(network, fitted), data, rtol=1e-10, atol=1e-10)


def test_it_is_the_least_squares_fit_of_the_features(arbitrary):
    features = FourierFeatures(4, scale=0.5)
    network = PirateNet(8, 1, features=features)
    params = arbitrary(network, POINTS[0])
    params["params"]["alpha_0"] = np.zeros(())
    data = jnp.exp(POINTS[:, 0]) * POINTS[:, 1]
    fitted = fit_last_layer(network, params, POINTS, data)
    Phi = jax.vmap(functools.partial(features.apply, {}))(POINTS)
    rows = np.concatenate([np.ones((60, 1)), Phi], axis=1)
    best = np.linalg.lstsq(rows, data, rcond=None)[0]
    output = fitted["params"]["output"]
    assert_allclose(output["bias"], best[:1], rtol=1e-8)
    assert_allclose(output["kernel"][:, 0], best[1:], rtol=1e-8)
    # At the start u is linear in the embedding, with the fitted weights alone.
    assert_allclose(values_of(network, fitted), rows @ best, rtol=1e-10, atol=1e-12)
    kept = {name: leaf for name, leaf in fitted["params"].items() if name != "output"}
    jax.tree.map(
        np.testing.assert_array_equal, kept, {name: params["params"][name] for name in kept}
    )


def test_a_layer_can_be_named(arbitrary):
    network = Separable((6,), 3)
    params = arbitrary(network, POINTS[0])
    with pytest.raises(ConfigurationError, match="linear last layer, got Separable"):
        fit_last_layer(network, params, POINTS, jnp.zeros(60))
    fitted = fit_last_layer(
        network, params, POINTS, POINTS[:, 0] ** 2, layer=("factor_0", "Dense_1")
    )
    before, after = (
        jnp.sum((values_of(network, p) - POINTS[:, 0] ** 2) ** 2) for p in (params, fitted)
    )
    assert after < before


def test_what_cannot_be_fitted_is_refused(arbitrary):
    network = MLP((4, 4), 2)
    params = arbitrary(network, POINTS[0])
    with pytest.raises(ShapeError, match=r"values: expected .* \(60, 2\), got \(60,\)"):
        fit_last_layer(network, params, POINTS, jnp.zeros(60))
    with pytest.raises(ConfigurationError, match=r"got \('output',\); the layers are .*Dense_0"):
        fit_last_layer(network, params, POINTS, jnp.zeros((60, 2)), layer=("output",))
    with pytest.raises(ConfigurationError, match="in which the network is linear"):
        fit_last_layer(network, params, POINTS, jnp.zeros((60, 2)), layer=("Dense_1",))
    with pytest.raises(NonFiniteError, match=r"values: .* got nan at index 7$"):
        fit_last_layer(network, params, POINTS, np.where(np.arange(60) == 7, np.nan, 0.0))
    with pytest.raises(ShapeError, match="points: expected real numbers, got 120 of 120"):
        fit_last_layer(network, params, np.ma.masked_less(POINTS, 9.0), jnp.zeros((60, 2)))
