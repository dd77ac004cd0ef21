"""Balls: distances, maps of the cube, names, and what is refused."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm


def test_the_distance_from_the_centre_has_no_kink():
    ball = pm.pinn.Ball((1.0, 2.0, 3.0), 2)
    value, slope = jax.jit(jax.value_and_grad(ball.signed_distance))(jnp.array([1.0, 2.0, 3.0]))
    assert float(value) == -2
    np.testing.assert_array_equal(slope, 0)
    normal = ball.normal("boundary", jnp.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(normal, [1, 0, 0])


def test_the_middle_of_the_cube_is_a_point_too():
    """No direction of the normal distribution is its centre: the first axis is taken."""
    ball, middle = pm.pinn.Ball((0, 0, 0), 1), lambda key, n, d: jnp.full((n, d), 0.5)
    inside = ball.interior(jax.random.key(0), 1, draw=middle)
    np.testing.assert_allclose(inside, [[0.5 ** (1 / 3), 0, 0]], atol=1e-15)


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_quasi_random_points_fill_shells_and_directions_evenly(d):
    """``(r/R)ᵈ`` is uniform, to a hundredth, and the directions' second moments are ``1/d``."""
    ball = pm.pinn.Ball([0.0] * d, 3)
    z = np.asarray(ball.interior(jax.random.key(0), 1024))
    r = np.linalg.norm(z, axis=1)
    shells = np.sort((r / 3) ** d)
    np.testing.assert_allclose(shells, (np.arange(1024) + 0.5) / 1024, atol=0.01)
    s = z / r[:, None]
    np.testing.assert_allclose(s.T @ s / 1024, np.eye(d) / d, atol=0.02)
    np.testing.assert_allclose(s.mean(axis=0), 0, atol=0.03)


def test_names():
    assert pm.pinn.Ball([0], 1).names == ("x",)
    assert pm.pinn.Ball([0] * 4, 1).names == ("x1", "x2", "x3", "x4")
    assert pm.pinn.Disk(names=("u", "v")).names == ("u", "v")
    assert pm.pinn.Disk(face="hole").face_names == ("boundary", "hole")
    assert repr(pm.pinn.Disk((0, 0.5), 2)) == "Disk((0, 0.5), 2, names=('x', 'y'))"
    assert (pm.pinn.Disk().lower.tolist(), pm.pinn.Disk().upper.tolist()) == ([-1, -1], [1, 1])


@pytest.mark.parametrize(
    ("center", "radius", "options", "message"),
    [
        ((0, 0), 0, {}, "radius: expected a number > 0, got 0"),
        ((0, 0), np.inf, {}, "radius: expected a number > 0, got inf"),
        ((0, 0), "1", {}, "radius: expected a number > 0, got '1'"),
        ((0, np.nan), 1, {}, "center: expected finite numbers"),
        (0.0, 1, {}, "center: expected finite numbers"),
        ((), 1, {}, "center: expected finite numbers"),
        (np.ma.array([0.0, -9999.0], mask=[0, 1]), 1, {}, "center: expected finite numbers"),
        ((0, 0), np.complex128(1), {}, "radius: expected a number > 0, got"),
        ("ab", 1, {}, "center: expected finite numbers"),
        ((0, 0), 1, {"names": ["x"]}, "names: expected 2 different names, got"),
        ((0, 0), 1, {"names": ["x", "x"]}, "names: expected 2 different names, got"),
    ],
)
def test_bad_balls_are_refused(center, radius, options, message):
    with pytest.raises(pm.errors.ConfigurationError, match="Ball: " + message):
        pm.pinn.Ball(center, radius, **options)


def test_a_disk_is_plane():
    with pytest.raises(pm.errors.ConfigurationError, match="Disk: center: expected two numbers"):
        pm.pinn.Disk((0, 0, 0))
    with pytest.raises(pm.errors.ConfigurationError, match="Disk: radius"):
        pm.pinn.Disk(radius=-1)
