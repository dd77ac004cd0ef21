"""The catalogue: exact solutions solve their equations, recipes solve their problems."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import ive

import physml as pm
from physml.pinn.by_recipe import solve_by_recipe
from physml.pinn.catalogue import (
    PROBLEMS,
    BlackScholes,
    BlackScholesBarenblatt10D,
    Burgers,
    BurgersInverse,
    Helmholtz,
    Kovasznay,
    Oscillator,
    PoissonMultiscale,
    centre_lines,
    cole_hopf,
)

VISCOSITIES = pytest.mark.parametrize("nu", [0.01 / np.pi, 0.01], ids=["burgers", "burgers-smooth"])

# Those of modes are held to theirs in test_eigenmodes.
SOLVED = {name: entry for name, entry in PROBLEMS.items() if entry.solve is solve_by_recipe}

# Whose programs take seconds to compile.
HEAVY = {"hjb-lqr", "black-scholes-barenblatt-10d", "kuramoto-sivashinsky", "schrodinger"}

ENTRIES = pytest.mark.parametrize(
    "entry",
    [
        pytest.param(entry, id=name, marks=[pytest.mark.slow] if name in HEAVY else [])
        for name, entry in SOLVED.items()
    ],
)

# Exact solutions as fields that the library can differentiate: written once more, or the very ones.
FIELDS = {
    "kovasznay": Kovasznay().flow,
    "heat": lambda z: jnp.exp(-(jnp.pi**2) * z[0]) * jnp.sin(jnp.pi * z[1]),
    "poisson-2d": lambda z: jnp.sin(jnp.pi * z[0]) * jnp.sin(jnp.pi * z[1]),
} | {
    name: PROBLEMS[name].subject.problem().exact
    for name in (
        "heat-4d",
        "poisson-5d",
        "poisson-10d",
        "poisson-100d",
        "black-scholes-barenblatt-10d",
        "poisson-multiscale",
        "wave",
        "advection",
        "helmholtz",
        "oscillator",
    )
}


# Other numbers than an entry's own, of which the exact solution must follow each.
OTHERS = {
    "wave": {"speed": 1.3},
    "black-scholes-barenblatt-10d": {"volatility": 0.2, "interest": 0.1},
    "advection": {"speed": 7.0},
    "helmholtz": {"waves": 3},
    "oscillator": {"damping": 0.3, "drive": 1.7},
    "poisson-multiscale": {"half_waves": (1, 3, 5)},
    "kovasznay": {"reynolds": 20.0},
}


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        *(pytest.param(n, {}, marks=[pytest.mark.slow] if n in HEAVY else []) for n in FIELDS),
        *OTHERS.items(),
    ],
)
def test_exact_solutions_solve_their_equations(name, numbers):
    subject = replace(PROBLEMS[name].subject, **numbers)
    problem = subject.problem()
    field = FIELDS[name] if not numbers else getattr(subject, "flow", problem.exact)
    z = problem.domain.interior(jax.random.key(0), 64)
    off = lambda e: lambda y: (1 + 0.01 * e) * field(y) + e * y[0] ** 3
    one = lambda e, z: problem.equation(off(e), z)
    both = jax.jit(jax.vmap(jax.vmap(one, (None, 0)), (0, None)))  # one program of the two
    residual, other = both(jnp.array([0.0, 1.0]), z)
    assert np.abs(residual).max() < 1e-10 * max(1.0, np.abs(other).max())
    assert np.abs(other).max() > 1e-3
    np.testing.assert_allclose(
        problem.exact(np.asarray(z)), jax.vmap(field)(z), rtol=1e-12, atol=1e-13
    )


def test_every_number_is_tried():
    """No entry's numbers may change without a test of what its reference then is."""
    tried = set(OTHERS) | {name for name, _ in WITHOUT} | {"black-scholes", "burgers-inverse"}
    # In test_fokker_planck and test_hjb_lqr.
    tried |= {"poisson-inverse", "fokker-planck", "hjb-lqr"}
    assert tried == {name for name, entry in SOLVED.items() if dataclasses.fields(entry.subject)}


# Numbers for which no reference is known: none is told, rather than that of others.
WITHOUT = [
    ("burgers", {"viscosity": 0.003}),
    ("burgers", {"viscosity": 0.2}),
    ("burgers-smooth", {"viscosity": 1.0}),
    ("allen-cahn", {"diffusion": 2e-4}),
    ("allen-cahn", {"reaction": 4.0}),
    ("cavity", {"reynolds": 400.0}),
    ("cavity-unit-lid", {"reynolds": 99.0}),
    ("kdv", {"delta": 0.03}),
    ("kuramoto-sivashinsky", {"growth": 0.4}),
    ("lorenz", {"rho": 27.0}),
]


@pytest.mark.parametrize(("name", "numbers"), WITHOUT)
def test_a_reference_is_told_for_its_own_numbers_alone(name, numbers):
    subject = PROBLEMS[name].subject
    assert subject.problem().exact is not None
    assert replace(subject, **numbers).problem().exact is None
    if subject.slabs is not None:
        box = subject.problem().domain
        assert replace(subject, **numbers).slabs.make(box, lambda z: z).exact is None


@pytest.mark.parametrize("nu", [0.005, 0.02, 0.1])
def test_burgers_follows_its_viscosity(nu):
    """To 1e-14 of more nodes, wherever a reference is told."""
    burgers = Burgers(viscosity=nu).problem()
    points = burgers.domain.grid(11)
    many = cole_hopf(points, viscosity=nu, nodes=360)
    apart = np.linalg.norm(burgers.exact(points) - many)
    assert apart < 1e-14 * np.linalg.norm(many)


@pytest.mark.parametrize(("nu", "t"), [(0.1, 5.0), (0.1, 20.0), (0.004, 5.0), (0.004, 50.0)])
def test_burgers_long_after_is_the_series_of_its_transform(nu, t):
    """``u = −2ν θ_x/θ``, ``θ = I₀ + 2 Σ (−1)ⁿ Iₙ(1/2πν) e^{−n²π²νt} cos nπx``, n of either sign."""
    x, n = np.linspace(-0.95, 0.95, 21), np.arange(1, 120)
    sizes = (-1.0) ** n * ive(n, 1 / (2 * np.pi * nu)) * np.exp(-((np.pi * n) ** 2) * nu * t)
    waves = np.pi * np.outer(x, n)
    theta = ive(0, 1 / (2 * np.pi * nu)) + 2 * np.cos(waves) @ sizes
    exact = 4 * nu * (np.sin(waves) @ (np.pi * n * sizes)) / theta
    found = cole_hopf(np.stack([np.full(21, t), x], axis=1), viscosity=nu)
    np.testing.assert_allclose(found, exact, atol=1e-11 * np.abs(exact).max())


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Burgers(viscosity=0.0), "viscosity: expected a number > 0, got 0"),
        (lambda: Burgers(viscosity=float("nan")), "viscosity: expected a number > 0, got nan"),
        (lambda: BurgersInverse(viscosity=1.0), "viscosity: expected a number from 0.00318"),
        (lambda: BurgersInverse(count=0), "count: expected at least 1, got 0"),
        (lambda: BlackScholes(largest=4.0), "largest: expected a price above the strike, got 4"),
        (lambda: BlackScholes(volatility=1.0), "largest: expected a price where the call is worth"),
        (lambda: Oscillator(damping=1.0), r"damping: expected a number in \[0, 1\), got 1"),
        (lambda: Oscillator(damping=0.0, drive=1.0), "drive: expected a frequency off resonance"),
        (lambda: PoissonMultiscale(half_waves=(3, 3)), "half_waves: expected ascending numbers"),
        (lambda: PoissonMultiscale(half_waves=()), "half_waves: expected ascending numbers"),
        (lambda: BlackScholesBarenblatt10D(volatility=0.0), "volatility: expected a number > 0"),
        (lambda: Helmholtz(waves=0), "waves: expected at least 1, got 0"),
        (lambda: Kovasznay(reynolds=-1.0), "reynolds: expected a number > 0, got -1"),
    ],
)
def test_numbers_that_cannot_be_meant_are_named(build, message):
    with pytest.raises(pm.errors.ConfigurationError, match=message):
        build()


@pytest.mark.parametrize(
    ("name", "face"),
    [
        ("heat", "t-"),
        ("heat", "x"),
        ("poisson-2d", "x"),
        ("poisson-2d", "y"),
        ("burgers", "t-"),
    ],
)
def test_ansatz_obeys_the_conditions_exactly(name, face):
    """On its faces the solution of any network is the exact one."""
    problem = PROBLEMS[name].subject.problem()
    rough = lambda z: 1e3 * jnp.cos(7 * z[0] + 3 * z[1])
    z = problem.domain.boundary(jax.random.key(0), 16, face)
    u = jax.jit(jax.vmap(lambda z: problem.ansatz(rough, z)))
    np.testing.assert_allclose(u(z), problem.exact(np.asarray(z)), atol=2e-12)
    inside = problem.domain.interior(jax.random.key(0), 16)
    assert np.abs(u(inside) - problem.exact(np.asarray(inside))).max() > 1.0


@VISCOSITIES
def test_burgers_converges_in_its_nodes(nu):
    """Relative L2 on a grid: 100 and 360 nodes agree, and so do the 150 in use."""
    points = PROBLEMS["burgers"].subject.problem().domain.grid(41)
    many = cole_hopf(points, viscosity=nu, nodes=360)
    for nodes in ({"nodes": 100}, {}):
        few = cole_hopf(points, viscosity=nu, **nodes)
        assert np.linalg.norm(few - many) < 1e-14 * np.linalg.norm(many)
    few = cole_hopf(points, viscosity=nu, nodes=10)
    assert np.linalg.norm(few - many) > 1e-6 * np.linalg.norm(many)


@VISCOSITIES
def test_burgers_has_its_initial_value_its_period_and_its_symmetry(nu):
    t, x = np.linspace(0, 1, 7), np.linspace(-1, 1, 33)
    at = lambda t, x: cole_hopf(np.stack([np.broadcast_to(t, x.shape), x], 1), viscosity=nu)
    np.testing.assert_allclose(at(0.0, x), -np.sin(np.pi * x), atol=1e-15)
    for time in t:
        np.testing.assert_allclose(at(time, x), at(time, x + 2), atol=1e-12)
        np.testing.assert_allclose(at(time, x), -at(time, -x), atol=1e-12)


@VISCOSITIES
def test_burgers_solves_its_equation(nu):
    """Derivatives in x by Fourier's series, in t by central differences of sixth order."""
    n, h = 4096, 1e-3
    x = -1 + 2 * np.arange(n) / n
    wave = 1j * np.pi * np.fft.fftfreq(n, 1 / n)
    slope = lambda u, order: np.fft.ifft(wave**order * np.fft.fft(u)).real
    for t in (0.1, 0.35, 0.9):
        at = lambda time: cole_hopf(np.stack([np.full(n, time), x], axis=1), viscosity=nu)
        u = at(t)
        weights = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
        u_t = sum(w * (at(t + k * h) - at(t - k * h)) for k, w in weights.items()) / h
        transport, diffusion = u * slope(u, 1), nu * slope(u, 2)
        residual = u_t + transport - diffusion
        scale = max(np.abs(part).max() for part in (u_t, transport, diffusion))
        assert np.abs(residual).max() < 1e-7 * scale


@pytest.mark.parametrize(
    "call", [BlackScholes(), BlackScholes(strike=4.0, rate=0.1, volatility=0.2)]
)
def test_black_scholes_solves_its_equation(call):
    """By central differences, away from maturity."""
    rng = np.random.default_rng(0)
    t, price = rng.uniform([0.3, 2.0], [1.0, 10.0], (50, 2)).T
    exact = lambda t, price: call.exact(np.stack([t, price], axis=1))
    h = 1e-3
    v_t = (exact(t + h, price) - exact(t - h, price)) / (2 * h)
    v_s = (exact(t, price + h) - exact(t, price - h)) / (2 * h)
    v_ss = (exact(t, price + h) - 2 * exact(t, price) + exact(t, price - h)) / h**2
    diffusion = call.volatility**2 / 2 * price**2 * v_ss
    residual = v_t - diffusion - call.rate * price * v_s + call.rate * exact(t, price)
    assert np.abs(residual).max() < 1e-5
    at_maturity = exact(np.zeros(3), np.array([3.0, call.strike, 7.0]))
    np.testing.assert_allclose(at_maturity, [0.0, 0.0, 7.0 - call.strike], atol=1e-12)


def test_the_feature_of_the_l_is_harmonic_and_vanishes_at_its_corner():
    problem = PROBLEMS["poisson-l-shape"].subject.problem()
    feature = lambda z: problem.features(z)[0]
    z = problem.domain.interior(jax.random.key(0), 64)
    slopes = jax.jit(jax.vmap(lambda z: (pm.laplacian(feature)(z), pm.partial(feature, 0, 0)(z))))
    total, one = slopes(z)
    assert np.abs(total / one).max() < 1e-9
    r, theta = np.hypot(*z.T), np.arctan2(z[:, 1], z[:, 0]) % (2 * np.pi)
    np.testing.assert_allclose(
        jax.vmap(feature)(z), r ** (2 / 3) * np.sin(2 * theta / 3), atol=1e-12
    )


def test_the_call_starts_from_its_payoff():
    """For any network, at the kink to 1e-6; features are finite there."""
    problem = PROBLEMS["black-scholes"].subject.problem()
    z = jnp.array([[0.0, price] for price in (0.0, 3.0, 4.999, 5.0, 5.001, 20.0)])
    u = jax.vmap(lambda z: problem.ansatz(lambda z: 1e3 * z[1], z))(z)
    np.testing.assert_allclose(u, np.maximum(z[:, 1] - 5.0, 0.0), atol=1e-6)
    assert np.all(np.isfinite(jax.vmap(problem.features)(z)))


def test_a_cavity_has_the_speed_of_its_lid_and_rest_on_its_walls():
    """For any network, and the factor of the network is nowhere zero inside."""
    problem = PROBLEMS["cavity"].subject.problem()
    rough = lambda z: 1e3 * jnp.cos(7 * z)
    u = jax.jit(jax.vmap(lambda z: problem.ansatz["velocity"](rough, z)))
    above = np.asarray(problem.domain.boundary(jax.random.key(0), 16, "y+"))
    expected = np.stack([4 * above[:, 0] * (1 - above[:, 0]), np.zeros(16)], axis=1)
    np.testing.assert_allclose(u(above), expected, atol=1e-9)
    around = problem.domain.boundary(jax.random.key(0), 16, ("x", "y-"))
    np.testing.assert_allclose(u(around), 0.0, atol=1e-9)
    inside = problem.domain.interior(jax.random.key(0), 16)
    assert np.abs(u(inside)).max(axis=1).min() > 0.1


def test_the_reference_of_the_unit_lid_agrees_with_the_published_table():
    exact = PROBLEMS["cavity-unit-lid"].subject.problem().exact["velocity"]
    apart = centre_lines(exact)
    assert apart["u"] == pytest.approx(0.005, abs=5e-4)
    assert apart["v"] == pytest.approx(0.0094, abs=5e-4)
    np.testing.assert_array_equal(exact(np.array([[0.0, 1.0], [1.0, 1.0]])), 0.0)


@ENTRIES
def test_every_problem_has_finite_terms_and_a_reference(entry):
    """With the recipe's network: terms are finite, and the reference has the solution's shape."""
    problem, network = entry.subject.problem(), entry.subject.network(entry.recipe)
    assert problem.name == entry.name
    params = problem.initial_params(network, jax.random.key(0))
    sampler = pm.pinn.collocation(problem, network, points=8)
    _, batch, _ = sampler.sample(jax.random.key(2), sampler.init(jax.random.key(1), params), params)
    rows = pm.pinn.residual_rows(problem, network)
    assert set(rows) == set(batch)
    of_samples = jax.jit(lambda p: {k: jax.vmap(rows[k], (None, 0))(p, batch[k]) for k in rows})
    assert all(np.isfinite(residuals).all() for residuals in of_samples(params).values())
    points = np.asarray(problem.domain.interior(jax.random.key(2), 5))
    values = pm.Solution(problem, network, params)(points)
    known = problem.exact if isinstance(problem.exact, dict) else {None: problem.exact}
    for name, exact in known.items():
        assert exact(points).shape == (values if name is None else values[name]).shape


@pytest.mark.parametrize("name", sorted(HEAVY))
def test_heavy_problems_trace(name):
    """Shapes of terms and reference, of which nothing else is compiled."""
    entry = PROBLEMS[name]
    problem, network = entry.subject.problem(), entry.subject.network(entry.recipe)
    assert problem.name == name
    params = problem.initial_params(network, jax.random.key(0))
    rows, z = pm.pinn.residual_rows(problem, network), problem.domain.lower
    terms = {k: jax.eval_shape(row, params, jnp.asarray(z)).shape for k, row in rows.items()}
    assert len(terms) == len(problem.equations) + len(problem.conditions)
    assert set(terms.values()) <= {(), (2,)}  # of two components, such as a complex field
    known = problem.exact if isinstance(problem.exact, dict) else {None: problem.exact}
    assert {exact(np.stack([z, z])).shape[:1] for exact in known.values()} == {(2,)}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["heat", "burgers", "kovasznay"])
def test_a_few_steps_decrease_the_loss(name):
    """By the recipe's own trust region, which never climbs, on a small network and fixed points."""
    entry = PROBLEMS[name]
    optimizer, problem = entry.recipe.optimizer.build(), entry.subject.problem()
    network = pm.MLP((8,), outputs=problem.components)
    solution = pm.solve(problem, network, optimizer=optimizer, points=64, steps=8)
    loss = solution.result.history["loss"]
    assert np.all(np.diff(loss) <= 0)
    assert loss[-1] < 0.9 * loss[0]


def test_slabs_are_for_problems_that_have_them():
    with pytest.raises(pm.errors.ConfigurationError, match="slabs: expected 1, since heat"):
        PROBLEMS["heat"].solve(PROBLEMS["heat"].subject, replace(PROBLEMS["heat"].recipe, slabs=2))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "bound"), [("heat", 1e-7), ("poisson-2d", 1e-7), ("burgers", 1e-5)]
)
def test_recipes_solve_their_problems(name, bound):
    entry = PROBLEMS[name]
    solution = entry.solve(entry.subject, entry.recipe)
    result = solution.result
    print(name, solution.errors(), f"{result.seconds:.0f} s + {result.compile_seconds:.0f} s")
    assert solution.errors().relative_l2 <= bound


@pytest.mark.slow
def test_the_worst_price_of_ten_is_found_and_is_convex():
    """In each price, as the equation with the largest volatility takes for granted."""
    entry = PROBLEMS["black-scholes-barenblatt-10d"]
    found = entry.solve(entry.subject, entry.recipe, key=jax.random.key(0), progress=False)
    assert found.errors().relative_l2 < 1e-3
    z = found.problem.domain.interior(jax.random.key(9), 200)
    second = jax.jit(jax.vmap(lambda z: jnp.diag(jax.hessian(found.field)(z))[1:]))(z)
    assert second.min() > 0
