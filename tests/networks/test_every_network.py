"""What all networks share: shapes, types, second derivatives, errors, equality."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from physml.calculus import forward_laplacian, laplacian, nested_forward
from physml.errors import ConfigurationError
from physml.networks import (
    MLP,
    SIREN,
    FactorisedDense,
    FourierFeatures,
    NetworkSettings,
    PirateNet,
    Separable,
)

# Sizes at which all compile fast.
SMALL = {"fourier-series": {"width": 2, "rank": 2}, "separable": {"width": 4, "rank": 3}}


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

every_network = pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)


@every_network
@pytest.mark.parametrize("outputs", [None, 1, 3])
def test_a_point_gives_a_scalar_or_a_vector(build, outputs, key):
    value, params = jax.eval_shape(build(outputs=outputs).init_with_output, key, POINTS[0])
    assert value.shape == (() if outputs is None else (outputs,))
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {value.dtype} == {jnp.float64.dtype}


@every_network
def test_float32_mode_gives_float32_parameters(build, key):
    with jax.enable_x64(False):
        tree = jax.eval_shape(build().init_with_output, key, POINTS[0].astype(np.float32))
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
def test_many_points_are_each_point_alone_and_one_program(build, arbitrary):
    network = build()
    params, traced = arbitrary(network, POINTS[0]), []

    @jax.jit
    def values(params, points):
        traced.append(points)
        return jax.vmap(functools.partial(network.apply, params))(points)

    alone = [float(network.apply(params, z)) for z in POINTS]
    assert_allclose(values(params, POINTS), alone, rtol=1e-12, atol=1e-14)
    values(jax.tree.map(lambda leaf: 2 * leaf, params), POINTS + 1)
    assert len(traced) == 1


@pytest.mark.parametrize("name", NAMED)
def test_a_key_decides_the_first_parameters(name):
    """The same key the same, another key others; where all begin as zero, both."""
    network = NAMED[name]()
    draw = lambda seed: jax.tree.leaves(network.init(jax.random.key(seed), POINTS[0]))
    first, again, other = draw(0), draw(0), draw(1)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    zero = all(not np.any(leaf) for leaf in first)
    assert zero == (name == "fourier-series")
    assert zero or not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@every_network
def test_networks_built_alike_are_one_static_argument(build):
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
