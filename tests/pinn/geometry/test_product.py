"""Products: faces of either factor, normals without a component in the other, and refusals."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

KEY = jax.random.key(0)


def test_time_and_space():
    cylinder = pm.Box(t=(1, 3)) * pm.pinn.Disk((0, 1), 0.5)
    assert cylinder.names == ("t", "x", "y")
    assert cylinder.face_names == ("boundary", "initial", "final", "t", "t-", "t+")
    np.testing.assert_array_equal(cylinder.lower, [1, -0.5, 0.5])
    first = np.asarray(cylinder.boundary(KEY, 64, "t-"))
    np.testing.assert_array_equal(first[:, 0], 1)
    radius = np.hypot(first[:, 1], first[:, 2] - 1)
    np.testing.assert_allclose(np.sort((radius / 0.5) ** 2), (np.arange(64) + 0.5) / 64, atol=0.1)
    wall = np.asarray(cylinder.boundary(KEY, 64, "boundary"))
    np.testing.assert_allclose(np.hypot(wall[:, 1], wall[:, 2] - 1), 0.5, rtol=1e-14)
    np.testing.assert_allclose(np.sort(wall[:, 0]), 1 + 2 * (np.arange(64) + 0.5) / 64, atol=0.1)
    normals = jax.jit(jax.vmap(partial(cylinder.normal, ("t-", "boundary"))))
    np.testing.assert_array_equal(normals(first), np.tile([-1, 0, 0], (64, 1)))
    np.testing.assert_allclose(normals(wall), (wall - [0, 0, 1]) * [0, 2, 2], atol=1e-14)


def test_points_of_all_faces_are_by_area():
    """A cylinder of radius 1 and height 2: each end has a sixth of the surface."""
    cylinder = pm.pinn.Disk() * pm.Box(z=(0, 2))
    z = np.asarray(cylinder.boundary(KEY, 600, ("boundary", "z")))
    assert abs(np.sum(z[:, 2] == 0) - 100) <= 1 and abs(np.sum(z[:, 2] == 2) - 100) <= 1


def test_the_distance_beyond_an_edge_is_by_pythagoras():
    cylinder = pm.pinn.Disk() * pm.Box(z=(0, 2))
    distance = jax.jit(jax.vmap(jax.value_and_grad(cylinder.signed_distance)))
    z = jnp.array([[4.0, 0.0, 6.0], [4.0, 0.0, 1.0], [0.5, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 0, 2]])
    values, slopes = distance(z)
    np.testing.assert_allclose(values, [5, 3, -0.5, -1, 0], atol=1e-15)
    np.testing.assert_allclose(slopes[0], [0.6, 0, 0.8], atol=1e-15)
    assert np.all(np.isfinite(slopes))


def test_two_boxes_make_a_box():
    made = pm.Box(t=(0, 1)) * pm.Box(x=(-1, 1), y=(2, 3))
    assert isinstance(made, pm.Box)
    assert repr(made) == "Box(t=(0, 1), x=(-1, 1), y=(2, 3))"


def test_factors_differ_in_coordinates_and_faces():
    with pytest.raises(
        pm.errors.ConfigurationError, match=r"different coordinates, got \('t', 'x'"
    ):
        pm.Box(t=(0, 1), x=(0, 1)) * pm.pinn.Disk()
    with pytest.raises(pm.errors.ConfigurationError, match="different coordinates"):
        pm.Box(t=(0, 1)) * pm.Box(t=(0, 1))
    with pytest.raises(pm.errors.ConfigurationError, match="different names of faces"):
        pm.pinn.Disk(names=("u", "v"), face="rim") * pm.pinn.Disk(face="rim")
    with pytest.raises(pm.errors.ConfigurationError, match="one time, got 't' and 'tau'"):
        pm.Box(t=(0, 1)) * pm.Box(tau=(0, 1), time="tau")
    torus = pm.pinn.Disk(names=("u", "v"), face="u") * pm.pinn.Disk()
    assert torus.face_names == ("boundary", "u")
    assert repr(torus) == "(Disk((0, 0), 1, names=('u', 'v')) * Disk((0, 0), 1, names=('x', 'y')))"
