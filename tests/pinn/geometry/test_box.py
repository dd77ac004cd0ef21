"""Boxes: points inside and on faces, outward normals, and the names of coordinates."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

BOX = pm.Box(t=(0, 2), x=(-1, 1), y=(3.0, 3.5))


@pytest.mark.parametrize("points", [pm.sampling.uniform, pm.sampling.sobol])
def test_interior_points_fill_the_box(points):
    """512 points, each coordinate with the mean and deviation of a uniform density, at 4σ."""
    z = np.asarray(BOX.interior(jax.random.key(0), 512, draw=points))
    assert z.shape == (512, 3)
    assert np.all((z >= BOX.lower) & (z < BOX.upper))
    width = BOX.upper - BOX.lower
    assert np.all(
        np.abs(z.mean(axis=0) - (BOX.lower + BOX.upper) / 2) < 4 * width / 12**0.5 / 512**0.5
    )
    assert np.all(np.abs(z.std(axis=0) / (width / 12**0.5) - 1) < 4 * (0.2 / 512) ** 0.5)


@pytest.mark.parametrize(
    ("face", "axis", "ends"), [("t-", 0, [0]), ("x+", 1, [1]), ("y", 2, [3, 3.5])]
)
def test_points_of_a_face_lie_on_it(face, axis, ends):
    z = np.asarray(BOX.boundary(jax.random.key(1), 7, face))
    assert z.shape == (7, 3)
    np.testing.assert_array_equal(z[:, axis], np.resize(ends, 7))
    others = [i for i in range(3) if i != axis]
    assert np.all((z >= BOX.lower) & (z <= BOX.upper))
    assert np.all(np.ptp(z[:, others], axis=0) > 0.3 * (BOX.upper - BOX.lower)[others])


@pytest.mark.parametrize("faces", ["boundary", "x", ("t", "x", "y")])
def test_points_of_several_faces_cover_each_of_them(faces):
    """Every fourth point of a Sobol net lies in the same half of a coordinate: no face takes those.

    Of 32 Sobol points a face, 4 lie in each eighth of each of its coordinates, from 2 to 6 as the
    shift falls.
    """
    chosen = BOX.faces(faces)
    z = np.asarray(BOX.boundary(jax.random.key(4), 32 * len(chosen), faces))
    s = (z - BOX.lower) / (BOX.upper - BOX.lower)
    for number, (axis, side) in enumerate(chosen):
        own = s[number :: len(chosen)]
        np.testing.assert_allclose(own[:, axis], side)
        for other in {0, 1, 2} - {axis}:
            assert np.histogram(own[:, other], 8, (0, 1))[0].min() >= 2


@pytest.mark.parametrize("face", ["t", "x", "y", ("t", "x-", "y+")])
def test_normals_point_outwards(face):
    """A short way along the normal leaves the box, and against it comes in."""
    for z in BOX.boundary(jax.random.key(2), 8, face):
        normal = np.asarray(BOX.normal(face, z))
        assert np.sum(normal**2) == 1.0
        out, back = z + 1e-3 * normal, z - 1e-3 * normal
        assert not np.all((out >= BOX.lower) & (out <= BOX.upper))
        assert np.all((back >= BOX.lower) & (back <= BOX.upper))


def test_grid_holds_the_bounds_and_every_combination():
    grid = pm.Box(t=(0, 1), x=(-1, 1)).grid(3)
    expected = [[t, x] for t in (0.0, 0.5, 1.0) for x in (-1.0, 0.0, 1.0)]
    np.testing.assert_array_equal(grid, expected)


def test_faces_and_axes_by_name():
    assert (BOX.names, BOX.dimension, BOX.axis("y")) == (("t", "x", "y"), 3, 2)
    assert BOX.faces("x") == ((1, 0), (1, 1))
    assert BOX.faces("x-") == ((1, 0),)
    assert BOX.faces(("t-", "x+", "y")) == ((0, 0), (1, 1), (2, 0), (2, 1))
    assert repr(BOX) == "Box(t=(0, 2), x=(-1, 1), y=(3, 3.5))"


@pytest.mark.slow
def test_single_precision_stays():
    with jax.enable_x64(False):
        inside = BOX.interior(jax.random.key(0), 4)
        on_face = BOX.boundary(jax.random.key(0), 4, "x")
        made = (inside, on_face, BOX.normal("x", on_face[0]))
        assert {array.dtype for array in made} == {jnp.dtype(jnp.float32)}


@pytest.mark.parametrize(
    "bound", [(1, 0), (1, 1), (0, np.inf), (np.nan, 1), (0, 1, 2), 1.0, None, ("a", "b")]
)
def test_bounds_must_be_finite_and_ascending(bound):
    with pytest.raises(pm.errors.ConfigurationError, match=r"Box: x: expected \(lower, upper\)"):
        pm.Box(t=(0, 1), x=bound)


def test_a_box_needs_a_coordinate():
    with pytest.raises(pm.errors.ConfigurationError, match="expected coordinates, as in Box"):
        pm.Box()


@pytest.mark.parametrize("face", ["tim", "tim+", "tim-"])
def test_an_unknown_face_suggests_a_known_one(face):
    meant = face.replace("tim", "time")
    with pytest.raises(pm.errors.UnknownNameError) as error:
        pm.Box(time=(0, 1), x=(0, 1)).faces(face)
    assert f"unknown face {face!r}. Did you mean {meant!r}? Known: boundary, " in str(error.value)


def test_a_check_passes_over_faces_there_are():
    box = pm.Box(time=(0, 1), x=(0, 1))
    assert box.check(("time-", "x")) is None
    common = ("boundary", "initial", "final")
    assert box.face_names == (*common, "time", "time-", "time+", "x", "x-", "x+")
    with pytest.raises(pm.errors.UnknownNameError, match="'tim-'"):
        box.check("tim-")
    with pytest.raises(pm.errors.ConfigurationError, match="on: expected the name of a face"):
        box.check(())
