"""Which coordinate is time, and where it begins, is the domain's word: never the first, from 0."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

NETWORK = pm.MLP((6,))
TIMES = {
    "time alone": pm.Box(t=(0, 1)),
    "later": pm.Box(t=(5, 6)),
    "before": pm.Box(t=(-200, -100)),
    "time last": pm.Box(x=(0, 1), t=(2, 3)),
    "told": pm.Box(x=(0, 1), tau=(5, 6), time="tau"),
    "in full": pm.Box(x=(0, 1), time=(-1, 1)),
    "a product": pm.Box(tau=(1, 3), time="tau") * pm.pinn.Disk(),
    "of boxes": pm.Box(x=(0, 1)) * pm.Box(tau=(1, 3), time="tau"),
    "a boolean": (
        pm.Box(x=(-1, 1), tau=(1, 2), time="tau") - pm.pinn.Disk((0, 1.5), 0.2, names=("x", "tau"))
    ),
    "a product of booleans": pm.Box(t=(3, 4)) * (pm.pinn.Disk(radius=2) - pm.pinn.Disk()),
}
times = pytest.mark.parametrize("domain", TIMES.values(), ids=TIMES)


def field_of(problem, network=NETWORK):
    params = problem.initial_params(network, jax.random.key(0))
    return problem.solution_field(network, params)


def starting(domain, ansatz):
    return field_of(pm.Problem(domain=domain, equation=lambda u, z: u(z), ansatz=ansatz))


@times
def test_a_domain_knows_its_time(domain):
    assert domain.time in domain.names and domain.time in ("t", "tau", "time")
    assert set(domain.space) == set(domain.names) - {domain.time}
    axis = domain.names.index(domain.time)
    assert domain.time_axis == axis
    assert domain.times == (domain.lower[axis], domain.upper[axis])


def test_a_domain_without_time_says_so():
    for domain in (
        pm.pinn.Disk(),
        pm.Box(x=(0, 1), y=(0, 1)),
        pm.Box(t=(0, 1), x=(0, 1), time=None),
    ):
        assert domain.time is None and domain.space == domain.names
        with pytest.raises(pm.errors.ConfigurationError, match="expected a coordinate that is t"):
            _ = domain.times
    with pytest.raises(pm.errors.UnknownNameError, match=r"coordinate 'tau'.*Known: t, x"):
        pm.Box(t=(0, 1), x=(0, 1), time="tau")
    with pytest.raises(pm.errors.ConfigurationError, match="one time, got 't' and 'tau'"):
        pm.Box(t=(0, 1), tau=(0, 1), time="t") & pm.Box(t=(0, 1), tau=(0, 1), time="tau")


def test_a_box_is_written_with_the_time_it_was_told():
    assert repr(TIMES["told"]) == "Box(x=(0, 1), tau=(5, 6), time='tau')"
    assert repr(pm.Box(t=(0, 1), time=None)) == "Box(t=(0, 1), time=None)"
    assert repr(TIMES["in full"]) == "Box(x=(0, 1), time=(-1, 1))"
    assert repr(TIMES["told"].between(5, 5.5)) == "Box(x=(0, 1), tau=(5, 5.5), time='tau')"


@times
@pytest.mark.parametrize("made", ["itself", "in a chain", "in a lambda", "beside a lambda"])
def test_an_initial_value_stands_at_the_first_time(domain, made):
    """Whatever the network, and however the helper comes to the problem."""
    value, rate = lambda z: jnp.sum(z**2), 3.0
    hard = pm.pinn.hard_initial(value, velocity=rate)
    ansatz = {
        "itself": hard,
        "in a chain": pm.pinn.compose(lambda N, z: 2 * N(z), hard),
        "in a lambda": lambda N, z: hard(lambda y: N(y) - 1, z),
        "beside a lambda": pm.pinn.compose(lambda N, z: N(z) + 1, lambda N, z: hard(N, z)),
    }[made]
    u, axis = starting(domain, ansatz), domain.time_axis
    z = domain.interior(jax.random.key(1), 5).at[:, axis].set(domain.times[0])
    found, speed = jax.jit(jax.vmap(lambda z: (u(z), pm.partial(u, domain.time)(z))))(z)
    np.testing.assert_allclose(found, jnp.sum(z**2, axis=1), rtol=1e-12)
    np.testing.assert_allclose(speed, 3.0, rtol=1e-9)
    later = z.at[:, axis].set(domain.times[1])
    assert np.abs(jax.vmap(u)(later) - jax.vmap(value)(z)).min() > 1e-3


def test_a_start_that_contradicts_the_domain_is_refused():
    """One of its times is respected: the last, of a problem that is solved backwards, say."""
    box = pm.Box(x=(0, 1), t=(5, 6))
    for start in (0.0, 4.9, 6.5):
        with pytest.raises(
            pm.errors.ConfigurationError, match=rf"start: .* from 5 to 6, got {start}"
        ):
            starting(box, pm.pinn.hard_initial(1.0, start=start))
    for start in (5, 5.5, 6.0):
        u = starting(box, pm.pinn.hard_initial(1.0, start=start))
        assert float(u(jnp.array([0.3, start]))) == 1.0
    with pytest.raises(pm.errors.ConfigurationError, match="a coordinate that is time"):
        starting(pm.Box(x=(0, 1), y=(0, 1)), pm.pinn.hard_initial(1.0))
    # A single coordinate is the one along which all evolves, whatever its name.
    assert float(starting(pm.Box(x=(3, 4)), pm.pinn.hard_initial(2.0))(jnp.array([3.0]))) == 2.0


def test_the_problem_of_another_domain_gets_another_ansatz():
    problem = pm.Problem(
        domain=pm.Box(t=(0, 1)), equation=lambda u, z: u(z), ansatz=pm.pinn.hard_initial(2.0)
    )
    moved = replace(problem, domain=pm.Box(x=(0, 1), t=(7, 8)))
    assert float(field_of(moved)(jnp.array([0.5, 7.0]))) == 2.0


@pytest.mark.slow
def test_hard_dirichlet_leaves_time_alone_on_every_domain():
    """``D`` vanishes on the boundary of space and neither at the first time nor at the last."""
    for name in ("time last", "told", "a product", "a product of booleans"):
        domain = TIMES[name]
        u = jax.jit(jax.vmap(starting(domain, pm.pinn.hard_dirichlet(domain, 2.0))))
        walls = domain.boundary(jax.random.key(0), 16, "boundary")
        np.testing.assert_allclose(u(walls), 2.0, atol=1e-12)
        for face in ("initial", "final"):
            ends = domain.boundary(jax.random.key(0), 16, face)
            assert np.abs(u(ends) - 2.0).max() > 1e-3
    with pytest.raises(pm.errors.ConfigurationError, match="no boundary in space"):
        pm.pinn.hard_dirichlet(pm.Box(t=(0, 1)))


def test_hard_dirichlet_on_other_coordinates_is_refused():
    for other in (pm.Box(x=(0, 1)), pm.Box(x=(0, 1), t=(0, 1)), pm.Box(t=(0, 1), y=(0, 1))):
        with pytest.raises(pm.errors.ConfigurationError, match="hard_dirichlet: domain: expected"):
            starting(pm.Box(t=(0, 1), x=(0, 1)), pm.pinn.hard_dirichlet(other, on="boundary"))


@pytest.mark.parametrize("name", ["later", "time last", "told", "in full"])
def test_the_initial_condition_stands_at_the_first_time(name):
    domain = TIMES[name]
    condition = pm.initial(lambda z: jnp.sum(z), velocity=2.0)
    problem = pm.Problem(domain=domain, equation=lambda u, z: u(z), conditions=[condition])
    points = condition.samples(domain, jax.random.key(0), 6, pm.sampling.sobol)
    np.testing.assert_array_equal(points[:, domain.time_axis], domain.times[0])
    row = condition.operator(domain)
    obeys = lambda z: jnp.sum(z) + (z[domain.time_axis] - domain.times[0])
    np.testing.assert_allclose(jax.vmap(lambda z: row(obeys, z))(points), 0.0, atol=1e-12)
    assert problem.conditions[0] is condition


def test_equations_and_conditions_take_coordinates_by_name():
    """The heat equation with time last is that with time first."""
    rows = []
    for box, z in (
        (pm.Box(t=(0, 1), x=(0, 1), y=(0, 1)), [0.2, 0.3, 0.4]),
        (pm.Box(x=(0, 1), y=(0, 1), t=(0, 1)), [0.3, 0.4, 0.2]),
    ):
        problem = pm.Problem(
            domain=box,
            equation=lambda u, z: pm.partial(u, "t")(z) - pm.laplacian(u, axes=("x", "y"))(z),
            conditions=[pm.pinn.require(lambda u, z: pm.partial(u, "x", "t")(z), on="boundary")],
            ansatz=lambda N, z, b=box: (
                0 * N(z) + z[b.axis("t")] * jnp.sin(z[b.axis("x")]) * z[b.axis("y")] ** 3
            ),
        )
        params = problem.initial_params(NETWORK, jax.random.key(0))
        made = pm.pinn.residual_rows(problem, NETWORK)
        rows.append([float(row(params, jnp.array(z))) for row in made.values()])
    x, y, t = 0.3, 0.4, 0.2
    heat = np.sin(x) * y**3 - t * (6 * y - y**3) * np.sin(x)
    np.testing.assert_allclose(rows, [[heat, np.cos(x) * y**3]] * 2, rtol=1e-12)


@pytest.mark.parametrize("unknown", [None, "u"])
def test_a_laplacian_over_time_is_refused_before_the_first_step(unknown):
    """Of the unknown, of a function of it, and of one unknown of several."""
    box = pm.Box(t=(0, 1), x=(0, 1))
    for function in (lambda v: v, lambda v: lambda z: v(z) ** 2):
        equation = lambda u, z, f=function: pm.laplacian(f(u if unknown is None else u[unknown]))(z)
        network = NETWORK if unknown is None else {unknown: NETWORK}
        with pytest.raises(pm.errors.ConfigurationError, match=r"axes=\('x',\) for those of space"):
            pm.solve(pm.Problem(domain=box, equation=equation), network, points=4, steps=1)


def test_a_solution_is_differentiated_by_name():
    problem = pm.Problem(
        domain=pm.Box(x=(0, 1), t=(0, 1)),
        equation=lambda u, z: u(z),
        ansatz=lambda N, z: z[0] ** 2 * z[1] + 0 * N(z),
    )
    solution = pm.solve(problem, NETWORK, points=4, steps=0)
    assert float(pm.partial(solution.field, "x")(jnp.array([2.0, 3.0]))) == 12.0
    slopes = solution.derivative(lambda u: pm.partial(u, "t"), np.array([[2.0, 3.0], [3.0, 1.0]]))
    np.testing.assert_allclose(slopes, [4.0, 9.0])


@pytest.mark.slow
@pytest.mark.parametrize(
    "domain",
    [pm.Box(x=(0, 1), t=(5, 6)), pm.Box(x=(0, 1), tau=(-3, -2), time="tau"), pm.Box(t=(8, 9))],
    ids=str,
)
def test_a_march_cuts_time_wherever_it_stands(domain):
    axis, (begin, end) = domain.time_axis, domain.times
    start = lambda z: jnp.sum(z**2) - z[axis] ** 2

    def decay(box, start):
        return pm.Problem(
            domain=box,
            equation=lambda u, z: pm.partial(u, box.time)(z) + u(z),
            ansatz=pm.pinn.hard_initial(start),
        )

    # Without a step: continuity, and where the slabs lie, hold for any parameters.
    solution = pm.pinn.march(decay, domain, start, pm.MLP((4,)), slabs=2, points=4, steps=0)
    assert solution.times == (begin, begin + 0.5, end)
    for slab, times in zip(solution.slabs, pairwise(solution.times), strict=True):
        assert slab.problem.domain.times == times
        assert slab.problem.domain.space == domain.space
    at = np.array(domain.interior(jax.random.key(0), 6))
    at[:, axis] = begin
    np.testing.assert_allclose(solution(at), jax.vmap(start)(at), atol=1e-14)
    at[:, axis] = begin + 0.5
    first, second = (slab(at) for slab in solution.slabs)
    np.testing.assert_allclose(second, first, atol=1e-14)
    assert np.abs(first - jax.vmap(start)(at)).min() > 1e-3
    at[3:, axis] = end
    parts = np.append(first[:3], solution.slabs[1](at[3:]))
    np.testing.assert_allclose(solution(at), parts, atol=1e-14)
    slope = jax.jit(jax.vmap(pm.partial(solution.slabs[1].field, domain.time)))(at[3:])
    found = jax.jit(jax.vmap(pm.partial(solution.field, domain.time)))(at[3:])
    np.testing.assert_allclose(found, slope, rtol=1e-12)


def test_a_march_needs_a_box_with_time():
    slab = lambda box, start: pm.Problem(domain=box, equation=lambda u, z: u(z))
    start = lambda z: jnp.ones(())
    with pytest.raises(pm.errors.ConfigurationError, match="a coordinate that is time"):
        pm.pinn.march(slab, pm.Box(x=(0, 1), y=(0, 1)), start, NETWORK, slabs=2)
    with pytest.raises(pm.errors.ConfigurationError, match="march expects a Box"):
        pm.pinn.march(slab, TIMES["a product"], start, NETWORK, slabs=2)


def test_interpolation_in_waves_has_time_wherever_it_stands():
    field = lambda z: jnp.sin(z[0]) * z[1]
    u = pm.pinn.trigonometric_interpolant(field, pm.Box(x=(0, 2 * np.pi), t=(2, 3)), waves=2)
    assert float(u(jnp.array([0.7, 2.9]))) == pytest.approx(2 * np.sin(0.7))


@pytest.mark.parametrize(
    "options",
    [
        {"domain": pm.Box(x=(0, 1), t=(0, 1)), "periodic": "x"},
        {"domain": pm.Box(t=(0, 1), x=(0, 1))},
        {"domain": pm.Box(t=(0, 1), x=(0, 1)), "periodic": "x", "features": lambda z: z[:1]},
    ],
    ids=["time last", "no period", "features"],
)
def test_a_fourier_series_needs_its_period_last(options):
    """It took time and a sine for the sine and cosine of an angle."""
    problem = pm.Problem(equation=lambda u, z: u(z), **options)
    with pytest.raises(pm.errors.ConfigurationError, match="FourierSeries takes the last two"):
        problem.initial_params(pm.networks.FourierSeries(3, waves=2), jax.random.key(0))
