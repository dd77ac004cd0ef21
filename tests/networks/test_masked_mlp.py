"""A masked network: order, and nothing but order."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physml.networks import MaskedMLP

KEY = jax.random.key(0)


@pytest.mark.parametrize("widths", [(), (2,), (2, 3)])
def test_an_output_sees_all_before_it_and_nothing_else(widths):
    network, s = MaskedMLP(widths), jnp.array([1.0, -1.0, 1.0, 1.0, -1.0])
    params = jax.tree.map(lambda x: x + 0.3, network.init(KEY, s))
    seen = np.asarray(jax.jacobian(lambda s: network.apply(params, s))(s)) != 0
    np.testing.assert_array_equal(seen, np.tril(np.ones((5, 5), bool), -1))


def test_its_equations_are_those_of_a_loop():
    network, s = MaskedMLP((2,)), np.array([1.0, -1.0, 1.0])
    params = jax.tree.map(lambda x: x + 0.2, network.init(KEY, s))["params"]
    kernel, skip = np.zeros((3, 6)), np.zeros((3, 3))
    kernel[np.nonzero(np.kron(np.triu(np.ones((3, 3)), 1), np.ones((1, 2))))] = params["kernel_0"]
    skip[np.triu_indices(3, 1)] = params["skip"]
    out = np.zeros((6, 3))
    out[np.nonzero(np.kron(np.triu(np.ones((3, 3))), np.ones((2, 1))))] = params["output"]
    expected = []
    for j in range(3):
        z = sum(skip[i, j] * s[i] for i in range(j))
        for c in range(6):
            if c // 2 <= j:
                h = np.tanh(params["bias_0"][c] + sum(kernel[i, c] * s[i] for i in range(c // 2)))
                z += h * out[c, j]
        expected.append(z)
    found = network.apply({"params": params}, s)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(network.apply({"params": params}, s.reshape(3, 1))[:, 0], found)
