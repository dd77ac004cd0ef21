"""Products of rows by the leaves of dense layers, without the rows, against the rows themselves."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

import physml as pm
from physml import MLP, Block, Jacobian
from physml.dense_layers import dense_layers

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (7, 4))


class Places(nn.Module):
    """A wide layer at two places of a sample, another one twice, one without a bias."""

    @nn.compact
    def __call__(self, x):
        twice = jnp.concatenate([x, x**2])
        h = nn.tanh(nn.Dense(24, param_dtype=float)(jnp.stack([twice, 2 * twice])))
        again = nn.Dense(24, param_dtype=float)
        h = jnp.tanh(again(again(h)))
        return nn.Dense(2, use_bias=False, param_dtype=float)(h.sum(axis=0))


class Mixed(nn.Module):
    """Layers beside leaves that are none."""

    @nn.compact
    def __call__(self, x):
        h = nn.LayerNorm(param_dtype=float)(nn.Dense(6, param_dtype=float)(x))
        return nn.Dense(3, param_dtype=float)(h) * self.param("size", nn.initializers.ones, ())


class Tied(nn.Module):
    """A kernel that is read beside its layer, on the way into another one."""

    @nn.compact
    def __call__(self, x):
        tied = nn.Dense(6, param_dtype=float)
        h = jnp.tanh(tied(x))
        return nn.Dense(3, param_dtype=float)(h @ tied.variables["params"]["kernel"].T)


def gap(network, x=X, row=None, **options):
    """How far products of rows are from those of the rows, and which leaves need none."""
    params = network.init(KEY, x[0])
    block = Block(row or network.apply, x, jnp.asarray(0.3), by_layer=True, **options)
    jacobian = Jacobian(params, (block,))

    @jax.jit
    def difference(jacobian):
        rows = jacobian.dense()
        exact = rows @ rows.T
        return jnp.abs(jacobian.sample_gram() - exact).max() / jnp.abs(exact).max()

    return float(difference(jacobian)), len(jacobian._rowless())


@pytest.mark.parametrize(
    ("network", "rowless"),
    [
        (MLP((6, 5), outputs=3), 6),
        (MLP((6,)), 2),
        (Places(), 5),
        (Mixed(), 4),
        (Tied(), 2),
    ],
    ids=["vector", "scalar, whose last layer is as large as its rows", "places", "mixed", "tied"],
)
def test_products_are_those_of_the_rows(network, rowless):
    error, found = gap(network)
    assert error < 1e-14 and found == rowless


def test_centred_rows_and_samples_with_weights_of_their_own():
    network = MLP((6,), outputs=2)
    params = network.init(KEY, X[0])

    def other(params, x):
        return network.apply(params, x**2)[0]

    blocks = (
        Block(network.apply, X, jnp.linspace(0.1, 1, 7), True, by_layer=True),
        Block(other, X[:4], jnp.asarray(2.0), by_layer=True),
    )
    jacobian = Jacobian(params, blocks)
    assert jacobian.built() is jacobian
    rows, gram = jax.jit(lambda jacobian: (jacobian.dense(), jacobian.sample_gram()))(jacobian)
    np.testing.assert_allclose(gram, rows @ rows.T, rtol=0, atol=1e-13)


def test_what_lies_under_a_transformation_has_rows():
    network = MLP((6,))

    def slope(params, x):
        return jax.grad(lambda y: network.apply(params, y))(x).sum()

    def compiled(params, x):
        return jax.jit(network.apply)(params, x)

    def cast(params, x):
        return network.apply(jax.tree.map(lambda leaf: 2 * leaf, params), x)

    for row in (slope, compiled, cast):
        error, found = gap(network, row=row)
        assert error < 1e-14 and found == 0


def test_many_places_of_a_narrow_layer_have_rows():
    """Pairs of 3 places for 4 × 2 numbers."""

    class Narrow(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(2, param_dtype=float)(jnp.stack([x, x, x])).sum()

    assert gap(Narrow())[1] == 0


def test_a_layer_with_a_product_of_its_own_is_none():
    def halved(*args, **options):
        return 0.5 * jax.lax.dot_general(*args, **options)

    layer = nn.Dense(2, param_dtype=float, dot_general=halved)
    params = layer.init(KEY, X[0])
    assert dense_layers(layer.apply, params, X[0]).layers == ()


def test_the_natural_gradient_of_a_classifier_builds_no_rows():
    """The step is that of the rows, in a memory that holds none of them."""
    network = MLP((30,), outputs=3)
    params = network.init(KEY, X[0])
    objective = pm.cross_entropy(network.apply)
    evaluate = jax.jit(lambda params: objective.evaluate(params, (), (X, jnp.arange(7) % 3))[0])
    evaluation = evaluate(params)
    assert evaluation.jacobian.widest == 0
    blocks = tuple(dataclasses.replace(b, by_layer=False) for b in evaluation.jacobian.blocks)
    with_rows = dataclasses.replace(evaluation.jacobian, blocks=blocks)
    optimizer = pm.natural_gradient(0.5, damping=1e-2)
    small = pm.natural_gradient(0.5, damping=1e-2, memory=21 * 21 * 8)
    state = optimizer.init(params)

    def step(optimizer, jacobian):
        evaluated = evaluation._replace(jacobian=jacobian)
        return optimizer.update(evaluation.gradient, state, params, evaluation=evaluated)[0]

    @jax.jit
    def steps():
        jacobian = evaluation.jacobian
        return [step(optimizer, with_rows), step(optimizer, jacobian), step(small, jacobian)]

    exact, *found = steps()
    for update in found:
        assert optax.tree.norm(optax.tree.sub(update, exact)) < 1e-12 * optax.tree.norm(exact)
