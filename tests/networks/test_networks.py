import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from numpy.testing import assert_allclose

from physml.errors import ConfigurationError, ShapeError
from physml.networks import (
    ACTIVATIONS,
    MLP,
    FourierFeatures,
    PeriodicEmbedding,
    glorot_normal,
    orthogonal,
)

close = functools.partial(assert_allclose, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(), (2,), (3, 2)])
@pytest.mark.parametrize("outputs", [None, 1, 3])
def test_mlp_takes_points_and_walkers_and_gives_scalars_or_vectors(shape, outputs, key):
    network = MLP([5, 4], outputs)
    value, params = jax.eval_shape(network.init_with_output, key, np.ones(shape))
    assert value.shape == (() if outputs is None else (outputs,))
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {value.dtype} == {jnp.float64.dtype}


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_mlp_is_the_formula(activation, key):
    z = jnp.array([0.3, -0.4])
    network = MLP((5, 4), activation=activation)
    params = jax.tree.map(lambda leaf: leaf + 0.1, network.init(key, z))
    h = z
    layers = params["params"]
    for name in ("Dense_0", "Dense_1"):
        h = activation(h @ layers[name]["kernel"] + layers[name]["bias"])
    close(
        network.apply(params, z), (h @ layers["Dense_2"]["kernel"] + layers["Dense_2"]["bias"])[0]
    )


def test_mlp_without_hidden_layers_is_linear(key):
    network = MLP((), 2)
    params = network.init(key, jnp.ones(3))
    close(network.apply(params, 2 * jnp.ones(3)), 2 * network.apply(params, jnp.ones(3)))


def test_biases_start_at_zero_and_the_last_layer_at_gain_one(key):
    params = MLP((20, 20), 20, kernel_init=orthogonal(5 / 3)).init(key, jnp.ones(20))["params"]
    for name, gain in [("Dense_0", 5 / 3), ("Dense_1", 5 / 3), ("Dense_2", 1.0)]:
        kernel = params[name]["kernel"]
        close(kernel.T @ kernel, gain**2 * jnp.eye(20))
        close(params[name]["bias"], jnp.zeros(20))


def test_glorot_entries_have_the_stated_deviation(key):
    kernel = glorot_normal(3.0)(key, (300, 500))
    # 150,000 entries: the deviation is known to 1/sqrt(2 * 150,000) = 0.2%; bound at 5 sigma.
    assert_allclose(jnp.std(kernel), 3 * jnp.sqrt(2 / 800), rtol=0.01)
    assert kernel.dtype == jnp.float64


def test_any_initializer_of_jax_can_be_passed(key):
    params = MLP((3,), kernel_init=nn.initializers.ones).init(key, jnp.ones(2))["params"]
    close(params["Dense_1"]["kernel"], jnp.ones((3, 1)))


def test_float32_mode_gives_float32_parameters(key):
    z = np.ones(2, np.float32)
    with jax.enable_x64(False):
        for kernel_init in (glorot_normal(), orthogonal()):
            network = MLP((3,), kernel_init=kernel_init)
            value, params = jax.eval_shape(network.init_with_output, key, z)
            dtypes = {leaf.dtype for leaf in jax.tree.leaves((value, params))}
            assert dtypes == {jnp.float32.dtype}
        for embedding in (PeriodicEmbedding({0: (0.0, 1.0)}), FourierFeatures(3)):
            assert jax.eval_shape(embedding.apply, {}, z).dtype == jnp.float32


def test_equal_networks_are_one_static_argument(key):
    traces = []

    @functools.partial(jax.jit, static_argnums=0)
    def value(network, params, z):
        traces.append(network)
        return network.apply(params, z)

    def build():
        embedding = PeriodicEmbedding({1: (-1.0, 2.0)}, {0: (0.0, 1.0)})
        return nn.Sequential((embedding, FourierFeatures(4), MLP([3], kernel_init=orthogonal())))

    params = build().init(key, jnp.ones(2))
    value(build(), params, jnp.ones(2))
    value(build(), params, jnp.zeros(2))
    assert len(traces) == 1


@pytest.mark.parametrize("widths", [20, (20, 0), (2.5,), ("20",), "20", (True,)])
def test_widths_must_be_positive_integers(widths):
    with pytest.raises(ConfigurationError, match=r"widths: expected .* got"):
        MLP(widths)


@pytest.mark.parametrize("outputs", [0, -1, 2.5, True])
def test_outputs_must_be_none_or_positive(outputs):
    with pytest.raises(ConfigurationError, match=r"outputs: expected .* got"):
        MLP((2,), outputs)


def test_activations_are_elementwise_and_twice_differentiable_at_zero():
    h = jnp.linspace(-2.0, 2.0, 5)
    for name, activation in ACTIVATIONS.items():
        close(activation(h), jax.vmap(activation)(h), err_msg=name)
        curvature = jax.vmap(jax.grad(jax.grad(activation)))(jnp.array([-1e-6, 0.0, 1e-6]))
        assert_allclose(curvature, jnp.full(3, curvature[1]), atol=1e-5, err_msg=name)


def test_periodic_embedding_is_the_formula():
    features = PeriodicEmbedding({0: (0.5, 3.0), 2: (-1.0, 2.0)}, {1: (2.0, 6.0)}).apply(
        {}, jnp.array([1.1, 5.0, 0.2, 0.7])
    )
    a, b = 2 * jnp.pi * 0.6 / 3.0, 2 * jnp.pi * 1.2 / 2.0
    close(features, jnp.stack([jnp.cos(a), jnp.sin(a), 0.5, jnp.cos(b), jnp.sin(b), 0.7]))


def test_bounds_are_mapped_to_minus_one_and_one():
    embedding = PeriodicEmbedding({}, {0: (2.0, 6.0), 1: (-3.0, 0.0)})
    close(embedding.apply({}, jnp.array([2.0, -3.0])), -jnp.ones(2))
    close(embedding.apply({}, jnp.array([6.0, 0.0])), jnp.ones(2))


def test_a_network_after_the_embedding_is_periodic_with_its_derivatives(key):
    network = nn.Sequential([PeriodicEmbedding({1: (-1.0, 2.0)}), MLP((6,))])
    params = network.init(key, jnp.zeros(2))
    u = functools.partial(network.apply, params)
    derivatives = jax.jit(lambda z: (u(z), jax.grad(u)(z), jax.hessian(u)(z)))
    at_lower, inside, at_upper = (derivatives(np.array([0.3, x])) for x in (-1.0, -0.4, 1.0))
    jax.tree.map(close, at_lower, at_upper)
    assert not np.allclose(at_lower[0], inside[0])


def test_embeddings_have_no_parameters(key):
    for embedding in (PeriodicEmbedding({0: (0.0, 1.0)}), FourierFeatures(3)):
        assert not embedding.init(key, jnp.zeros(2))


def test_fourier_features_are_cosines_and_sines_of_fixed_frequencies():
    z = jnp.array([0.3, -0.4])
    features = FourierFeatures(5, seed=1).apply({}, z)
    cosines, sines = features[:5], features[5:]
    close(cosines**2 + sines**2, jnp.ones(5))
    close(features, jax.jit(FourierFeatures(5, seed=1).apply)({}, z))
    assert not jnp.allclose(features, FourierFeatures(5, seed=2).apply({}, z))
    close(
        FourierFeatures(5, scale=2.0, seed=1).apply({}, z),
        FourierFeatures(5, seed=1).apply({}, 2 * z),
    )


def test_fourier_frequencies_have_the_stated_scale():
    m, scale = 4000, 3.0
    sine_slopes = jax.jacfwd(functools.partial(FourierFeatures(m, scale=scale).apply, {}))(
        jnp.zeros(2)
    )[m:]
    # 8,000 normal frequencies: their deviation is known to 0.8%; bound at 5 sigma.
    assert_allclose(jnp.std(sine_slopes) / (2 * jnp.pi), scale, rtol=0.04)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: PeriodicEmbedding({0: (0.0, 0.0)}), "periodic: expected .* period > 0"),
        (lambda: PeriodicEmbedding({-1: (0.0, 1.0)}), "periodic: expected coordinate indices"),
        (lambda: PeriodicEmbedding({"x": (0.0, 1.0)}), "periodic: expected coordinate indices"),
        (lambda: PeriodicEmbedding({0: 1.0}), "periodic: expected coordinate indices"),
        (lambda: PeriodicEmbedding((0,)), "periodic: expected coordinate indices"),
        (lambda: PeriodicEmbedding({}, {0: (1.0, 1.0)}), "bounds: expected lower < upper"),
        (lambda: PeriodicEmbedding({0: (0.0, 1.0)}, {0: (0.0, 1.0)}), r"\[0\] in both"),
        (lambda: FourierFeatures(0), "frequencies: expected a positive integer, got 0"),
        (lambda: FourierFeatures(3, scale=0.0), "scale: expected a number > 0"),
        (lambda: FourierFeatures(3, seed=-1), "seed: expected at least 0, got -1"),
    ],
)
def test_bad_embeddings_are_refused_where_they_are_written(build, message):
    with pytest.raises(ConfigurationError, match=message):
        build()


@pytest.mark.parametrize("embedding", [PeriodicEmbedding({2: (0.0, 1.0)}), FourierFeatures(3)])
def test_embeddings_take_one_point(embedding):
    with pytest.raises(ShapeError, match=r"expected one point \(d,\), got \(4, 3\)"):
        embedding.apply({}, jnp.ones((4, 3)))


def test_listed_coordinates_must_exist():
    with pytest.raises(ShapeError, match=r"with 2, \(2,\), without \[2\]"):
        PeriodicEmbedding({2: (0.0, 1.0)}).apply({}, jnp.ones(2))
