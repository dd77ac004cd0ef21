"""Units: problems in millimetres, kelvin and nanoseconds give the digits of their plain forms."""

from __future__ import annotations

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm
from physml.pinn.collocation import first_batch
from physml.pinn.measured_scales import measured
from physml.pinn.scales import Scales
from physml.train import checkpoint

NETWORK = pm.MLP((8, 8))


def beam(length):
    """M″ = −1 between hinges: M = x (L − x)/2."""
    return pm.Problem(
        domain=pm.Box(x=(0, length)),
        equation=lambda M, z: pm.partial(M, "x", "x")(z) + 1,
        conditions=[pm.dirichlet(0.0, on="x")],
        exact=lambda z: z[:, 0] * (length - z[:, 0]) / 2,
        name="beam",
    )


def charge(permittivity):
    """ε u″ = −ε f, as of a charge between grounded plates."""
    return pm.Problem(
        domain=pm.Box(x=(0, 1)),
        equation=lambda u, z: (
            permittivity * (pm.partial(u, "x", "x")(z) + jnp.pi**2 * jnp.sin(jnp.pi * z[0]))
        ),
        conditions=[pm.dirichlet(0.0, on="x")],
        exact=lambda z: np.sin(np.pi * z[:, 0]),
        name="charge",
    )


def line(length):
    """u″ = 0 from 0 to 1 over a length."""
    return pm.Problem(
        domain=pm.Box(x=(0, length)),
        equation=lambda u, z: pm.partial(u, "x", "x")(z),
        conditions=[pm.dirichlet(0.0, on="x-"), pm.dirichlet(1.0, on="x+")],
        exact=lambda z: z[:, 0] / length,
    )


def wall(kelvin, rise, conductivity=1.0, width=1.0):
    """A wall that is heated inside; temperatures vary little about their mean."""
    s = lambda z: z[:, 0] / width
    return pm.Problem(
        domain=pm.Box(x=(0, width)),
        equation=lambda T, z: (
            conductivity * pm.partial(T, "x", "x")(z) + conductivity * 8 * rise / width**2
        ),
        conditions=[pm.dirichlet(kelvin, on="x-"), pm.dirichlet(kelvin + rise, on="x+")],
        exact=lambda z: kelvin + rise * (s(z) + 4 * s(z) * (1 - s(z))),
    )


def discharge(seconds):
    """V′ = −V/τ from 5 volts; time in seconds, or in τ."""
    return pm.Problem(
        domain=pm.Box(t=(0, 3 * seconds)),
        equation=lambda V, z: pm.partial(V, "t")(z) + V(z) / seconds,
        conditions=[pm.initial(5.0)],
        exact=lambda z: 5 * np.exp(-z[:, 0] / seconds),
    )


def plate(side, load=1.0):
    """A square membrane under a wave of load, its sag in the load's units."""

    def equation(u, z):
        x, y = jnp.pi * z / side
        return pm.laplacian(u)(z) + load * 2 * (jnp.pi / side) ** 2 * jnp.sin(x) * jnp.sin(y)

    return pm.Problem(
        domain=pm.Box(x=(0, side), y=(0, side)),
        equation=equation,
        conditions=[pm.dirichlet(0.0, on=("x", "y"))],
        exact=lambda z: load * np.prod(np.sin(np.pi * z / side), axis=1),
    )


def scales_of(problem, network=NETWORK):
    params = problem.initial_params(network, jax.random.key(0))
    sampler = pm.pinn.collocation(problem, network, points=64, condition_points=16)
    return measured(problem, network, params, first_batch(sampler, jax.random.key(0), params))


FORMS = {
    "a permittivity in farads per metre": (charge(8.85e-12), charge(1.0), 1e-5),
    "a line in units of a hundred thousandth": (line(1e5), line(1.0), 1e-5),
    "a beam in millimetres": (beam(6000.0), beam(1.0), 1e-3),
    "a wall in kelvin and metres": (wall(293.0, 2.0, 400.0, 0.1), wall(0.0, 1.0), 1e-4),
    "a discharge in seconds": (discharge(1e-9), discharge(1.0), 1e-5),
    "a plate in micrometres": (plate(500.0, 1e-3), plate(1.0), 1e-2),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMS)
def test_units_do_not_change_the_digits(name):
    """Errors relative to what varies: both forms come to the tolerance, each by its own steps."""
    errors = []
    *forms, tolerance = FORMS[name]
    for problem in forms:
        solution = pm.solve(problem, NETWORK, points=64, steps=80, check=False)
        exact = problem.exact(solution.grid())
        errors.append(
            np.linalg.norm(solution(solution.grid()) - exact) / np.linalg.norm(exact - exact.mean())
        )
    assert max(errors) < tolerance


@pytest.mark.slow
def test_a_change_of_units_by_a_power_of_two_changes_no_bit():
    """Sizes are powers of two, so that the same steps are taken: nothing is rounded anew."""
    kilometres, more = (
        pm.solve(beam(length), NETWORK, points=32, steps=6, check=False)
        for length in (2.0**12, 2.0**13)
    )
    x = np.linspace(0.0, 2.0**12, 50)[:, None]
    np.testing.assert_array_equal(4 * kilometres(x), more(2 * x))
    assert kilometres.result.history["loss"].tolist() == more.result.history["loss"].tolist()


@pytest.mark.slow
def test_an_unknown_number_is_scaled_to_its_guess():
    """A modulus of 7.8e8 from a guess of 1e8, by displacements of size one."""
    x = np.linspace(0, 1, 21)[:, None]

    def equation(u, z):
        load = 7.8e8 * jnp.pi**2 * jnp.sin(jnp.pi * z[0])
        return u["modulus"](z) * pm.partial(u["sag"], "x", "x")(z) + load

    problem = pm.Problem(
        domain=pm.Box(x=(0, 1)),
        equation=equation,
        conditions=[pm.pinn.measured(x, np.sin(np.pi * x[:, 0]), unknown="sag")],
    )
    unknowns = {"sag": NETWORK, "modulus": pm.networks.Constant(1e8)}
    solution = pm.solve(problem, unknowns, points=64, steps=40, check=False)
    found = float(solution(np.array([[0.5]]))["modulus"][0])
    assert found == pytest.approx(7.8e8, rel=1e-5)
    last = solution.result.history["unknown/modulus"][-1]
    assert last == pytest.approx(found, rel=1e-3), "logged in the problem's units"
    assert solution.result.history["unknown/modulus"][0] == 1e8


@pytest.mark.slow
def test_ordinary_problems_keep_their_bits():
    one, other = (
        pm.solve(charge(1.0), NETWORK, points=16, steps=3, check=False, scale=scale)
        for scale in (True, False)
    )
    assert one.problem.scales is None
    for a, b in zip(*(jax.tree.leaves(s.params) for s in (one, other)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_sizes_that_are_measured():
    """By hand: a beam by its load, a wall about its mean, a coupled unknown by what it balances."""
    found = scales_of(beam(6000.0))
    assert 1e6 < found.unit[""] < 3e7 and found.size["equation"] == 1.0
    warm = scales_of(wall(293.0, 2.0, 400.0, 0.1))
    assert abs(warm.offset[""] - 294) < 4 and 0.5 < warm.unit[""] < 9
    omega = 1e6
    swing = pm.Problem(
        domain=pm.Box(t=(0, 1 / omega)),
        equation=lambda u, z: jnp.stack(
            [pm.partial(u, "t")(z)[0] - u(z)[1], pm.partial(u, "t")(z)[1] + omega**2 * u(z)[0]]
        ),
        conditions=[pm.initial(1e-3, component=0)],
        components=2,
    )
    unit = scales_of(swing, pm.MLP((4,), outputs=2)).unit[""]
    assert 2e-4 < unit[0] < 5e-3 and 2e2 < unit[1] < 5e3
    assert all(np.log2(unit) % 1 == 0)


def test_what_is_built_in_has_no_size_of_its_own():
    """A condition that period or ansatz obey answers by rounding, which is not its size."""
    box = pm.Box(x=(0, 2))
    twice = pm.Problem(
        domain=box,
        equation=lambda u, z: pm.partial(u, "x")(z) - 1e-9 * jnp.cos(jnp.pi * z[0]),
        periodic="x",
        conditions=[pm.pinn.periodic("x")],
    )
    found = scales_of(twice)
    assert found.unit[""] < 1e-8
    assert np.all(found.size["periodic x"] >= found.unit[""])


def test_a_term_too_small_to_count_is_named():
    with pytest.warns(
        UserWarning, match=r"charge: dirichlet x .*below the square root of rounding"
    ):
        faint = pm.Problem(
            domain=pm.Box(x=(0, 1)),
            equation=charge(1.0).equation,
            conditions=[pm.dirichlet(0.0, on="x", weight=1e-20)],
            name="charge",
        )
        pm.solve(faint, NETWORK, points=8, steps=1, check=False)
    sizes = Scales(
        {"": np.float64(0)}, {"": np.float64(1)}, {"a": np.ones(1), "b": np.full(1, 1e-9)}
    )
    assert sizes.faint({}, np.float64, applied=True) is None
    assert "b (1.0e-09)" in sizes.faint({}, np.float64, applied=False)


@pytest.mark.slow
def test_a_solution_in_units_is_saved_marched_and_checked(tmp_path):
    def slab(box, start):
        return pm.Problem(
            domain=box,
            equation=lambda u, z: pm.partial(u, "t")(z) + 1e9 * u(z),
            ansatz=lambda N, z: start(z) + (z[0] - box.lower[0]) * N(z),
            exact=lambda z: 5 * np.exp(-1e9 * z[:, 0]),
        )

    options = {"slabs": 2, "points": 32, "steps": 20}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solution = pm.pinn.march(
            slab, pm.Box(t=(0, 2e-9)), lambda z: 5 * jnp.ones(()), pm.MLP((8,)), **options
        )
    assert solution.errors().relative_l2 < 1e-5
    first, second = solution.slabs
    assert first.problem.scales is second.problem.scales is not None
    first.save(tmp_path / "first")
    plain = slab(pm.Box(t=(0, 1e-9)), lambda z: 5 * jnp.ones(()))
    loaded = pm.Solution.load(tmp_path / "first", plain, pm.MLP((8,)))
    points = np.array([[0.0], [5e-10]])
    np.testing.assert_array_equal(loaded(points), first(points))
    document = (tmp_path / "first" / "scales.json").read_text()
    (tmp_path / "first" / "scales.json").write_text(document.replace("0.0", "1.0"))
    with pytest.raises(pm.errors.CheckpointError, match="no readable units"):
        pm.Solution.load(tmp_path / "first", plain, pm.MLP((8,)))


@pytest.mark.slow
def test_a_run_keeps_the_units_it_began_with(tmp_path, monkeypatch):
    """Also one of an earlier version, which had none: its parameters are the solution itself."""
    network, options = pm.MLP((4,)), {"points": 16, "check": False}
    with pm.Run.create(tmp_path / "new") as run:
        first = pm.solve(beam(6000.0), network, steps=2, run=run, **options)
    with pm.Run.reopen(tmp_path / "new") as run:
        on = pm.solve(beam(6000.0), network, steps=4, run=run, **options)
    whole = pm.solve(beam(6000.0), network, steps=4, **options)
    points = np.array([[0.0], [1000.0]])
    assert first.problem.scales.unit == on.problem.scales.unit == whole.problem.scales.unit
    np.testing.assert_array_equal(on(points), whole(points))
    with pm.Run.create(tmp_path / "old") as run:
        plain = pm.solve(beam(6000.0), network, steps=2, run=run, scale=False, **options)
    monkeypatch.setattr(checkpoint.Found, "fingerprint", None)  # as earlier versions saved it
    with pm.Run.reopen(tmp_path / "old") as run, pytest.warns(UserWarning, match="no fingerprint"):
        resumed = pm.solve(beam(6000.0), network, steps=2, run=run, **options)
    assert resumed.problem.scales is None
    np.testing.assert_array_equal(resumed(points), plain(points))


@pytest.mark.slow
def test_what_is_measured_is_of_the_field_in_the_problem_s_own_units():
    """And a rule on it ends the main phase, with the parameters that it judged."""
    at = jnp.array([60.0])
    solution = pm.solve(
        beam(120.0), pm.MLP((8,)), points=32, steps=60, check=False,
        warm_up=pm.pinn.Phase(optax.adam(1e-3), 2),
        measure={"middle": pm.every(1, lambda M: jnp.abs(M(at) - 1800.0))},
        until=pm.train.target("middle", 9.0),
    )  # fmt: skip
    assert solution.problem.scales is not None and solution.result.ended
    middle = solution.result.history["middle"]
    assert middle[0] > 9.0 >= middle[-1] and len(middle) < 60
    np.testing.assert_allclose(abs(float(solution(at[None])[0]) - 1800.0), middle[-1], rtol=1e-9)
