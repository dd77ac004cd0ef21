"""Unions, intersections, differences: which faces are left, touching operands, and refusals."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

KEY = jax.random.key(0)


def test_a_hole_has_its_own_name_and_a_normal_into_it():
    channel = pm.Box(x=(0, 3), y=(0, 1)) - pm.pinn.Disk((1, 0.5), 0.25, face="hole")
    expected = ("boundary", "x", "x-", "x+", "y", "y-", "y+", "hole")
    assert channel.face_names == expected
    hole = np.asarray(channel.boundary(KEY, 33, "hole"))
    towards = (np.array([1, 0.5]) - hole) / 0.25
    np.testing.assert_allclose(np.linalg.norm(towards, axis=1), 1, rtol=1e-14)
    normals = jax.jit(jax.vmap(partial(channel.normal, ("y", "hole"))))(hole)
    np.testing.assert_allclose(normals, towards, atol=1e-14)
    inflow = channel.boundary(KEY, 5, "x-")
    np.testing.assert_array_equal(inflow[:, 0], 0)
    normals = jax.jit(jax.vmap(partial(channel.normal, "boundary")))(inflow)
    np.testing.assert_array_equal(normals, np.tile([-1, 0], (5, 1)))
    assert repr(channel) == ("(Box(x=(0, 3), y=(0, 1)) - Disk((1, 0.5), 0.25, names=('x', 'y')))")


def test_points_of_several_faces_are_by_length():
    """Of a half disk the arc has π/(π + 2) of the boundary; and the cut-off side is unknown."""
    half = pm.pinn.Disk(face="arc") & pm.Box(x=(0, 2), y=(-2, 2))
    assert half.face_names == ("boundary", "arc", "x", "x-")
    z = np.asarray(half.boundary(KEY, 1024, "boundary"))
    straight = z[:, 0] == 0
    assert abs(np.mean(~straight) - np.pi / (np.pi + 2)) < 0.01
    assert np.all(np.abs(z[straight, 1]) <= 1) and np.all(z[:, 0] >= 0)
    assert half.volume == pytest.approx(np.pi / 2, rel=5e-4)
    np.testing.assert_array_equal(half.lower, [0, -1])


def test_names_that_both_operands_have_are_not_offered():
    step = pm.Box(x=(0, 2), y=(0, 1)) - pm.Box(x=(-1, 1), y=(-1, 0.5))
    assert step.face_names == ("boundary", "x-", "y-")
    with pytest.raises(pm.errors.UnknownNameError, match="Known: boundary, x-, y-"):
        step.check("x+")
    corner = np.asarray(step.boundary(KEY, 12, ("x-", "y-")))
    assert np.all(
        (corner[:, 0] == 0) & (corner[:, 1] > 0.5) | (corner[:, 1] == 0) & (corner[:, 0] > 1)
    )


@pytest.mark.parametrize(
    "shape",
    [
        lambda: pm.Box(x=(-1, 1), y=(0, 1)) | pm.Box(x=(-1, 0), y=(-1, 0)),
        lambda: pm.Box(x=(-1, 1), y=(0, 1)) | pm.Box(x=(-1, 0), y=(-1, 1)),
        lambda: pm.Box(x=(-1, 1), y=(-1, 1)) - pm.Box(x=(0, 1), y=(-1, 0)),
    ],
    ids=["touching", "overlapping with a common side", "cut off at the sides"],
)
def test_operands_with_a_common_side_make_the_l_shape(shape):
    """No wall is left within, or where a corner was cut off; a common side counts once."""
    made, expected = shape(), pm.pinn.l_shape()
    on = np.asarray(made.boundary(KEY, 512, "boundary"))
    assert abs(np.mean(on[:, 0] == -1) - 2 / 8) < 0.01
    assert abs(np.mean((on[:, 0] > 0) & (on[:, 1] == 0)) - 1 / 8) < 0.01
    distances = jax.jit(jax.vmap(expected.signed_distance))(on)
    np.testing.assert_allclose(distances, 0, atol=1e-14)
    normals = (jax.jit(jax.vmap(partial(d.normal, "boundary")))(on) for d in (made, expected))
    np.testing.assert_array_equal(*normals)
    assert made.volume == pytest.approx(3, rel=5e-4)


def test_combinations_of_combinations():
    """A ring with two notches: three operations deep, and every circle by name."""
    ring = pm.pinn.Disk(radius=2, face="outer") - pm.pinn.Disk(face="inner")
    notches = pm.pinn.Disk((1.5, 0), 0.25, face="right") | pm.pinn.Disk(
        (-1.5, 0), 0.25, face="left"
    )
    made = ring - notches
    assert made.face_names == ("boundary", "outer", "inner", "right", "left")
    assert made.volume == pytest.approx(3 * np.pi - np.pi / 8, rel=5e-4)
    z = np.asarray(made.interior(KEY, 512))
    from_left, radius = np.hypot(z[:, 0] + 1.5, z[:, 1]), np.hypot(*z.T)
    assert np.all((from_left > 0.25) & (radius > 1) & (radius < 2))
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=0.05)
    z = np.asarray(made.boundary(KEY, 256, ("outer", "left")))
    from_left = np.hypot(z[:, 0] + 1.5, z[:, 1])
    on_left = np.abs(from_left - 0.25) < 1e-12
    np.testing.assert_allclose(np.hypot(*z[~on_left].T), 2, rtol=1e-14)
    assert abs(np.mean(on_left) - 1 / 9) < 0.01


def test_where_too_few_points_are_kept_they_come_again():
    """Points of the cube that are nearly all outside: the few inside are repeated in order."""
    ring = pm.pinn.Disk(radius=2) - pm.pinn.Disk()

    def few(key, n, d):
        return jnp.full((n, d), 0.01).at[jnp.array([3, 7]), 0].set(jnp.array([0.64, 0.81]))

    radius = np.linalg.norm(ring.interior(KEY, 5, draw=few), axis=1)
    np.testing.assert_allclose(radius, [1.6, 1.8, 1.6, 1.8, 1.6], rtol=1e-12)


@pytest.mark.parametrize(
    "shape",
    [
        lambda: pm.pinn.Disk() & pm.pinn.Disk((3, 0)),
        lambda: pm.pinn.Disk() & pm.pinn.Disk((1.9, 1.9)),
        lambda: pm.pinn.Disk() - pm.pinn.Disk(radius=1.5),
        lambda: pm.pinn.Disk() - pm.pinn.Disk(),
    ],
)
def test_an_empty_result_is_refused(shape):
    with pytest.raises(pm.errors.ConfigurationError, match="empty geometry"):
        shape()


@pytest.mark.parametrize("other", [pm.pinn.Disk(names=("y", "x")), pm.Box(x=(0, 1))])
def test_operands_have_the_same_coordinates(other):
    with pytest.raises(pm.errors.ConfigurationError, match="expected the same coordinates"):
        pm.pinn.Disk() | other
