"""The residual on fresh points: small losses of wrong solutions are told, right ones left alone."""

from __future__ import annotations

import json
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.pinn.check import Check, TermCheck, check_residuals

NETWORK = pm.MLP((8, 8))
LINE = pm.Box(x=(0, 1))


def fisher(u, z):
    return pm.partial(u, 0)(z) - 0.002 * pm.partial(u, 1, 1)(z) - 10 * u(z) * (1 - u(z))


FRONT = pm.Problem(
    domain=pm.Box(t=(0, 1), x=(0, 1)),
    equation=fisher,
    conditions=[
        pm.initial(lambda z: jnp.exp(-(((z[1] - 0.2) / 0.05) ** 2))),
        pm.pinn.neumann(0.0, on="x"),
    ],
    name="front",
)
OSCILLATOR = pm.Problem(
    domain=pm.Box(t=(0, 50)),
    equation=lambda u, z: pm.partial(u, 0, 0)(z) + u(z),
    conditions=[pm.initial(1.0, velocity=0.0)],
    exact=lambda z: np.cos(z[:, 0]),
    name="oscillator",
)


def growth(rate, **options):
    return pm.Problem(
        domain=pm.Box(t=(0, 1)),
        equation=lambda u, z: pm.partial(u, "t")(z) - rate * u(z),
        exact=lambda z: np.exp(rate * z[:, 0]),
        name="growth",
        **options,
    )


def source(width):
    """A unit source at 1/2: the solution is a tent of height 1/4."""

    def density(x):
        return jnp.exp(-(((x - 0.5) / width) ** 2)) / (width * jnp.sqrt(jnp.pi))

    return pm.Problem(
        domain=LINE,
        equation=lambda u, z: pm.partial(u, 0, 0)(z) + density(z[0]),
        conditions=[pm.dirichlet(0.0, on="x")],
        exact=lambda z: 0.5 * np.minimum(z[:, 0], 1 - z[:, 0]),
        name="source",
    )


@pytest.mark.slow
def test_a_front_that_never_grows_is_told():
    """Fisher's equation with little diffusion and much growth; every term is small, u is not 1."""
    with pytest.warns(UserWarning, match="front: .*the solution may be wrong: equation: "):
        solution = pm.solve(FRONT, NETWORK, points=64, steps=40)
    assert abs(float(solution(np.array([[0.5, 0.5]]))[0])) < 0.1  # 0.999 is right
    term = solution.check().terms["equation"]
    assert term.trained < 0.2 and term.fresh > 1 and term.unresolved > 0.5
    assert "above a tenth of the equation's own terms at " in repr(solution)


@pytest.mark.slow
def test_an_oscillation_that_fades_is_told():
    """The free oscillator over eight periods; the residual is small and the wave is gone."""
    with pytest.warns(UserWarning, match="oscillator: .*but not beside the equation's own terms"):
        solution = pm.solve(OSCILLATOR, NETWORK, points=64, steps=40)
    assert solution.errors().relative_l2 > 0.5
    assert solution.check().terms["equation"].unresolved > 0.5


@pytest.mark.slow
def test_growth_that_hides_between_the_first_points_is_told():
    """With u' = 30 u and u(0) = 1 by penalty: u falls to nothing before the first point."""
    problem = growth(30.0, conditions=[pm.initial(1.0)])
    with pytest.warns(UserWarning, match="on the points trained on and not between them"):
        solution = pm.solve(problem, NETWORK, points=32, steps=120)
    term = solution.check().terms["equation"]
    assert term.factor > 100 and term.at["t"] < 1 / 32 and term.largest > 10


@pytest.mark.slow
def test_a_source_between_the_points_is_told_where_a_fresh_one_meets_it():
    with pytest.warns(UserWarning, match=r"source: .*near x = 0\.[45]"):
        solution = pm.solve(source(5e-3), NETWORK, points=16, steps=20)
    assert solution.errors().relative_l2 > 0.5
    term = solution.check().terms["equation"]
    assert term.trained < 0.1 < term.fresh / 10


@pytest.mark.slow
def test_a_source_that_no_point_meets_is_printed_as_an_equation_of_nothing():
    """No residual sees it: what can be said is that nothing in the equation is larger than it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solution = pm.solve(source(1e-10), NETWORK, points=32, steps=20)
    assert solution.errors().relative_l2 == pytest.approx(1.0, abs=1e-3)
    assert "above a tenth of the equation's own terms" in solution.check().words()


@pytest.mark.slow
def test_right_solutions_are_left_alone():
    wave = pm.Problem(
        domain=pm.Box(t=(0, 1), x=(0, 1)),
        equation=lambda u, z: pm.partial(u, 0)(z) - 0.1 * pm.partial(u, 1, 1)(z),
        ansatz=lambda N, z: jnp.sin(jnp.pi * z[1]) + z[0] * z[1] * (1 - z[1]) * N(z),
    )
    straight = pm.Problem(
        domain=LINE,
        equation=lambda u, z: pm.partial(u, 0, 0)(z),
        conditions=[pm.dirichlet(lambda z: z[0], on="x")],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for problem in (wave, straight):
            solution = pm.solve(problem, pm.MLP((8,)), points=64, steps=30)
            assert solution.check().warning() is None
            assert "own terms" not in repr(solution)


def test_values_and_places_of_a_known_residual():
    """The residual x² at all points, whatever u: rms 1/√5, at most 1, at the right end."""
    problem = pm.Problem(
        domain=LINE,
        equation=lambda u, z: jnp.stack([0.6 * z[0] ** 2, 0.8 * z[0] ** 2]) + 0.0 * u(z),
        conditions=[
            pm.pinn.measured(np.array([[0.5]]), np.array([3.0]), of=lambda u, z: 0.0 * u(z))
        ],
    )
    params = problem.initial_params(NETWORK, jax.random.key(0))
    sampler = pm.pinn.collocation(problem, NETWORK, points=128)
    trained = sampler.sample(jax.random.key(1), sampler.init(jax.random.key(1), params), params)[1]
    trained = {**trained, "equation": jnp.linspace(0.0, 0.1, 128)[:, None]}
    found = check_residuals(problem, NETWORK, params, sampler, trained, key=jax.random.key(2))
    term = found.terms["equation"]
    assert term.fresh == pytest.approx(1 / np.sqrt(5), rel=1e-2)
    assert term.trained == pytest.approx(0.01 / np.sqrt(5), rel=2e-2)
    assert term.largest == pytest.approx(1.0, abs=0.01) and term.at["x"] > 0.99
    assert term.samples == 8 * 128
    # Data are the same points again, so nothing is said of them.
    data = found.terms["data"]
    assert (data.trained, data.fresh, data.factor, data.unresolved) == (3.0, 3.0, 1.0, None)
    assert found.unseen == ("equation",)
    assert json.loads(json.dumps(found.numbers()))["equation"]["at"] == term.at


def test_what_is_nothing_is_not_told():
    """A residual a thousand times below the start may grow tenfold between the points."""
    term = TermCheck(1e-9, 1e-7, 8, 1e-6, {"x": 0.5}, 0.9)
    assert Check({"equation": term}, start=1.0).warning() is None
    assert "1.0e-07 on 8 fresh ones" in Check({"equation": term}, start=1e-5).warning()
    unseen = TermCheck(0.0, 1.0, 8, 1.0, {"x": 0.5}, 0.0)
    assert unseen.factor == np.inf and Check({"equation": unseen}, 1.0).unseen == ("equation",)


def test_a_residual_that_is_no_number_between_the_points_is_told():
    """No comparison with a NaN holds, so that none of size would tell it."""
    nothing = TermCheck(1e-3, float("nan"), 8, float("nan"), {"x": 0.5}, 0.0)
    found = Check({"equation": nothing}, 1.0)
    assert found.unseen == ("equation",)
    assert "not between them" in found.warning()


@pytest.mark.slow
def test_a_march_is_checked_slab_by_slab_and_a_loaded_solution_on_fresh_points_alone(tmp_path):
    def slab(box, start):
        return pm.Problem(
            domain=box,
            equation=lambda u, z: pm.partial(u, 0)(z) + u(z),
            ansatz=lambda N, z: start(z) + (z[0] - box.lower[0]) * N(z),
        )

    box, network = pm.Box(t=(0, 1)), pm.MLP((4,))
    options = {"slabs": 2, "points": 16, "steps": 10, "check": False}
    solution = pm.pinn.march(slab, box, lambda z: jnp.ones(()), network, **options)
    assert repr(solution).count("\n") == 0
    assert list(solution.check().terms) == ["slab-1 equation", "slab-2 equation"]
    first = solution.slabs[0]
    first.save(tmp_path / "first")
    loaded = pm.Solution.load(tmp_path / "first", first.problem, network)
    term = loaded.check().terms["equation"]
    assert term.trained is None and term.factor == 1.0
    assert term.fresh == pytest.approx(first.check().terms["equation"].fresh, rel=0.5)
