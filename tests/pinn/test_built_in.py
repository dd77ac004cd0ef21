"""``Problem(hard=True)`` builds Dirichlet and initial conditions into the solution of a box."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

KEY = jax.random.key(0)
SCALAR = pm.MLP((6,))


def anything(u, z):
    return u(z)


def field_of(problem, network=SCALAR):
    return problem.solution_field(network, problem.initial_params(network, jax.random.key(5)))


def wave(z):
    """On ``Box(x=…, t=…)``: nothing of it is polynomial."""
    return jnp.exp(0.3 * z[0]) * jnp.sin(1 + z[1] + z[0])


def wave_rate(z):
    return jnp.exp(0.3 * z[0]) * jnp.cos(1 + z[1] + z[0])


PLANE = pm.Box(x=(-1, 2), t=(3, 5))
ROOM = pm.Box(x=(0, 1), t=(-2, 0), y=(0, 3))
smooth = lambda z: jnp.exp(z[0] - 0.2 * z[2]) * jnp.cos(z[1])
smooth_rate = lambda z: -jnp.exp(z[0] - 0.2 * z[2]) * jnp.sin(z[1])

SETS = {
    "ends": (PLANE, [pm.dirichlet(wave, "x")], wave),
    "one end": (PLANE, [pm.dirichlet(wave, "x+")], wave),
    "two conditions": (PLANE, [pm.dirichlet(wave, "x-"), pm.dirichlet(wave, "x+")], wave),
    "a start": (PLANE, [pm.initial(wave)], wave),
    "a start in motion": (PLANE, [pm.initial(wave, velocity=wave_rate)], wave),
    "start and ends": (PLANE, [pm.initial(wave), pm.dirichlet(wave, "boundary")], wave),
    "motion and ends": (
        PLANE,
        [pm.dirichlet(wave, "x"), pm.initial(wave, velocity=wave_rate)],
        wave,
    ),
    "start and end of time": (PLANE, [pm.initial(wave), pm.dirichlet(wave, "final")], wave),
    "motion, its end, and walls": (
        PLANE,
        [
            pm.initial(wave, velocity=wave_rate),
            pm.dirichlet(wave, "t+"),
            pm.dirichlet(wave, "x"),
        ],
        wave,
    ),
    "motion backwards": (PLANE, [pm.initial(wave, on="final", velocity=wave_rate)], wave),
    "a room in motion": (
        ROOM,
        [pm.dirichlet(smooth, "boundary"), pm.initial(smooth, velocity=smooth_rate)],
        smooth,
    ),
    "three walls": (ROOM, [pm.dirichlet(smooth, ("x", "y+")), pm.initial(smooth)], smooth),
    "numbers": (PLANE, [pm.dirichlet(2.0, "x"), pm.initial(2.0, velocity=0.0)], lambda z: 2.0),
    "different numbers": (
        PLANE,
        [pm.dirichlet(-1.0, "x-"), pm.dirichlet(2, "x+"), pm.initial(lambda z: z[0])],
        lambda z: z[0],
    ),
}


@pytest.mark.parametrize("name", SETS)
def test_the_conditions_hold_for_any_parameters(name):
    """And nowhere else: inside, the network decides."""
    domain, conditions, exact = SETS[name]
    problem = pm.Problem(domain=domain, equation=anything, conditions=conditions, hard=True)
    assert problem.conditions == () and set(problem.built_in) == {c.name for c in conditions}
    u = field_of(problem)
    for condition in conditions:
        on = domain.boundary(KEY, 12, condition.face)
        row = condition.operator(domain)
        rows = jax.jit(jax.vmap(lambda z, row=row: row(u, z)))(on)
        np.testing.assert_allclose(rows, 0.0, atol=1e-10)
    inside = domain.interior(KEY, 12)
    assert (
        np.abs(jax.vmap(u)(inside) - jax.vmap(lambda z: exact(z) + 0.0 * z[0])(inside)).max() > 1e-3
    )


@pytest.mark.parametrize("hard", [True, ("walls", "start")])
def test_components_of_a_vector_each_obey_their_own(hard):
    """The first at rest on the walls, the second given on one, the third free, all at the start."""
    start = lambda z: jnp.stack([jnp.sin(jnp.pi * z[0]), z[0] ** 2, jnp.cos(z[0])])
    box = pm.Box(x=(0, 1), t=(1, 2))
    conditions = [
        pm.dirichlet(0.0, "x", component=0, name="walls"),
        pm.initial(start, name="start"),
        pm.pinn.neumann(0.0, "x-", component=2),
    ]
    if hard is True:
        conditions.append(pm.dirichlet(lambda z: z[:1] ** 2, "x+", component=(1,), name="wall"))
    problem = pm.Problem(
        domain=box, equation=anything, conditions=conditions, components=3, hard=hard
    )
    assert [c.name for c in problem.conditions] == ["neumann x-"]
    u = jax.jit(jax.vmap(field_of(problem, pm.MLP((6,), outputs=3))))
    first = box.boundary(KEY, 8, "initial")
    np.testing.assert_allclose(u(first), jax.vmap(start)(first), atol=1e-12)
    walls = u(box.boundary(KEY, 8, "x"))
    np.testing.assert_allclose(walls[:, 0], 0.0, atol=1e-12)
    ends = u(box.boundary(KEY, 8, "x+"))
    assert bool(np.abs(ends[:, 1] - 1.0).max() < 1e-12) is (hard is True)
    assert np.abs(ends[:, 2] - np.cos(1.0)).max() > 1e-3


def test_unknowns_by_name_and_what_is_left():
    """One is built in, another has an ansatz of its own, and a third nothing at all."""
    box = pm.Box(t=(0, 1), x=(0, 1))
    problem = pm.Problem(
        domain=box,
        equation=lambda f, z: f["u"](z) + f["v"](z) + f["w"](z),
        conditions=[
            pm.initial(1.0, unknown="u"),
            pm.dirichlet(lambda z: jnp.ones(2), "x", unknown="w"),
            pm.pinn.robin(1.0, 1.0, 0.0, "x", unknown="v"),
            pm.pinn.periodic("x", unknown="v"),
        ],
        ansatz={"v": lambda N, z: jnp.exp(N(z))},
        components={"w": 2},
        hard=True,
    )
    assert problem.built_in == ("initial", "dirichlet x")
    assert [c.name for c in problem.conditions] == ["robin x", "periodic x"]
    networks = {"u": SCALAR, "v": SCALAR, "w": pm.MLP((3,), outputs=2)}
    fields = field_of(problem, networks)
    assert float(fields["u"](jnp.array([0.0, 0.3]))) == 1.0
    np.testing.assert_allclose(fields["w"](jnp.array([0.4, 1.0])), 1.0)
    assert float(fields["v"](jnp.array([0.0, 0.3]))) > 0


def refused(match, error=pm.errors.ConfigurationError, **options):
    usual = {"domain": pm.Box(t=(0, 1), x=(0, 1)), "equation": anything, "hard": True}
    with pytest.raises(error, match=match):
        pm.Problem(**(usual | options))


def test_what_cannot_be_built_in_is_named():
    on_x = pm.dirichlet(0.0, "x")
    refused("nothing can be built in.* got no condition")
    refused(
        "got 'neumann x', 'periodic x'",
        conditions=[pm.pinn.neumann(0.0, "x"), pm.pinn.periodic("x")],
    )
    refused(
        "got 'dirichlet boundary' on Disk",
        domain=pm.pinn.Disk(),
        conditions=[pm.dirichlet(0.0, "boundary")],
    )
    refused("'neumann t' cannot", conditions=[on_x, pm.pinn.neumann(0.0, "t")], hard=("neumann t",))
    refused("condition 'walls'", pm.errors.UnknownNameError, conditions=[on_x], hard=("walls",))
    refused("an ansatz, not both", conditions=[on_x], ansatz=pm.pinn.hard_initial(0.0))
    refused(
        "both give a velocity",
        conditions=[
            pm.initial(0.0, velocity=0.0),
            pm.initial(0.0, "final", velocity=0.0, name="end"),
        ],
    )
    refused(
        r"expected a number or an array of shape \(\)",
        pm.errors.ShapeError,
        conditions=[pm.dirichlet(lambda z: z, "x")],
    )
    refused(
        "a scalar, got 0", pm.errors.ShapeError, conditions=[pm.dirichlet(0.0, "x", component=0)]
    )


@pytest.mark.parametrize(
    ("conditions", "match"),
    [
        ([pm.initial(1.0), pm.dirichlet(0.0, "x")], r"values of .* where t- and x- meet: 1 and 0"),
        (
            [pm.initial(0.0, velocity=1.0), pm.dirichlet(0.0, "x+")],
            r"velocities of 'initial' and 'dirichlet x\+' .* where t- and x\+ meet: 1 and 0",
        ),
        (
            [pm.dirichlet(lambda z: z[1], "x"), pm.dirichlet(0.0, "final")],
            r"values of .* where x\+ and t\+ meet: 1 and 0",
        ),
    ],
)
def test_values_that_do_not_agree_where_faces_meet_are_told(conditions, match):
    """Nothing smooth has both; one of them alone can still be built in."""
    refused(match, conditions=conditions)
    one = pm.Problem(
        domain=pm.Box(t=(0, 1), x=(0, 1)),
        equation=anything,
        conditions=conditions,
        hard=(conditions[0].name,),
    )
    assert one.built_in == (conditions[0].name,)
    assert [c.name for c in one.conditions] == [conditions[1].name]


def test_contradictions_are_found_on_every_domain_and_between_components():
    """Names of faces overlap: ``"boundary"`` is every wall, and no component is all of them."""
    pairs = [
        (pm.Box(x=(0, 1)), pm.dirichlet(0.0, "boundary"), pm.dirichlet(1.0, "x+")),
        (
            pm.Box(z=(0, 1)) * pm.pinn.Disk(face="mantle"),
            pm.dirichlet(0.0, "mantle"),
            pm.dirichlet(1.0, "boundary"),
        ),
        (pm.pinn.l_shape(), pm.dirichlet(0.0, "edge1"), pm.dirichlet(1.0, "boundary")),
        (
            pm.Box(x=(0, 1)),
            pm.dirichlet(lambda z: jnp.stack([z[0], 0 * z[0]]), "x"),
            pm.dirichlet(1.0, "x", component=1, name="other"),
        ),
        (pm.Box(x=(0, 1)), pm.dirichlet(1e-19, "x"), pm.dirichlet(2e-19, "x+")),  # coulombs
    ]
    for domain, one, other in pairs:
        with pytest.raises(pm.errors.ConfigurationError, match="contradict one another on"):
            pm.Problem(domain=domain, equation=anything, conditions=[one, other], components=2)


@pytest.mark.slow
def test_many_dimensions():
    """Numbers cost nothing; functions on the faces of ten axes would be evaluated 3¹⁰ times."""
    names = [f"x{i}" for i in range(10)]
    box = pm.Box(t=(0, 1), **dict.fromkeys(names, (0, 1)))
    bump = lambda z: jnp.prod(z[1:] * (1 - z[1:]))
    conditions = [pm.dirichlet(0.0, "boundary"), pm.initial(bump, velocity=0.0)]
    problem = pm.Problem(domain=box, equation=anything, conditions=conditions, hard=True)
    u = jax.jit(jax.vmap(field_of(problem)))
    np.testing.assert_allclose(u(box.boundary(KEY, 40, "boundary")), 0.0, atol=1e-15)
    first = box.boundary(KEY, 4, "initial")
    np.testing.assert_allclose(u(first), jax.vmap(bump)(first), atol=1e-15)
    vary = pm.dirichlet(lambda z: jnp.sum(z), "boundary", name="walls")
    soft = pm.Problem(domain=box, equation=anything, conditions=[vary])
    assert soft.could_be_built_in == ()
    refused("'walls' cannot be built in", domain=box, conditions=[vary], hard=("walls",))
    several = [pm.dirichlet(lambda z: jnp.sum(z), tuple(names[i : i + 5])) for i in (0, 5)]
    refused("faces of 10 axes", domain=box, conditions=several)


@pytest.mark.slow
def test_a_copy_of_a_hard_problem_is_as_hard():
    """With another name, and on another domain, whose faces and times its conditions then obey."""
    problem = pm.Problem(
        domain=pm.Box(x=(0, 1), t=(0, 1)),
        equation=anything,
        conditions=[pm.dirichlet(2.0, "x"), pm.initial(2.0), pm.pinn.neumann(0.0, "final")],
        hard=True,
    )
    moved = replace(problem, name="moved", domain=pm.Box(t=(5, 6), x=(-3, -2)))
    assert moved.built_in == problem.built_in == ("dirichlet x", "initial")
    assert [c.name for c in moved.conditions] == ["neumann final"]
    u = jax.vmap(field_of(moved))
    np.testing.assert_allclose(u(moved.domain.boundary(KEY, 8, ("x", "initial"))), 2.0)


@pytest.mark.slow
def test_a_problem_says_what_it_could_build_in():
    box, conditions = pm.Box(x=(0, 1)), [pm.dirichlet(0.0, "x-"), pm.pinn.neumann(0.0, "x+")]
    soft = pm.Problem(domain=box, equation=anything, conditions=conditions)
    assert (soft.built_in, soft.could_be_built_in) == ((), ("dirichlet x-",))
    hard = pm.Problem(domain=box, equation=anything, conditions=conditions, hard=True)
    assert (hard.built_in, hard.could_be_built_in) == (("dirichlet x-",), ())
    disk = pm.Problem(
        domain=pm.pinn.Disk(), equation=anything, conditions=[pm.dirichlet(0.0, "boundary")]
    )
    assert disk.could_be_built_in == ()
    advice = "'dirichlet x-': left to penalties; Problem(hard=True) builds them in"
    for problem in (soft, hard):
        solution = pm.solve(problem, SCALAR, points=4, steps=0)
        assert (advice in repr(solution)) is (problem is soft)


@pytest.mark.slow
def test_values_built_in_beat_penalties():
    """``u'' − e^u = f``, values at both ends: the error is far below that of the penalty."""
    exact = lambda x: np.sin(2 * x) + x
    equation = lambda u, z: (
        pm.laplacian(u)(z)
        - jnp.exp(u(z))
        + 4 * jnp.sin(2 * z[0])
        + jnp.exp(jnp.sin(2 * z[0]) + z[0])
    )
    errors = {}
    for hard in (False, True):
        problem = pm.Problem(
            domain=pm.Box(x=(0, 2)),
            equation=equation,
            conditions=[pm.dirichlet(0.0, "x-"), pm.dirichlet(float(exact(2.0)), "x+")],
            hard=hard,
            exact=lambda z: exact(z[:, 0]),
        )
        errors[hard] = pm.solve(problem, pm.MLP((8,)), points=32, steps=30).errors().relative_l2
    assert errors[True] < 0.1 * errors[False]
    with jax.enable_x64(False):
        u = field_of(problem)
        assert u(jnp.array([2.0])).dtype == jnp.float32
