"""A masked convolution: order on a lattice that is closed, and no site before that is not seen."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physml.errors import ConfigurationError, ShapeError
from physml.networks import MaskedConvolution

KEY = jax.random.key(0)


def seen_by(network, s, drop=()):
    """Which outputs change with which inputs, ``(sites, sites)``; without some parameters."""
    params = jax.jit(network.init)(KEY, s)["params"]
    params = {name: jnp.zeros_like(x) if name in drop else x + 0.1 for name, x in params.items()}
    jacobian = jax.jit(jax.jacobian(lambda s: network.apply({"params": params}, s)))(s)
    return np.asarray(jacobian).reshape(s.size, s.size) != 0


def test_an_output_sees_all_before_it_and_nothing_else():
    """No blind spot: by one layer after the first, without the linear part, of three rows."""
    s = jnp.sin(1.0 + jnp.arange(12.0)).reshape(3, 4)
    seen = seen_by(MaskedConvolution(1, 1, 2), s, drop=("skip",))
    np.testing.assert_array_equal(seen, np.tril(np.ones((12, 12), bool), -1))


def test_the_linear_part_sees_all_before_it_at_once():
    s = jnp.sin(1.0 + jnp.arange(16.0)).reshape(4, 4)
    alone = ("last", "bias")
    seen = seen_by(MaskedConvolution(1, 0, 1), s, drop=alone)
    np.testing.assert_array_equal(seen, np.tril(np.ones((16, 16), bool), -1))


def test_rows_above_wrap_around_and_the_row_itself_does_not():
    """By one first layer of reach 1: above, and above to both sides around the edge; the left."""
    s = jnp.sin(1.0 + jnp.arange(12.0)).reshape(3, 4)
    seen = seen_by(MaskedConvolution(1, 0, 1), s, drop=("skip",)).reshape(3, 4, 3, 4)
    corner = np.argwhere(seen[1, 0]).tolist()
    assert corner == [[0, 0], [0, 1], [0, 3]], "no left neighbour at the edge"
    assert np.argwhere(seen[2, 3]).tolist() == [[1, 0], [1, 2], [1, 3], [2, 2]]


def test_sites_share_their_weights():
    """Where nothing of the edges' own differs, fields moved along a column give outputs moved."""
    network = MaskedConvolution(2, 1, 1)
    s = jnp.sin(1.0 + jnp.arange(20.0)).reshape(4, 5)
    params = jax.jit(network.init)(KEY, s)["params"]
    apart = ("above_bias", "left_bias", "skip", "bias")
    params = {n: jnp.zeros_like(x) if n in apart else x for n, x in params.items()}
    apply = jax.jit(lambda s: network.apply({"params": params}, s))
    below = jnp.concatenate([jnp.zeros((1, 5)), s[:-1]])
    np.testing.assert_allclose(apply(below)[1:], apply(s)[:-1], atol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: MaskedConvolution(0), ConfigurationError, "channels"),
        (lambda: MaskedConvolution(2, -1), ConfigurationError, "layers"),
        (lambda: MaskedConvolution(2, 1, 0), ConfigurationError, "reach"),
        (lambda: MaskedConvolution().init(KEY, jnp.ones(4)), ShapeError, "rows and columns"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
