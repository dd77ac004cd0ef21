"""The outward normal that a condition of one's own may ask for."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

DISK = pm.pinn.Disk((1.0, 2.0), 0.5, face="hole")
SQUARE = pm.Box(x=(0, 2), y=(0, 4))
AWAY = lambda z: (z - jnp.array([1.0, 2.0])) / 0.5
NORMALS = {
    "a side of a box": (SQUARE, "x-", lambda z: jnp.array([-1.0, 0.0])),
    "a time": (pm.Box(t=(0, 1), x=(0, 1)), "initial", lambda z: jnp.array([-1.0, 0.0])),
    "two sides": (SQUARE, "y", lambda z: jnp.array([0.0, 1.0]) * jnp.sign(z[1] - 2)),
    "a disk": (DISK, "boundary", AWAY),
    "a ball": (pm.pinn.Ball((0, 0, 0), 2.0), "boundary", lambda z: z / 2),
    "an edge": (
        pm.pinn.Polygon([(0, 0), (3, 0), (0, 4)]), "edge1", lambda z: jnp.array([0.8, 0.6]),
    ),
    "a re-entrant edge": (pm.pinn.l_shape(), "edge0", lambda z: jnp.array([0.0, -1.0])),
    "a hole": (SQUARE - DISK, "hole", lambda z: -AWAY(z)),
    "the walls around a hole": (
        SQUARE - DISK, ("x", "hole"),
        lambda z: jnp.where(
            (z[0] == 0) | (z[0] == 2), jnp.array([1.0, 0.0]) * jnp.sign(z[0] - 1), -AWAY(z)
        ),
    ),
    "a mantle": (
        pm.Box(t=(0, 1)) * DISK, "boundary", lambda z: jnp.append(jnp.zeros(1), AWAY(z[1:])),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NORMALS)
def test_require_hands_on_the_outward_normal(name):
    domain, on, expected = NORMALS[name]
    condition = pm.pinn.require(lambda u, z, normal: normal - u(z), on=on)
    points = domain.boundary(jax.random.key(0), 12, on)
    residual = jax.jit(jax.vmap(partial(condition.operator(domain), expected)))(points)
    np.testing.assert_allclose(residual, np.zeros((12, domain.dimension)), atol=1e-12)


def test_it_is_the_one_of_neumann():
    """``∇u · n`` written out is what ``neumann`` requires, of a field with all derivatives."""
    channel, u = SQUARE - DISK, lambda z: jnp.sin(z[0]) * jnp.exp(z[1])
    mine = pm.pinn.require(lambda u, z, n: pm.gradient(u)(z) @ n - z[0], on="boundary")
    theirs = pm.pinn.neumann(lambda z: z[0], on="boundary")
    assert mine.normal
    assert theirs.normal
    points = channel.boundary(jax.random.key(0), 16, "boundary")
    both = [
        np.asarray(jax.jit(jax.vmap(partial(c.operator(channel), u)))(points))
        for c in (mine, theirs)
    ]
    np.testing.assert_allclose(*both, rtol=1e-12)
    assert np.std(both[0]) > 0.1
