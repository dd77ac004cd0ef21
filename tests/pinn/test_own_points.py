"""Points of one's own: in place of drawn ones or beside them, the same at every step."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, NonFiniteError, ShapeError

BOX = pm.Box(t=(0, 2), x=(-1, 3))
PROBLEM = pm.Problem(
    domain=BOX,
    equation={"a": lambda u, z: u(z), "b": lambda u, z: u(z) ** 2},
    conditions=[pm.initial(0.0), pm.pinn.neumann(0.0, on="x"), pm.pinn.measured([[1, 1]], [2.0])],
)
LINE = pm.MLP(())
INSIDE = np.array([[0.0, -1.0], [1.0, 2.5], [2.0, 3.0]])
SIDES = np.array([[0.5, -1.0], [1.5, 3.0]])


def batches(sampler, count=3):
    params = LINE.init(jax.random.key(0), jnp.zeros(2))
    state, found = sampler.init(jax.random.key(0), params), []
    step = jax.jit(sampler.sample)
    for i in range(count):
        state, batch, _ = step(jax.random.fold_in(jax.random.key(1), i), state, params)
        found.append(batch)
    return found


@pytest.mark.parametrize("redraw", [None, pm.sampling.by_residual(every=1)])
def test_own_points_alone_are_the_points_of_the_term(redraw):
    found = batches(
        pm.pinn.collocation(
            PROBLEM, LINE, points=INSIDE, condition_points={"neumann x": SIDES}, redraw=redraw
        )
    )
    for batch in found:
        for name in ("a", "b"):
            np.testing.assert_array_equal(batch[name], INSIDE)
        np.testing.assert_array_equal(batch["neumann x"], SIDES)
        assert batch["initial"].shape == (1, 2)
    moved = not np.array_equal(found[0]["initial"], found[1]["initial"])
    assert moved == (redraw is not None)


@pytest.mark.slow
def test_beside_drawn_ones_they_come_last_and_stay():
    options = {"points": (8, INSIDE), "condition_points": {"neumann x": (4, SIDES)}}
    redraw = pm.sampling.uniformly(every=1)
    found = batches(pm.pinn.collocation(PROBLEM, LINE, redraw=redraw, **options), 2)
    plain = batches(
        pm.pinn.collocation(
            PROBLEM, LINE, points=8, condition_points={"neumann x": 4, "initial": 2}, redraw=redraw
        ),
        2,
    )
    for batch, drawn in zip(found, plain, strict=True):
        np.testing.assert_array_equal(batch["a"], np.concatenate([drawn["a"], INSIDE]))
        both = np.concatenate([drawn["neumann x"], SIDES])
        np.testing.assert_array_equal(batch["neumann x"], both)
        np.testing.assert_array_equal(batch["initial"], drawn["initial"])
    assert not np.array_equal(found[0]["a"], found[1]["a"])


@pytest.mark.slow
def test_a_solution_of_own_points_has_them_and_is_checked_between_them():
    """One point leaves a line of one parameter's slope free: u = 0 there, not elsewhere."""
    problem = pm.Problem(
        domain=pm.Box(x=(-1, 1)),
        equation=lambda u, z: u(z) - 1.0,
        conditions=[pm.pinn.require(lambda u, z: u(z) + 1.0, on="x", name="ends")],
        name="pinned",
    )
    own, end = np.array([[0.25], [0.5]]), np.array([[-1.0]])
    with pytest.warns(UserWarning, match="pinned: the residual is small on the points trained on"):
        solution = pm.solve(
            problem,
            pm.MLP((4,)),
            points=own,
            condition_points={"ends": (1, end)},
            redraw=pm.sampling.uniformly(every=2),
            steps=40,
            progress=False,
        )
    assert solution.samples == {"equation": 2, "ends": 2}
    np.testing.assert_array_equal(solution.batch["equation"], own)
    np.testing.assert_array_equal(solution.batch["ends"][1:], end)
    np.testing.assert_allclose(solution(own), 1.0, atol=1e-6)
    np.testing.assert_allclose(solution(end), -1.0, atol=1e-6)
    assert solution.check().terms["equation"].samples > 2


@pytest.mark.parametrize(
    ("points", "error", "message"),
    [
        (np.zeros(2), ShapeError, r"points: equation: expected an array \(n, d\).* got \(2,\)"),
        (np.zeros((4, 3)), ShapeError, r"points: equation: .*\(n, 2\) for coordinates.*\(4, 3\)"),
        (np.zeros((0, 2)), ShapeError, "at least one point"),
        ([[0.0, np.nan]], NonFiniteError, "points: equation: expected finite .* at index 0"),
        ([[0, 0], [0, 3.1]], ConfigurationError, r"got 1 of 2 outside, the first \[0\. +3\.1\]"),
        ((8, [[-1, 0]]), ConfigurationError, "points: equation: expected all inside Box"),
        ("many", ConfigurationError, "whole number, got 'many'; as points"),
        (None, ConfigurationError, "whole number, got None"),
        (0, ConfigurationError, "points: equation: expected at least one point, got 0"),
        ((-1, INSIDE), ConfigurationError, "at least one point, got -1"),
        (1j * INSIDE, ShapeError, "real numbers"),
    ],
)
def test_points_that_cannot_be_meant_are_refused(points, error, message):
    with pytest.raises(error, match=message):
        pm.pinn.collocation(PROBLEM, LINE, points=points)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"initial": SIDES}, r"points: initial: expected all on 'initial' of Box.* got 2 of 2"),
        ({"neumann x": INSIDE}, r"points: neumann x: expected all on 'x'.* \[1\.  2\.5\]"),
        ({"data": SIDES}, "condition_points: data: expected the 1 samples of its data"),
        (SIDES, "condition_points: expected a number, or a dict by the conditions' names"),
    ],
)
def test_points_of_conditions_lie_on_their_faces(given, message):
    with pytest.raises(ConfigurationError, match=message):
        pm.pinn.collocation(PROBLEM, LINE, condition_points=given)


def test_a_condition_that_makes_its_samples_and_says_nothing_of_others_takes_none():
    drawing = pm.pinn.Condition(
        "middle", None, lambda domain: lambda u, z: u(z), 1.0, lambda d, key, n, cube: SIDES
    )
    problem = pm.Problem(domain=BOX, equation=lambda u, z: u(z), conditions=[drawing])
    with pytest.raises(ConfigurationError, match="middle: expected a number, since this"):
        pm.pinn.collocation(problem, LINE, condition_points={"middle": INSIDE})


DISK = pm.pinn.Disk(radius=0.5, face="hole")
SQUARE = pm.Box(x=(-1, 1), y=(-1, 1))
PLACES = {
    "a circle": (SQUARE - DISK, "hole", [[0.3, 0.4], [0.0, -0.5]], [[0.3, 0.41], [1.0, 0.0]]),
    "walls beside a hole": (SQUARE - DISK, "y", [[0.0, 1.0], [1.0, 1.0]], [[0.0, 0.5]]),
    # The upper half of the circle lies within the box: no boundary, though the circle's.
    "an inner wall": (
        pm.pinn.Disk(radius=0.5) | pm.Box(x=(-1, 1), y=(0, 1)),
        "boundary", [[0.0, -0.5], [1.0, 0.5]], [[0.0, 0.5], [0.3, 0.4]],
    ),
    "a cylinder": (
        pm.Box(t=(0, 1)) * DISK, "boundary", [[0.7, 0.3, 0.4]], [[0.0, 0.1, 0.1], [0.5, 0.0, 0.0]],
    ),
    "an edge": (pm.pinn.l_shape(), "edge0", [[0.5, 0.0]], [[0.5, 0.5], [-0.5, 0.0]]),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_what_lies_on_a_face(name):
    domain, on, there, elsewhere = PLACES[name]
    assert domain.touched(on, jnp.array(there)).any(axis=1).all()
    assert not domain.touched(on, jnp.array(elsewhere)).any()


def test_where_faces_meet_a_normal_is_refused_and_a_value_is_not():
    """At a corner there are two; on one side by name there is one."""
    corner, edge = np.array([[1.0, 1.0]]), np.array([[1.0, 0.5]])

    def points(condition, own):
        problem = pm.Problem(domain=SQUARE, equation=lambda u, z: u(z), conditions=[condition])
        given = {condition.name: np.concatenate([edge, own])}
        sampler = pm.pinn.collocation(problem, LINE, points=4, condition_points=given)
        return sampler.sample(jax.random.key(0), sampler.init(jax.random.key(0), None), None)[1]

    outward = lambda u, z, normal: normal
    for condition in (
        pm.pinn.neumann(0.0, on="boundary"),
        pm.pinn.robin(1.0, 1.0, 0.0, on=("x", "y")),
        pm.pinn.require(outward, on="boundary"),
    ):
        with pytest.raises(ConfigurationError, match=r"one outward normal, got 1 .*\[1\. 1\.\]"):
            points(condition, corner)
    for condition in (
        pm.dirichlet(0.0, on="boundary"),
        pm.pinn.neumann(0.0, on="x"),
        pm.pinn.require(lambda u, z: u(z), on="boundary"),
    ):
        assert points(condition, corner)[condition.name].shape == (2, 2)
