"""Polygons: ears, edges, distances at vertices, and what is refused."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.pinn.geometry.polygon import _triangles


def gear(m, seed):
    """Random radii at random angles: simple, and in general far from convex."""
    rng = np.random.default_rng(seed)
    angles = 2 * np.pi * (np.arange(m) + rng.uniform(0, 0.9, m)) / m
    return (rng.uniform(0.2, 2, m) * np.stack([np.cos(angles), np.sin(angles)])).T


SPIRAL = [(0, 0), (4, 0), (4, 4), (1, 4), (1, 2), (2, 2), (2, 3), (3, 3), (3, 1), (0, 1)]


@pytest.mark.parametrize("vertices", [*(gear(m, m) for m in range(3, 40, 6)), np.array(SPIRAL)])
def test_ears_make_up_the_polygon(vertices):
    """Counterclockwise triangles whose areas add up and whose centres lie inside."""
    polygon = pm.pinn.Polygon(vertices)
    triangles = _triangles(np.asarray(vertices, float))
    ab, ac = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    areas = (ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]) / 2
    assert len(triangles) <= len(vertices) - 2
    assert np.all(areas > 0)
    np.testing.assert_allclose(np.sum(areas), polygon.volume, rtol=1e-12)
    assert np.all(polygon.contains(triangles.mean(axis=1)))


def test_both_orientations_and_points_on_an_edge_make_the_same_polygon():
    square = [(0, 0), (1, 0), (1, 1), (0, 1)]
    split = [(0, 0), (0.25, 0), (0.5, 0), (1, 0), (1, 1), (0.5, 1), (0, 1)]
    z = jnp.array([[0.25, -0.5], [0.25, 0.2], [0.5, 0.9], [0.5, 1.5], [2.0, 2.0], [0.5, 0.0]])
    expected = [0.5, -0.2, -0.1, 0.5, 2**0.5, 0]
    for vertices in (square, square[::-1], split, split[::-1]):
        polygon = pm.pinn.Polygon(vertices)
        assert polygon.volume == 1
        values, slopes = jax.jit(jax.vmap(jax.value_and_grad(polygon.signed_distance)))(z)
        np.testing.assert_allclose(values, expected, atol=1e-15)
        np.testing.assert_allclose(jnp.linalg.norm(slopes, axis=1), 1, rtol=1e-14)


def test_the_distance_near_corners_of_an_l_shape():
    distance = jax.jit(jax.vmap(jax.value_and_grad(pm.pinn.l_shape().signed_distance)))
    z = jnp.array([[-0.3, 0.4], [0.3, -0.4], [1.3, 1.4], [-0.3, -0.5], [0, 0], [0.2, 0.0]])
    values, slopes = distance(z)
    np.testing.assert_allclose(values, [-0.5, 0.3, 0.5, -0.3, 0, 0], atol=1e-15)
    np.testing.assert_allclose(slopes[:4], [[0.6, -0.8], [1, 0], [0.6, 0.8], [1, 0]], atol=1e-15)
    np.testing.assert_allclose(jnp.linalg.norm(slopes, axis=1), 1, rtol=1e-14)


@pytest.mark.parametrize("vertices", [SPIRAL, SPIRAL[::-1]])
def test_edges_by_number(vertices):
    """Edge ``i`` runs from vertex ``i`` to the next; its normal is to its right, or left."""
    polygon = pm.pinn.Polygon(vertices)
    right = 1 if vertices is SPIRAL else -1
    for i in (0, 4, 9):
        start, end = (np.array(vertices[k % 10], float) for k in (i, i + 1))
        z = np.asarray(polygon.boundary(jax.random.key(i), 16, f"edge{i}"))
        along = (z - start) @ (end - start) / np.sum((end - start) ** 2)
        np.testing.assert_allclose(z, start + along[:, None] * (end - start), atol=1e-14)
        np.testing.assert_allclose(np.sort(along), (np.arange(16) + 0.5) / 16, atol=1 / 16)
        ahead = (end - start) / np.linalg.norm(end - start)
        normal = polygon.normal(f"edge{i}", jnp.asarray(z[0]))
        np.testing.assert_allclose(normal, right * np.array([ahead[1], -ahead[0]]))


def test_several_edges_get_points_by_their_length():
    z = np.asarray(pm.pinn.Polygon(SPIRAL).boundary(jax.random.key(0), 256, ("edge0", "edge3")))
    assert abs(np.sum(z[:, 1] == 0) - 256 * 4 / 6) <= 1


@pytest.mark.slow
def test_points_inside_are_of_low_discrepancy():
    """1024 in an L of three squares: 1024/3 in each square, to a few."""
    z = np.asarray(pm.pinn.l_shape().interior(jax.random.key(0), 1024))
    for square in ((z[:, 0] > 0), (z[:, 1] < 0)):
        assert abs(np.sum(square) - 1024 / 3) <= 4


def test_names_of_faces():
    hole = pm.pinn.Polygon([(0, 0), (1, 0), (0, 1)], names=("u", "v"), face="hole")
    assert (hole.names, hole.face_names) == (
        ("u", "v"),
        ("boundary", "hole", "hole0", "hole1", "hole2"),
    )
    assert repr(hole) == "Polygon([(0, 0), (1, 0), (0, 1)], names=('u', 'v'))"
    assert pm.pinn.l_shape(names=("a", "b")).names == ("a", "b")
    assert (hole.lower.tolist(), hole.upper.tolist()) == ([0, 0], [1, 1])


@pytest.mark.parametrize(
    ("vertices", "message"),
    [
        ([(0, 0), (1, 0)], r"at least three points of the plane, .* got shape \(2, 2\)"),
        ([(0, 0, 0)] * 3, r"got shape \(3, 3\)"),
        ([(0, 0), (1, 0), (0, np.nan)], "finite"),
        ([(0, 0), (1,)], "at least three points"),
        ("square", "got 'square'"),
        ([(0, 0), (1, 0), (1, 1), (0, 0)], "0 and 3 are the same point"),
        ([(0, 0), (1, 0), (1, 0), (0, 1)], "1 and 2 are the same point"),
        ([(0, 0), (1, 1), (2, 2)], "expected an area, got points of one line"),
        ([(0, 0), (1, 1), (1, 0), (0, 1)], "edges 0 and 2 cross"),
        ([(0, 0), (4, 0), (4, 4), (2, -1), (0, 4)], "edges 0 and 2 cross"),
        ([(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)], "vertex 3 lies on edge 0"),
        ([(0, 0), (2, 0), (1, 0), (1, 1)], "vertex 2 lies on edge 0"),
    ],
)
def test_bad_polygons_are_refused(vertices, message):
    with pytest.raises(pm.errors.ConfigurationError, match="Polygon: vertices: .*" + message):
        pm.pinn.Polygon(vertices)


def test_a_polygon_has_two_coordinates():
    with pytest.raises(pm.errors.ConfigurationError, match="names: expected 2 different names"):
        pm.pinn.Polygon([(0, 0), (1, 0), (0, 1)], names=("x", "y", "z"))
