import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from physml.errors import ConfigurationError, ShapeError
from physml.networks import MLP, Separable, factors, grid_partial


def nested(u, *indices):
    for i in indices:
        u = lambda z, u=u, i=i: jax.jvp(u, (z,), (jnp.eye(z.size)[i],))[1]
    return u


@pytest.mark.parametrize(
    ("sizes", "outputs", "partials"),
    [
        ((3, 4), None, [(), (0,), (1, 1), (0, 1)]),
        ((2, 3, 4), 2, [(), (2,), (1, 1), (0, 2, 2), (2, 0, 2)]),
    ],
    ids=["2d", "3d-vector"],
)
def test_grids_equal_nested_derivatives_at_points(sizes, outputs, partials, arbitrary):
    network = Separable((5,), 3, outputs)
    params = arbitrary(network, jnp.zeros(len(sizes)))
    axes = [jnp.linspace(-0.5, 1.0 + i, n) for i, n in enumerate(sizes)]
    points = jnp.stack(jnp.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(sizes))
    u = functools.partial(network.apply, params)
    on_grid = jax.jit(lambda axes: [grid_partial(network, params, axes, *i) for i in partials])
    at_points = jax.jit(lambda z: [jax.vmap(nested(u, *i))(z) for i in partials])
    shape = sizes + (() if outputs is None else (outputs,))
    for grid, expected in zip(on_grid(axes), at_points(points), strict=True):
        assert grid.shape == shape
        assert np.abs(grid).max() > 1e-3
        assert_allclose(grid, expected.reshape(shape), rtol=1e-11, atol=1e-13)


def test_networks_see_the_points_of_the_axes_and_not_those_of_the_grid(arbitrary):
    """The flops of a second derivative grow like n^d times the rank, whatever the network."""
    network = Separable((64, 64), 2)
    params = arbitrary(network, jnp.zeros(2))
    axes = [jnp.linspace(0.0, 1.0, 200)] * 2

    def flops(function, argument):
        analysis = jax.jit(function).lower(argument).compile().cost_analysis()
        return analysis["flops"]

    u = functools.partial(network.apply, params)
    one_point = flops(nested(u, 1, 1), jnp.zeros(2))
    grid = flops(lambda axes: grid_partial(network, params, axes, 1, 1), axes)
    # 400 points on axes, half of them with derivatives, and 40,000 sums of two products.
    assert grid < 400 * one_point + 40_000 * 4


def test_factors_have_one_order_an_axis(arbitrary):
    network = Separable((5,), 3, 2)
    params = arbitrary(network, jnp.zeros(2))
    f, g = factors(network, params, (np.arange(3), jnp.zeros(4)), (0, 1))
    assert (f.shape, g.shape) == ((3, 3, 2), (4, 3, 2))


def test_what_has_no_tensor_grid_is_refused(arbitrary):
    network = Separable((5,), 3)
    params = arbitrary(network, jnp.zeros(2))
    axes = (jnp.zeros(3), jnp.zeros(4))
    for bad in (axes[:1], (*axes, axes[0]), (axes[0], jnp.zeros((4, 1)))):
        with pytest.raises(ShapeError, match=r"axes: expected 2 arrays \(n_i,\)"):
            grid_partial(network, params, bad, 0)
    with pytest.raises(ShapeError, match=r"indices from 0 to 1 for 2 coordinates, got \[2, -1\]"):
        grid_partial(network, params, axes, 2, 0, -1)
    with pytest.raises(ConfigurationError, match="axis_indices: expected integers"):
        grid_partial(network, params, axes, 1.0)
    for orders in ((1,), (0, -1)):
        with pytest.raises(ConfigurationError, match="orders: expected an integer >= 0"):
            factors(network, params, axes, orders)
    with pytest.raises(ConfigurationError, match="expected a Separable network, got MLP"):
        grid_partial(MLP((5,)), params, axes)
