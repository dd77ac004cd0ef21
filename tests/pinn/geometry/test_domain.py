"""What every domain promises: volumes, uniform points, boundaries, normals, signed distances."""

from __future__ import annotations

from functools import cache, partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

pi, N = np.pi, 1024

# A star of five points, clockwise.
angles, radii = np.linspace(0, 2 * pi, 10, endpoint=False), np.tile([2.0, 0.8], 5)
STAR = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)[::-1]
# Two unit disks a distance 1 apart share a lens.
LENS = 2 * pi / 3 - 3**0.5 / 2


def ball(z, center, radius):
    return np.sum((z - np.array(center)) ** 2, axis=1) < radius**2


def l_shape(z):
    return np.all(np.abs(z) < 1, axis=1) & ((z[:, 0] < 0) | (z[:, 1] > 0))


def star(z):
    """Inside: an odd number of edges cross the ray from a point to the right."""
    (ax, ay), (bx, by) = STAR.T[:, :, None], np.roll(STAR, -1, axis=0).T[:, :, None]
    x, y = z.T[:, None]
    crosses = ((ay > y) != (by > y)) & (x < ax + (y - ay) / (by - ay) * (bx - ax))
    return np.sum(crosses, axis=0) % 2 == 1


# name: domain, volume, area of the boundary, members by definition
SHAPES = {
    "interval": lambda: (pm.pinn.Ball([0.5], 1.5), 3, 2, lambda z: np.abs(z[:, 0] - 0.5) < 1.5),
    "box": lambda: (
        pm.Box(x=(0, 2), y=(-1, 0.5), z=(0, 1)),
        3,
        13,
        lambda z: np.all((z > [0, -1, 0]) & (z < [2, 0.5, 1]), axis=1),
    ),
    "disk": lambda: (pm.pinn.Disk((1, -1), 2), 4 * pi, 4 * pi, lambda z: ball(z, (1, -1), 2)),
    "ball": lambda: (pm.pinn.Ball((1, 0, 2), 0.5), pi / 6, pi, lambda z: ball(z, (1, 0, 2), 0.5)),
    "ball 4d": lambda: (
        pm.pinn.Ball([0] * 4, 2),
        8 * pi**2,
        16 * pi**2,
        lambda z: ball(z, [0] * 4, 2),
    ),
    "L shape": lambda: (pm.pinn.l_shape(), 3, 8, l_shape),
    "star": lambda: (
        pm.pinn.Polygon(STAR),
        8 * np.sin(pi / 5),
        10 * np.linalg.norm(STAR[1] - STAR[0]),
        star,
    ),
    "lens": lambda: (
        pm.pinn.Disk() & pm.pinn.Disk((1, 0)),
        LENS,
        4 * pi / 3,
        lambda z: ball(z, (0, 0), 1) & ball(z, (1, 0), 1),
    ),
    "two disks": lambda: (
        pm.pinn.Disk() | pm.pinn.Disk((1, 0)),
        2 * pi - LENS,
        8 * pi / 3,
        lambda z: ball(z, (0, 0), 1) | ball(z, (1, 0), 1),
    ),
    "box without ball": lambda: (
        pm.Box(x=(-1, 1), y=(-1, 1), z=(-1, 1)) - pm.pinn.Ball((1, 0, 0), 0.5),
        8 - pi / 12,
        24 + pi / 4,
        lambda z: np.all(np.abs(z) < 1, axis=1) & ~ball(z, (1, 0, 0), 0.5),
    ),
    "prism": lambda: (
        pm.pinn.l_shape() * pm.Box(z=(0, 0.5)),
        1.5,
        10,
        lambda z: l_shape(z[:, :2]) & (z[:, 2] > 0) & (z[:, 2] < 0.5),
    ),
    "pipe": lambda: (
        pm.Box(t=(0, 1)) * (pm.pinn.Disk(radius=2) - pm.pinn.Disk()),
        3 * pi,
        12 * pi,
        lambda z: (
            (z[:, 0] > 0) & (z[:, 0] < 1) & ball(z[:, 1:], (0, 0), 2) & ~ball(z[:, 1:], (0, 0), 1)
        ),
    ),
}
MEASURED = {"lens", "two disks", "box without ball", "pipe"}

shapes = pytest.mark.parametrize("name", SHAPES)


@cache
def drawn(name):
    """Points of a shape and what is known of them, by one compiled function."""
    domain, volume, area, members = SHAPES[name]()
    faces = domain.face_names
    lower, size = domain.lower, domain.upper - domain.lower
    around = lower + size * np.random.default_rng(0).uniform(-0.25, 1.25, (2 * N, len(size)))

    @jax.jit
    def make(key, around):
        # A box has its own rule, each face in turn: this one is by area, as booleans draw.
        on = pm.pinn.Domain.boundary(domain, key, N, faces)
        normals = jax.vmap(lambda z: domain.normal(faces, z))(on)
        points = jnp.concatenate([domain.interior(key, N), on, around])
        slopes = jax.vmap(jax.value_and_grad(domain.signed_distance))(points)
        return points, *slopes, normals, domain.contains(points)

    points, distance, slope, normals, contained = map(np.asarray, make(jax.random.key(0), around))
    inside, on = points[:N], points[N : 2 * N]
    return SimpleNamespace(**locals())


@shapes
def test_volumes_are_those_of_geometry(name):
    np.testing.assert_allclose(
        drawn(name).domain.volume, drawn(name).volume, rtol=5e-4 if name in MEASURED else 1e-12
    )


@shapes
def test_points_inside_are_members_and_differ(name):
    s = drawn(name)
    assert s.inside.shape == (N, s.domain.dimension)
    assert np.all(s.members(s.inside)) and np.all(s.contained[:N])
    assert np.all((s.inside >= s.domain.lower) & (s.inside <= s.domain.upper))
    assert len(np.unique(s.inside, axis=0)) == N


@shapes
def test_points_inside_are_uniform(name):
    """First and second moments against members found in the bounding box: 5σ of both samples."""
    s = drawn(name)
    box = np.random.default_rng(1).uniform(s.domain.lower, s.domain.upper, (20_000, len(s.size)))
    moments = lambda z: np.concatenate([z, (z[:, :, None] * z[:, None]).reshape(len(z), -1)], 1)
    found, made = moments(box[s.members(box)]), moments(s.inside)
    sigma = found.std(axis=0) * np.sqrt(1 / len(found) + 1 / N)
    assert np.all(np.abs(found.mean(axis=0) - made.mean(axis=0)) < 5 * sigma)


@shapes
def test_the_distance_vanishes_on_the_boundary_and_has_the_sign_of_membership(name):
    s = drawn(name)
    np.testing.assert_allclose(s.distance[N : 2 * N], 0, atol=1e-14)
    assert np.all(s.contained[N : 2 * N])
    np.testing.assert_array_equal(s.distance[2 * N :] < 0, s.members(s.around))
    np.testing.assert_array_equal(s.contained[2 * N :], s.members(s.around))


@shapes
def test_the_distance_is_lipschitz_with_a_slope_of_one(name):
    s = drawn(name)
    np.testing.assert_allclose(np.linalg.norm(s.slope[2 * N :], axis=1), 1, rtol=1e-9)
    order = np.random.default_rng(0).permutation(len(s.points))
    apart = np.linalg.norm(s.points - s.points[order], axis=1)
    assert np.all(np.abs(s.distance - s.distance[order]) <= apart + 1e-12)


@pytest.mark.parametrize("name", ["interval", "box", "disk", "ball", "L shape", "star", "prism"])
def test_the_distance_is_that_to_the_nearest_point_of_the_boundary(name):
    """Down the slope by the distance lies a boundary point, and no boundary point is nearer."""
    s = drawn(name)
    z, distance, slope = (part[2 * N :] for part in (s.points, s.distance, s.slope))
    landed = jax.jit(jax.vmap(s.domain.signed_distance))(z - distance[:, None] * slope)
    np.testing.assert_allclose(landed, 0, atol=1e-12)
    nearest = np.min(np.linalg.norm(z[:, None] - s.on[None], axis=2), axis=1)
    assert np.all(nearest > np.abs(distance) - 1e-12)


@shapes
def test_normals_are_the_slope_of_the_distance(name):
    s = drawn(name)
    np.testing.assert_allclose(s.normals, s.slope[N : 2 * N], atol=1e-7)
    np.testing.assert_allclose(np.linalg.norm(s.normals, axis=1), 1, rtol=1e-14)


@shapes
def test_the_divergence_theorem(name):
    """``∮ F·n = ∫ div F`` for 40 fields ``F_i = sin(A_i z + b_i)``, relative to the area.

    1024 random points of ``sin`` would have a standard error of 0.022 in the left side alone; the
    quasi-random ones are held to 0.015 in both.
    """
    s, d = drawn(name), drawn(name).domain.dimension
    rng, errors = np.random.default_rng(0), []
    for A, b in zip(rng.normal(size=(40, d, d)), rng.normal(size=(40, d)), strict=True):
        flux = s.area * np.mean(np.sum(np.sin(s.on @ A.T + b) * s.normals, axis=1))
        sources = s.volume * np.mean(np.cos(s.inside @ A.T + b) @ np.diag(A))
        errors.append((flux - sources) / s.area)
    assert np.sqrt(np.mean(np.square(errors))) < 0.015


@pytest.mark.parametrize("name", ["disk", "star", "lens"])
def test_points_need_no_jit(name):
    domain, key = drawn(name).domain, jax.random.key(0)
    np.testing.assert_allclose(domain.interior(key, N), drawn(name).inside, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ball", "lens", "prism"])
def test_single_precision_stays_and_is_accurate(name):
    with jax.enable_x64(False):
        domain, *_, members = SHAPES[name]()
        inside = domain.interior(jax.random.key(0), 64)
        on = domain.boundary(jax.random.key(0), 64, domain.face_names)
        normal = jax.jit(partial(domain.normal, domain.face_names))(on[0])
        assert {a.dtype for a in (inside, on, normal)} == {jnp.dtype(jnp.float32)}
        assert bool(jnp.all(domain.contains(on)))
        assert np.all(members(np.asarray(inside, float)))


@pytest.mark.parametrize("name", ["disk", "L shape", "lens"])
def test_a_grid_holds_the_members_of_the_bounding_box(name):
    s = drawn(name)
    axes = [np.linspace(a, b, 12) for a, b in zip(s.domain.lower, s.domain.upper, strict=True)]
    box = np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=-1)
    inner = box[s.members(box)]
    grid = s.domain.grid(12)
    assert isinstance(grid, np.ndarray) and grid.dtype == float
    assert {*map(tuple, inner)} <= {*map(tuple, grid)} <= {*map(tuple, box)}
    distance = jax.jit(jax.vmap(s.domain.signed_distance))(grid)
    assert float(jnp.max(distance)) < 1e-14


def test_a_closed_set_contains_its_boundary():
    grid = pm.pinn.l_shape().grid(5)
    assert len(grid) == 25 - 4
    assert [0.0, 0.0] in grid.tolist() and [0.5, 0.0] in grid.tolist()


@pytest.mark.parametrize(
    "points", [pm.sampling.uniform, pm.sampling.latin_hypercube, pm.sampling.grid_points]
)
def test_any_points_of_the_cube_do(points):
    """On a ring, 81 points, of which half have a squared radius above the middle: bound at 4σ."""
    ring, key = pm.pinn.Disk(radius=2) - pm.pinn.Disk(), jax.random.key(0)
    inside = ring.interior(key, 81, draw=points)
    assert bool(jnp.all(ring.contains(inside)))
    assert abs(np.sum(np.sum(np.square(inside), axis=1) > 2.5) - 40.5) < 4 * 81**0.5 / 2
    assert abs(np.sum(inside[:, 0] > 0) - 40.5) < 4 * 81**0.5 / 2


def test_unknown_faces_and_coordinates_list_those_there_are():
    disk = pm.pinn.Disk()
    with pytest.raises(pm.errors.UnknownNameError, match=r"unknown face 'x'\. Known: boundary"):
        disk.check("x")
    with pytest.raises(pm.errors.UnknownNameError, match="Did you mean 'edge1'"):
        pm.pinn.l_shape().check(("boundary", "edge11"))
    with pytest.raises(pm.errors.UnknownNameError, match=r"unknown coordinate 't'\. Known: x, y"):
        disk.axis("t")
    with pytest.raises(pm.errors.ConfigurationError, match="on: expected the name of a face"):
        disk.check(())
    assert disk.check("boundary") is None
    assert disk.axis("y") == 1


def test_points_of_another_dimension_are_refused():
    with pytest.raises(pm.errors.ShapeError, match=r"expected \(n, 2\) .* got \(3, 3\)"):
        pm.pinn.Disk().contains(jnp.zeros((3, 3)))
    with pytest.raises(pm.errors.ShapeError, match=r"got \(2,\)"):
        pm.pinn.Disk().contains(jnp.zeros(2))


def test_domains_combine_with_domains_only():
    for combine in ("__or__", "__and__", "__sub__", "__mul__"):
        assert getattr(pm.pinn.Disk(), combine)(1.0) is NotImplemented


MIDWAY = {
    "polygon": (pm.pinn.Polygon([(0, 0), (2, 0), (2, 2), (0, 2)]), [0.5, 0.5], [1, -1]),
    "boolean": (pm.pinn.Disk(radius=3) - pm.pinn.Disk(radius=1), [2.0, 0.0], [1, 0]),
    "product": (pm.Box(t=(0, 1)) * pm.pinn.Disk() * pm.Box(z=(-1, 1)), [0.5, 0.5, 0, 0.5], None),
}


@pytest.mark.parametrize("name", MIDWAY)
def test_what_vanishes_on_the_boundary_is_smooth_midway(name):
    """Zero there with slope 1, negative inside; where sides are as far, the slope does not jump."""
    domain, middle, across = MIDWAY[name]
    step = 1e-6 * np.asarray([0, 1, 0, -1] if across is None else across)
    beside = np.stack([middle - step, middle + step])
    on = np.asarray(domain.boundary(jax.random.key(5), 8, "boundary"))
    inside = np.asarray(domain.interior(jax.random.key(5), 8))
    points = jnp.asarray(np.concatenate([on, inside, beside]))
    value, slope = map(
        np.asarray, jax.jit(jax.vmap(jax.value_and_grad(domain.smooth_distance)))(points)
    )
    np.testing.assert_allclose(value[:8], 0, atol=1e-13)
    np.testing.assert_allclose(np.linalg.norm(slope[:8], axis=1), 1, atol=1e-9)
    assert np.all(value[8:] < 0)
    np.testing.assert_allclose(slope[-1], slope[-2], atol=1e-4)
    midway = jax.vmap(jax.grad(domain.signed_distance))(jnp.asarray(beside))
    assert np.abs(midway[1] - midway[0]).max() > 0.5  # as a distance has it


@pytest.mark.slow
def test_every_domain_has_the_same_words_for_its_boundary():
    """``"boundary"`` is all of space's boundary, whatever else faces are called."""
    for name in SHAPES:
        domain = drawn(name).domain
        assert "boundary" in domain.face_names
        walls = domain.space
        on = np.asarray(domain.boundary(jax.random.key(3), 64, "boundary"))
        distance = jax.vmap(domain.smooth_distance)(jnp.asarray(on))
        np.testing.assert_allclose(distance, 0, atol=1e-14)
        if domain.time is None:
            assert walls == domain.names
            everything = domain.shared("boundary", domain.face_names)
            assert len(everything) == len(domain.shared(domain.face_names, domain.face_names))


@pytest.mark.slow
def test_faces_in_space_and_time():
    """The boundary of space at all times, the first and the last time: together all there is."""
    square = pm.Box(x=(0, 1), t=(1, 3))
    cut = square - pm.pinn.Disk((0.5, 2), 0.2, names=("x", "t"), face="hole")
    union = square | pm.Box(x=(0.5, 2), t=(1, 3))
    for domain in (square, pm.Box(t=(1, 3)) * pm.pinn.Disk(), cut, union):
        parts = [domain.shared(word, word) for word in ("boundary", "initial", "final")]
        whole = domain.shared(domain.face_names, domain.face_names)
        assert sorted(sum(parts, ())) == list(whole)
        for word, time in (("initial", 1), ("final", 3)):
            on = np.asarray(domain.boundary(jax.random.key(0), 16, word))
            np.testing.assert_array_equal(on[:, domain.time_axis], time)
            assert domain.shared(word, "boundary") == ()
    assert cut.shared("hole", "boundary") == cut.shared("hole", "hole") != ()
    apart = square | pm.Box(x=(0.5, 2), t=(2, 4))
    assert "initial" not in apart.face_names
    with pytest.raises(pm.errors.ConfigurationError, match="boundary: expected another name"):
        pm.Box(boundary=(0, 1))
    with pytest.raises(pm.errors.UnknownNameError, match="Known: boundary, final, initial, t, t"):
        square.check("edge0")
    with pytest.raises(pm.errors.ConfigurationError, match="a coordinate of space"):
        pm.Box(t=(0, 1)).smooth_distance(jnp.zeros(1))
