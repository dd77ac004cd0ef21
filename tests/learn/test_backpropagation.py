"""Back-propagation written out: index by index, and equal to jax's own gradient to rounding."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax import lax

import physml as pm
from physml import learn
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.learn import (
    LayeredNetwork,
    average_pooling,
    convolution,
    dense,
    flatten,
    last_of_series,
    recurrent,
)

KEY = jax.random.key(0)
ACTIVATIONS = {
    name: getattr(learn, name) for name in ("identity", "sigmoid", "tanh", "relu", "leaky_relu")
}
COSTS = {
    "squared": (learn.squared_error, jnp.array([[0.3, -1.0], [2.0, 0.5], [0.1, 0.2]])),
    "softmax": (learn.softmax_cross_entropy, jnp.array([1, 0, 1])),
    "probabilities": (
        learn.softmax_cross_entropy,
        jnp.array([[0.2, 0.8], [1.0, 0.0], [0.5, 0.5]]),
    ),
    "logistic": (learn.logistic_cross_entropy, jnp.array([[1, 0], [0, 0], [1, 1]])),
}
SHAPES = {"convolution": (6, 5, 2), "recurrent": (4, 3)}


def layers(kind, f):
    return {
        "convolution": (
            convolution(2, 3, 2, f),
            convolution(3, 2, 2, f, stride=2),
            flatten(),
            dense(8, 2),
        ),
        "recurrent": (recurrent(3, 4, f), recurrent(4, 3, f), last_of_series(), dense(3, 2)),
    }[kind]


def arbitrary(part, seed=1):
    """Parameters of a layer or a network, of which only the shapes are asked: nothing compiles."""
    leaves, structure = jax.tree.flatten(jax.eval_shape(part.init, KEY))
    random = np.random.default_rng(seed)
    return jax.tree.unflatten(structure, [random.normal(size=leaf.shape) for leaf in leaves])


def check_gradient(networks, shape, targets):
    """Of each network with its targets, all in one program."""
    x = jnp.asarray(np.random.default_rng(0).normal(size=(3, *shape)))

    @jax.jit
    def all_of(given, x, targets):
        def both(network, params, y):
            cost = lambda params: network.cost.value(network.outputs(params, x), y)
            return network.backpropagate(params, (x, y)), jax.value_and_grad(cost)(params)

        return [both(*each) for each in zip(networks, given, targets, strict=True)]

    for ours, theirs in all_of([arbitrary(network) for network in networks], x, targets):
        largest = max(float(np.abs(leaf).max()) for leaf in jax.tree.leaves(theirs))
        assert largest > 1e-3
        jax.tree.map(
            lambda a, b, scale=largest: np.testing.assert_allclose(a, b, atol=1e-13 * scale),
            ours,
            theirs,
        )


def test_every_activation_against_jax():
    some = [
        dense(4, 5, learn.identity),
        *(dense(5, 5, f) for name, f in ACTIVATIONS.items() if name != "identity"),
        dense(5, 2),
    ]
    check_gradient([LayeredNetwork(some, learn.squared_error)], (4,), [COSTS["squared"][1]])


def test_every_cost_against_jax():
    networks = [LayeredNetwork((dense(4, 2, learn.tanh),), cost) for cost, _ in COSTS.values()]
    check_gradient(networks, (4,), [targets for _, targets in COSTS.values()])


@pytest.mark.parametrize("kind", ["convolution", "recurrent"])
def test_every_layer_against_jax(kind):
    cost, targets = COSTS["squared"]
    check_gradient([LayeredNetwork(layers(kind, learn.tanh), cost)], SHAPES[kind], [targets])


def test_pooling_against_jax():
    network = LayeredNetwork(
        (convolution(1, 2, 2, learn.tanh), average_pooling(2), flatten(), dense(8, 2)),
        learn.squared_error,
    )
    check_gradient([network], (5, 5, 1), [COSTS["squared"][1]])


def test_the_four_equations_index_by_index():
    """``δ_j = Σ_k w_jk δ_k f′(z_j)``, ``∂C/∂w_ij = a_i δ_j``, ``∂C/∂b_j = δ_j``, by loops."""
    network = LayeredNetwork(
        (dense(2, 3, learn.sigmoid), dense(3, 2, learn.sigmoid)), learn.squared_error
    )
    params = arbitrary(network)
    x, y = np.array([0.4, -0.9]), np.array([1.0, 0.2])
    f = lambda z: 1 / (1 + np.exp(-z))
    (W1, b1), (W2, b2) = ((p["W"], p["b"]) for p in params)
    z1 = [sum(W1[i, j] * x[i] for i in range(2)) + b1[j] for j in range(3)]
    a1 = [f(z) for z in z1]
    z2 = [sum(W2[j, k] * a1[j] for j in range(3)) + b2[k] for k in range(2)]
    slope = lambda z: f(z) * (1 - f(z))
    delta2 = [(f(z2[k]) - y[k]) * slope(z2[k]) for k in range(2)]
    delta1 = [sum(W2[j, k] * delta2[k] for k in range(2)) * slope(z1[j]) for j in range(3)]
    _, gradient = jax.jit(network.backpropagate)(params, (x[None], y[None]))
    for found, a, delta in zip(gradient, (x, a1), (delta1, delta2), strict=True):
        np.testing.assert_allclose(found["W"], np.outer(a, delta), rtol=1e-12)
        np.testing.assert_allclose(found["b"], delta, rtol=1e-12)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_convolution_is_that_of_jax(stride):
    layer = convolution(2, 3, 3, stride=stride)
    params = arbitrary(layer)
    a = np.random.default_rng(0).normal(size=(2, 7, 8, 2))
    expected = lax.conv_general_dilated(
        a, params["W"], (stride, stride), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    found, _ = layer.forward(params, jnp.asarray(a))
    np.testing.assert_allclose(found, expected + params["b"][None, None, None], rtol=1e-12)


def test_a_series_is_read_from_its_beginning():
    """By a loop over times; the state before the first is zero."""
    layer = recurrent(2, 3)
    params = arbitrary(layer)
    a = np.random.default_rng(0).normal(size=(4, 5, 2))
    found, _ = layer.forward(params, jnp.asarray(a))
    h = np.zeros((4, 3))
    for t in range(5):
        h = np.tanh(a[:, t] @ params["W"] + h @ params["U"] + params["b"])
        np.testing.assert_allclose(found[:, t], h, rtol=1e-12)


def test_xor_needs_a_hidden_layer():
    """The best line tells ½ everywhere, at the cost ⅛; with four neurons the cost vanishes."""
    x, y = jnp.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), jnp.array([[0.0], [1], [1], [0]])
    line = LayeredNetwork((dense(2, 1),), learn.squared_error)
    best = ({"W": np.zeros((2, 1)), "b": np.array([0.5])},)
    cost, gradient = jax.jit(line.backpropagate)(best, (x, y))
    assert cost == 0.125 and not any(leaf.any() for leaf in jax.tree.leaves(gradient))
    network = LayeredNetwork((dense(2, 4, learn.tanh), dense(4, 1)), learn.squared_error)
    fit = pm.fit(
        network.objective(),
        pm.fixed((x, y)),
        optax.adam(0.1),
        arbitrary(network),
        steps=300,
        key=KEY,
        look_beyond=False,
    )
    assert fit.history["loss"][-1] < 1e-4


def test_a_layer_of_one_s_own_takes_part():
    """Normalisation of each sample to length one, whose derivative is ``(1 − aaᵀ)/|x|``."""

    def backward(params, memory, upstream):
        a, length = memory
        return (), (upstream - a * jnp.sum(a * upstream, axis=1, keepdims=True)) / length

    def forward(params, x):
        length = jnp.linalg.norm(x, axis=1, keepdims=True)
        return x / length, (x / length, length)

    own = learn.Layer(lambda key: (), forward, backward)
    network = LayeredNetwork((dense(4, 3, learn.tanh), own, dense(3, 2)), learn.squared_error)
    check_gradient([network], (4,), [COSTS["squared"][1]])


X = jnp.ones((3, 4))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: LayeredNetwork((), learn.squared_error), ConfigurationError, "at least one"),
        (lambda: dense(0, 3), ConfigurationError, "inputs: expected at least 1"),
        (lambda: convolution(1, 1, 3, stride=0), ConfigurationError, "stride"),
        (
            lambda: _backpropagate((dense(5, 2),), learn.squared_error, X, jnp.ones((3, 2))),
            ShapeError,
            r"dense: expected activations \(n, 5\), got \(3, 4\)",
        ),
        (
            lambda: learn.squared_error.value(1j * jnp.ones((3, 1)), jnp.ones((3, 1))),
            ShapeError,
            "expected real numbers, got complex128",
        ),
        (
            lambda: _backpropagate((dense(4, 1),), learn.squared_error, X, jnp.ones(3)),
            ShapeError,
            r"the shape of the outputs, \(3, 1\), got \(3,\)",
        ),
        (
            lambda: _backpropagate((dense(4, 2),), learn.squared_error, X, jnp.ones((2, 2))),
            ShapeError,
            "a target for each input",
        ),
        (
            lambda: _backpropagate((dense(4, 2),), learn.softmax_cross_entropy, X, [0, 1, 2]),
            ShapeError,
            "got 2 as label 2",
        ),
        (
            lambda: convolution(1, 1, 3).forward({}, jnp.ones((1, 2, 5, 1))),
            ShapeError,
            r"images of at least 3 × 3, got \(1, 2, 5, 1\)",
        ),
        (
            lambda: average_pooling(2).forward((), jnp.ones((1, 4, 5, 1))),
            ShapeError,
            "rows and columns that 2 divides",
        ),
        (
            lambda: recurrent(2, 3).forward({}, jnp.ones((4, 2))),
            ShapeError,
            r"recurrent: expected activations \(n, t, 2\)",
        ),
    ],
)
def test_what_does_not_fit_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def _backpropagate(some, cost, x, y):
    network = LayeredNetwork(some, cost)
    network.backpropagate(arbitrary(network), (x, jnp.asarray(y)))


def test_a_label_that_is_none_ends_training():
    network = LayeredNetwork((dense(4, 2),), learn.softmax_cross_entropy)
    with pytest.raises(NonFiniteError, match="loss"):
        pm.fit(
            network.objective(),
            pm.fixed((X, jnp.array([0, 1, 2]))),
            optax.sgd(0.1),
            arbitrary(network),
            steps=2,
            key=KEY,
        )
