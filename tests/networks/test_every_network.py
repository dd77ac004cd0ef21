"""What all networks share: shapes, types, second derivatives, errors, equality."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from numpy.testing import assert_allclose

from physml.calculus import forward_laplacian, laplacian, nested_forward
from physml.errors import ConfigurationError, ShapeError
from physml.networks import (
    MLP,
    SIREN,
    FactorisedDense,
    FourierFeatures,
    NetworkSettings,
    PirateNet,
    Separable,
)
from physml.train import least_squares

# Sizes at which all compile fast.
SMALL = {
    "convolution": {"width": 4, "channels": (2,)},
    "fourier-series": {"width": 2, "rank": 2},
    "separable": {"width": 4, "rank": 3},
}


def by_name(name):
    """A small network as a command line builds it."""
    settings = NetworkSettings(name=name, depth=1, **SMALL.get(name, {"width": 4}))
    return lambda outputs=None: settings.build(outputs=outputs)


NAMED = {name: by_name(name) for name in NetworkSettings.names()}
NETWORKS = NAMED | {
    "mlp-factorised": functools.partial(MLP, (5, 4), dense=FactorisedDense),
    "siren-learnable": functools.partial(SIREN, (5, 4), learnable=True),
    "pirate-fourier": functools.partial(
        PirateNet, 4, 1, features=FourierFeatures(2), dense=FactorisedDense
    ),
}
# Two of these coordinates are a cosine and a sine for the Fourier series.
POINTS = np.array([[0.3, 0.6, 0.8], [-0.5, 1.0, 0.0], [0.1, 0.0, -1.0]])
# What is no point but an image or a series: three of each.
OTHERS = {
    "convolution": np.sin(np.arange(3 * 4 * 4.0)).reshape(3, 4, 4),
    "recurrent": np.sin(np.arange(3 * 4 * 2.0)).reshape(3, 4, 2),
    "transformer": np.sin(np.arange(3 * 4 * 2.0)).reshape(3, 4, 2),
}

every_network = pytest.mark.parametrize("name", NETWORKS)


def samples(name):
    """Three inputs of a network."""
    return OTHERS.get(name, POINTS)


@every_network
@pytest.mark.parametrize("outputs", [None, 1, 3])
def test_a_sample_gives_a_scalar_or_a_vector(name, outputs, key):
    network = NETWORKS[name](outputs=outputs)
    value, params = jax.eval_shape(network.init_with_output, key, samples(name)[0])
    assert value.shape == (() if outputs is None else (outputs,))
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {value.dtype} == {jnp.float64.dtype}


@every_network
def test_float32_mode_gives_float32_parameters(name, key):
    with jax.enable_x64(False):
        x = samples(name)[0].astype(np.float32)
        tree = jax.eval_shape(NETWORKS[name]().init_with_output, key, x)
    assert {leaf.dtype for leaf in jax.tree.leaves(tree)} == {jnp.float32.dtype}


@pytest.mark.parametrize(
    "name", ["mlp-factorised", "siren-learnable", "pirate-fourier", "separable"]
)
def test_second_derivatives_agree_in_every_mode(name, arbitrary):
    z = jnp.array([0.3, -0.4])
    network = NETWORKS[name]()
    params = arbitrary(network, z)
    u = functools.partial(network.apply, params)

    @jax.jit
    def laplacians(z):
        reverse = jnp.trace(jax.jacfwd(jax.grad(u))(z))
        return reverse, *(laplacian(u, method=m)(z) for m in (nested_forward, forward_laplacian))

    reverse, nested, forward = laplacians(z)
    assert abs(reverse) > 1e-3
    assert_allclose([nested, forward], [reverse, reverse], rtol=1e-10)


@every_network
def test_many_samples_are_each_alone_and_one_program(name, arbitrary):
    network, inputs = NETWORKS[name](), samples(name)
    params = arbitrary(network, inputs[0])
    chex.clear_trace_counter()

    @jax.jit
    @chex.assert_max_traces(n=1)
    def values(params, inputs):
        return jax.vmap(functools.partial(network.apply, params))(inputs)

    one = jax.jit(network.apply)
    alone = [float(one(params, x)) for x in inputs]
    assert_allclose(values(params, inputs), alone, rtol=1e-12, atol=1e-14)
    values(jax.tree.map(lambda leaf: 2 * leaf, params), inputs + 1)


@pytest.mark.parametrize("name", OTHERS)
def test_rows_are_the_derivatives_of_each_sample(name, arbitrary):
    """So that natural gradients serve it: ``Jᵀr`` of the rows is the gradient of the loss."""
    network, inputs = NETWORKS[name](), samples(name)
    params = arbitrary(network, inputs[0])
    objective = least_squares({"data": lambda p, x: network.apply(p, x) - 1.0})

    @jax.jit
    def both(params):
        evaluation, _ = objective.evaluate(params, objective.init(params), {"data": inputs})
        rows = evaluation.jacobian.dense()
        loss = lambda p: 0.5 * jnp.mean((jax.vmap(network.apply, (None, 0))(p, inputs) - 1) ** 2)
        return rows.T @ evaluation.residual, ravel_pytree(jax.grad(loss)(params))[0]

    found, exact = both(params)
    assert_allclose(found, exact, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", OTHERS)
def test_a_point_of_an_equation_is_refused(name, key):
    with pytest.raises(ShapeError, match=r"expected one (image|series) .*, got \(3,\)"):
        jax.eval_shape(NETWORKS[name]().init, key, POINTS[0])


@pytest.mark.parametrize("name", NAMED)
def test_a_key_decides_the_first_parameters(name):
    """The same key the same, another key others; where all begin as zero, both."""
    network = NAMED[name]()
    init = jax.jit(network.init)  # which leaves out the value
    draw = lambda seed: jax.tree.leaves(init(jax.random.key(seed), samples(name)[0]))
    first, again, other = draw(0), draw(0), draw(1)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    zero = all(not np.any(leaf) for leaf in first)
    assert zero == (name == "fourier-series")
    assert zero or not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@every_network
def test_networks_built_alike_are_one_static_argument(name):
    build = NETWORKS[name]
    assert build() == build()
    assert hash(build()) == hash(build())
    assert build() != build(outputs=1)


@pytest.mark.parametrize("build", [NETWORKS["siren"], NETWORKS["pirate"], NETWORKS["separable"]])
def test_walkers_are_flattened(build, key):
    assert jax.eval_shape(build().init_with_output, key, np.ones((3, 2)))[0].shape == ()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SIREN(20), "widths: expected"),
        (lambda: SIREN((2, 0)), "widths: expected"),
        (lambda: SIREN((2,), outputs=0), "outputs: expected"),
        (lambda: SIREN((2,), frequency=0.0), "frequency: expected a number > 0, got 0"),
        (lambda: SIREN((2,), first_frequency=-1.0), "first_frequency: expected a number > 0"),
        (lambda: FactorisedDense(0), "features: expected a positive integer, got 0"),
        (lambda: FactorisedDense(2, stddev=-1.0), "stddev: expected a number >= 0"),
        (lambda: PirateNet(0, 1), "width: expected a positive integer"),
        (lambda: PirateNet(4, 0), "blocks: expected a positive integer"),
        (lambda: PirateNet(4, 1, outputs=2.5), "outputs: expected"),
        (lambda: PirateNet(4, 1, features=FourierFeatures(4)), "half as many .* width 4, .* got 4"),
        (lambda: Separable((2.5,), 1), "widths: expected"),
        (lambda: Separable((2,), 0), "rank: expected a positive integer"),
        (lambda: Separable((2,), 1, outputs=-1), "outputs: expected"),
    ],
)
def test_bad_numbers_are_refused_where_they_are_written(build, message):
    with pytest.raises(ConfigurationError, match=message):
        build()
