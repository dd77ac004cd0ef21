"""A network of the border: what it sees, that it is odd, and that no more is needed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, ShapeError
from physml.generative.spins.enumeration import over_all
from physml.networks import LatticeBorder
from physml.networks.lattice_border import _borders

KEY = jax.random.key(0)


def grown(shape):
    """A network, and parameters far from its start, made without compiling."""
    network = LatticeBorder(2)
    outline = jax.eval_shape(network.init, KEY, jnp.ones(shape))
    return network, jax.tree.map(
        lambda x: 0.6 * np.cos(1.0 + np.arange(x.size)).reshape(x.shape), outline
    )


def test_a_site_sees_the_border_before_it():
    """Of 4 × 4 sites: the row above, the left, and what meets the last row and column."""
    network, params = grown((4, 4))
    s = jnp.sin(1.0 + jnp.arange(16.0)).reshape(4, 4)
    jacobian = jax.jit(jax.jacobian(lambda s: network.apply(params, s)))(s)
    seen = np.asarray(jacobian).reshape(16, 16) != 0
    assert np.flatnonzero(seen[0]).tolist() == []
    assert np.flatnonzero(seen[6]).tolist() == [0, 1, 2, 3, 4, 5]
    assert np.flatnonzero(seen[10]).tolist() == [0, 1, 2, 3, 6, 7, 8, 9], "4 and 5 are enclosed"
    assert np.flatnonzero(seen[15]).tolist() == [3, 11, 12, 14], "the four neighbours of the last"


def test_the_border_decides():
    """Exact conditionals of 4 × 3 spins are equal wherever the borders of a site are."""
    sites, _, which, _ = _borders(4, 3)
    logs = over_all(lambda s: -0.5 * pm.ising.energy(s), (4, 3))
    spins = over_all(jnp.ravel, (4, 3))
    for site in (7, 10, 11):
        rows, inside = spins[:, :site], spins[:, which[sites == site]]
        assert inside.shape[1] < site
        logits = {}
        for border, row in zip(inside.tolist(), rows.tolist(), strict=True):
            logits.setdefault(tuple(border), set()).add(tuple(row))
        for befores in logits.values():
            found = []
            for before in sorted(befores)[:3]:
                same = (rows == before).all(axis=1)
                up, down = (np.exp(logs[same & (spins[:, site] == t)]).sum() for t in (1, -1))
                found.append(up / down)
            np.testing.assert_allclose(found, found[0], rtol=1e-5)


def test_its_density_is_even_by_itself():
    network, params = grown((2, 3))
    s = jnp.asarray([[1.0, -1, -1], [1, -1, 1]])
    odd, z = jax.jit(jax.vmap(lambda s: network.apply(params, s)))(jnp.stack([-s, s]))
    np.testing.assert_allclose(odd, -z, rtol=1e-6)
    assert np.abs(z).max() > 0.1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: LatticeBorder(0), ConfigurationError, "channels"),
        (lambda: LatticeBorder().init(KEY, jnp.ones(4)), ShapeError, "rows and columns"),
        (lambda: LatticeBorder().blocks((4,)), ShapeError, "rows and columns"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
