import functools

import jax
import jax.numpy as jnp
from flax import linen as nn
from numpy.testing import assert_allclose

from physml.networks import MLP, FactorisedDense, orthogonal

close = functools.partial(assert_allclose, rtol=1e-12, atol=1e-14)


def effective(kernel):
    return kernel["direction"] * jnp.exp(kernel["log_scale"])[None, :]


def test_the_kernel_starts_as_the_initializer_draws_it(key):
    h = jnp.ones(3)
    for initializer in (orthogonal(), nn.initializers.lecun_normal()):
        plain = nn.Dense(40, kernel_init=initializer, param_dtype=float).init(key, h)["params"]
        factorised = FactorisedDense(40, kernel_init=initializer).init(key, h)["params"]
        close(effective(factorised["kernel"]), plain["kernel"])
        close(factorised["bias"], jnp.zeros(40))


def test_log_scales_are_normal_and_independent_of_the_kernel(key):
    kernel = FactorisedDense(4000, mean=0.5, stddev=0.2).init(key, jnp.ones(1))["params"]["kernel"]
    s = kernel["log_scale"]
    # 4,000 values: mean and deviation are known to 0.2 / √4000 and 0.2 / √8000; 5 sigma.
    assert_allclose(jnp.mean(s), 0.5, atol=0.016)
    assert_allclose(jnp.std(s), 0.2, atol=0.012)
    assert abs(jnp.corrcoef(s, effective(kernel)[0])[0, 1]) < 5 / jnp.sqrt(4000)


def test_it_is_the_formula_for_a_point_and_for_many(key, arbitrary):
    h = jax.random.normal(key, (4, 3))
    layer = FactorisedDense(5, kernel_init=orthogonal())
    params = arbitrary(layer, h)
    kernel, bias = params["params"]["kernel"], params["params"]["bias"]
    expected = jnp.stack([row @ effective(kernel) + bias for row in h])
    close(layer.apply(params, h), expected)
    close(layer.apply(params, h[0]), expected[0])
    unbiased = FactorisedDense(5, use_bias=False)
    assert set(jax.eval_shape(unbiased.init, key, h)["params"]) == {"kernel"}


def test_a_factorised_network_starts_as_the_plain_one(key):
    z = jnp.array([0.1, 0.2])
    values = [
        MLP((6,), dense=dense).init_with_output(key, z)[0] for dense in (nn.Dense, FactorisedDense)
    ]
    close(*values)


def test_gradients_are_those_of_the_factors(arbitrary):
    z = jnp.array([0.1, 0.2])
    plain, factorised = MLP((6,)), MLP((6,), dense=FactorisedDense)
    factors = arbitrary(factorised, z)
    theta = {
        name: {"kernel": effective(layer["kernel"]), "bias": layer["bias"]}
        for name, layer in factors["params"].items()
    }
    W = jax.jit(jax.grad(plain.apply))({"params": theta}, z)["params"]["Dense_0"]["kernel"]
    slopes = jax.jit(jax.grad(factorised.apply))(factors, z)["params"]["Dense_0"]["kernel"]
    kernel = factors["params"]["Dense_0"]["kernel"]
    close(slopes["direction"], W * jnp.exp(kernel["log_scale"])[None, :])
    close(slopes["log_scale"], jnp.sum(W * effective(kernel), axis=0))


def test_mean_and_deviation_reach_the_layers_of_a_network(key):
    dense = functools.partial(FactorisedDense, mean=0.5, stddev=0.0)
    params = MLP((3,), dense=dense).init(key, jnp.ones(2))["params"]
    close(params["Dense_0"]["kernel"]["log_scale"], jnp.full(3, 0.5))
