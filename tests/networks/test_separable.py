import jax.numpy as jnp
import pytest
from numpy.testing import assert_allclose

from physml.errors import ShapeError
from physml.networks import MLP, Separable, orthogonal


def test_it_is_a_sum_of_products_of_networks(arbitrary):
    z = jnp.array([0.3, -0.4, 0.7])
    network = Separable((5,), 4, 2, activation=jnp.sin, kernel_init=orthogonal())
    params = arbitrary(network, z)
    f = MLP((5,), 8, activation=jnp.sin)
    factors = [f.apply({"params": params["params"][f"factor_{i}"]}, z[i]) for i in range(3)]
    a, b, c = (factor.reshape(4, 2) for factor in factors)
    assert_allclose(network.apply(params, z), jnp.sum(a * b * c, axis=0), rtol=1e-12)


def test_a_scalar_of_rank_one_is_a_product(arbitrary):
    network = Separable((5,), 1)
    params = arbitrary(network, jnp.zeros(2))
    u = lambda t, x: network.apply(params, jnp.stack([t, x]))
    t, x, s, y = jnp.array([0.1, 0.2, 0.3, 0.4])
    assert_allclose(u(t, x) * u(s, y), u(t, y) * u(s, x), rtol=1e-12)


def test_a_point_of_fewer_coordinates_is_refused(arbitrary):
    """The factors that it has none for would be left out."""
    network = Separable((2,), 1)
    params = arbitrary(network, jnp.zeros(3))
    with pytest.raises(ShapeError, match="as many coordinates as there are factors, got 2"):
        network.apply(params, jnp.zeros(2))
