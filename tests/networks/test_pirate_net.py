import functools

import jax
import jax.numpy as jnp
import pytest
from flax import linen as nn
from numpy.testing import assert_allclose

from physml.networks import FactorisedDense, FourierFeatures, PirateNet, orthogonal

close = functools.partial(assert_allclose, rtol=1e-12, atol=1e-14)
Z = jnp.array([0.3, -0.4])


def linear(layer, x):
    return x @ layer["kernel"] + layer["bias"]


@pytest.mark.parametrize("features", [None, FourierFeatures(3, scale=0.5)])
def test_it_is_the_formula(features, arbitrary):
    network = PirateNet(6, 2, 2, features, activation=jnp.sin)
    params = arbitrary(network, Z)["params"]

    def layer(name, x):
        return jnp.sin(linear(params[name], x))

    x = layer("embedding", Z) if features is None else features.apply({}, Z)
    U, V = layer("U", x), layer("V", x)
    for block in (0, 1):
        f = layer(f"f_{block}", x)
        z1 = f * U + (1 - f) * V
        g = layer(f"g_{block}", z1)
        z2 = g * U + (1 - g) * V
        alpha = params[f"alpha_{block}"]
        x = alpha * layer(f"h_{block}", z2) + (1 - alpha) * x
    close(network.apply({"params": params}, Z), linear(params["output"], x))


@pytest.mark.parametrize("features", [None, FourierFeatures(4)])
def test_with_its_blocks_closed_it_is_linear_in_its_embedding(features, arbitrary):
    network = PirateNet(8, 1, 2, features)
    params = arbitrary(network, Z)["params"] | {"alpha_0": jnp.zeros(())}
    x = features.apply({}, Z) if features else jnp.tanh(linear(params["embedding"], Z))
    close(network.apply({"params": params}, Z), linear(params["output"], x))


def test_blocks_start_closed_and_can_open(key):
    network = PirateNet(3, 2, kernel_init=nn.initializers.ones)
    params = network.init(key, Z)
    slopes = jax.jit(jax.grad(network.apply))(params, Z)["params"]
    for block in (0, 1):
        assert float(params["params"][f"alpha_{block}"]) == 0.0
        assert abs(slopes[f"alpha_{block}"]) > 1e-6
        assert not slopes[f"h_{block}"]["kernel"].any()


def test_biases_start_at_zero_and_the_last_layer_at_gain_one(key):
    network = PirateNet(8, 1, 8, kernel_init=orthogonal(3.0))
    params = network.init(key, jnp.ones(8))["params"]
    for name, gain in (("embedding", 3.0), ("U", 3.0), ("h_0", 3.0), ("output", 1.0)):
        kernel = params[name]["kernel"]
        close(kernel.T @ kernel, gain**2 * jnp.eye(8))
        assert not params[name]["bias"].any()


def test_all_layers_can_be_factorised(key):
    shapes = jax.eval_shape(PirateNet(4, 1, dense=FactorisedDense).init, key, Z)["params"]
    assert shapes.pop("alpha_0").shape == ()
    assert all(
        layer["kernel"]["log_scale"].shape == layer["bias"].shape for layer in shapes.values()
    )
