"""Several unknowns by name, constants among them, and data to find them from."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import curve_fit

import physml as pm

TIMES = np.linspace(0, 1, 20)[:, None]


def problem(**kwargs):
    """``u' = −k u`` with k unknown; u = e^{−2t} is measured."""
    given = {
        "domain": pm.Box(t=(0, 1)),
        "equation": lambda f, z: pm.partial(f["u"], 0)(z) + f["k"](z) * f["u"](z),
        "conditions": [
            pm.pinn.measured(TIMES, np.exp(-2 * TIMES[:, 0]), unknown="u", name="measured")
        ],
        "exact": {"u": lambda z: np.exp(-2 * z[:, 0]), "k": lambda z: np.full(len(z), 2.0)},
        "name": "decay",
    }
    return pm.Problem(**given | kwargs)


NETWORKS = {"u": pm.MLP((8,)), "k": pm.networks.Constant(0.5, positive=True)}


def test_a_rate_is_found_from_data(tmp_path):
    solution = pm.solve(problem(), NETWORKS, points=24, steps=40)
    values = solution(np.array([[0.3], [0.9]]))
    assert values["u"].shape == values["k"].shape == (2,)
    np.testing.assert_allclose(values["k"], 2.0, rtol=1e-4)
    assert solution.errors(unknown="k").relative_l2 < 1e-4
    assert solution.errors(unknown="u").relative_l2 < 1e-4
    with pytest.raises(pm.errors.ConfigurationError, match="expected one with an exact solution"):
        solution.errors()
    assert float(solution.field["k"](jnp.zeros(1))) == pytest.approx(2.0, rel=1e-4)
    history = solution.result.history["unknown/k"]
    assert history[0] == pytest.approx(0.5) and history[-1] == pytest.approx(2.0, rel=1e-4)
    assert solution.plot(tmp_path / "decay.png").stat().st_size > 5000


@pytest.mark.slow
def test_an_exact_equation_outweighs_noisy_data():
    """Data of weight about 1 give the least-squares fit of exponentials, those of 1/σ² do not.

    By 1/σ² the solution leaves the equation to follow the noise: an error of 0.141 of the rate for
    0.086, over eight draws of the noise.
    """
    sigma, found = 0.05, {}
    noisy = np.exp(-2 * TIMES[:, 0]) + sigma * np.random.default_rng(1).normal(size=len(TIMES))
    decay = lambda t, a, k: a * np.exp(-k * t)
    (_, best), _ = curve_fit(decay, TIMES[:, 0], noisy, p0=(1, 1))
    for weight in (1 / sigma**2, 1.0):
        measured = pm.pinn.measured(TIMES, noisy, unknown="u", weight=weight)
        solution = pm.solve(
            problem(conditions=[measured]), NETWORKS, points=32, steps=60, check=False
        )
        found[weight] = abs(float(solution(TIMES[:1])["k"][0]) - best)
    assert found[1.0] < 5e-3
    assert found[1 / sigma**2] > 10 * found[1.0]


@pytest.mark.slow
def test_a_field_is_found_through_its_ansatz():
    """``a(x) u' = 1`` with u = x + x²/2 measured: a = 1/(1 + x), positive by construction."""
    x = np.linspace(0, 1, 30)[:, None]
    inverse = pm.Problem(
        domain=pm.Box(x=(0, 1)),
        equation=lambda f, z: f["a"](z) * pm.partial(f["u"], 0)(z) - 1,
        ansatz={
            "a": lambda N, z: jnp.exp(N(z)),
            "u": pm.pinn.hard_dirichlet(pm.Box(x=(0, 1)), on="x-"),
        },
        conditions=[pm.pinn.measured(x, x[:, 0] + x[:, 0] ** 2 / 2, unknown="u")],
        exact={"a": lambda z: 1 / (1 + z[:, 0])},
    )
    solution = pm.solve(inverse, {"u": pm.MLP((8,)), "a": pm.MLP((8,))}, points=32, steps=40)
    assert solution.errors(unknown="a").relative_l2 < 1e-3
    assert float(solution(np.zeros((1, 1)))["u"][0]) == 0.0


@pytest.mark.slow
def test_equations_by_name_are_terms_of_their_own():
    """``u' = v``, ``v' = −u``: a system of two unknowns."""
    system = pm.Problem(
        domain=pm.Box(t=(0, 1)),
        equation={
            "velocity": lambda f, z: pm.partial(f["u"], 0)(z) - f["v"](z),
            "force": lambda f, z: pm.partial(f["v"], 0)(z) + f["u"](z),
        },
        conditions=[
            pm.initial(1.0, unknown="u", name="u0"),
            pm.initial(0.0, unknown="v", name="v0"),
        ],
        exact={"u": lambda z: np.cos(z[:, 0])},
    )
    solution = pm.solve(system, {"u": pm.MLP((8,)), "v": pm.MLP((8,))}, points=24, steps=30)
    assert {"loss/velocity", "loss/force", "loss/u0"} <= set(solution.result.history)
    assert solution.errors(unknown="u").relative_l2 < 1e-4


@pytest.mark.slow
def test_an_unknown_that_nothing_involves_is_refused():
    networks = NETWORKS | {"ghost": pm.MLP((4,))}
    with pytest.raises(pm.errors.ConfigurationError, match=r"no equation .* unknown 'ghost'"):
        pm.solve(problem(), networks, points=8)


def test_conditions_name_their_unknown():
    at_start = lambda unknown: [pm.initial(1.0, unknown=unknown)]
    with pytest.raises(pm.errors.ConfigurationError, match="several unknowns; expected unknown="):
        pm.solve(problem(conditions=at_start(None)), NETWORKS, points=8)
    with pytest.raises(pm.errors.UnknownNameError, match="w"):
        pm.solve(problem(conditions=at_start("w")), NETWORKS, points=8)
    single = pm.Problem(
        domain=pm.Box(t=(0, 1)),
        equation=lambda u, z: pm.partial(u, 0)(z),
        conditions=at_start("u"),
    )
    with pytest.raises(pm.errors.ConfigurationError, match="one unknown, without a name"):
        pm.solve(single, pm.MLP((4,)), points=8)


@pytest.mark.parametrize(
    ("option", "value", "match"),
    [
        ("ansatz", lambda N, z: N(z), "expected a dict by name"),
        ("exact", {"w": np.sum}, "'w' is no unknown"),
        ("components", {"w": 2}, "'w' is no unknown"),
    ],
)
def test_options_by_name_must_agree_with_the_networks(option, value, match):
    with pytest.raises(pm.errors.ConfigurationError, match=f"{option}: .*{match}"):
        problem(**{option: value}).initial_params(NETWORKS, jax.random.key(0))
    named = {"ansatz": {"u": lambda N, z: N(z)}, "exact": {"u": np.sum}, "components": {"u": 1}}
    with pytest.raises(pm.errors.ConfigurationError, match="expected a dict of networks"):
        problem(**{"exact": None, option: named[option]}).initial_params(
            pm.MLP((4,)), jax.random.key(0)
        )


def test_data_must_be_finite_and_inside():
    box = pm.Box(t=(0, 1))
    with pytest.raises(pm.errors.NonFiniteError, match=r"data: .* 1 that are not, .* index 1"):
        pm.pinn.measured(np.zeros((3, 1)), np.array([0.0, np.nan, 1.0]))
    with pytest.raises(pm.errors.ShapeError, match=r"points \(n, d\) and values"):
        pm.pinn.measured(np.zeros((3, 1)), np.zeros(4))
    with pytest.raises(pm.errors.ConfigurationError, match="at least one point"):
        pm.pinn.measured(np.zeros((0, 1)), np.zeros(0))
    equation = lambda u, z: pm.partial(u, 0)(z)
    pair = pm.Problem(
        domain=box,
        equation=lambda u, z: pm.partial(u, 0)(z),
        conditions=[pm.pinn.measured(np.zeros((3, 1)), np.zeros(3))],
        components=2,
    )
    with pytest.raises(pm.errors.ShapeError, match=r"values: expected shape \(2,\) .* got \(\)"):
        pm.solve(pair, pm.MLP((4,), outputs=2), points=4, steps=1)
    with pytest.raises(pm.errors.ConfigurationError, match=r"got 1 of [0-9]+ outside, the first"):
        pm.Problem(
            domain=box,
            equation=equation,
            conditions=[pm.pinn.measured(np.array([[2.0]]), np.zeros(1))],
        )
    with pytest.raises(pm.errors.ShapeError, match=r"expected \(n, 1\)"):
        pm.Problem(
            domain=box,
            equation=equation,
            conditions=[pm.pinn.measured(np.zeros((2, 2)), np.ones(2))],
        )


def test_constants():
    z = jnp.zeros(2)
    free = pm.networks.Constant((1.0, -2.0))
    params = free.init(jax.random.key(0), z)
    assert free.apply(params, z).tolist() == [1.0, -2.0]
    with pytest.raises(pm.errors.ConfigurationError, match="guess > 0"):
        pm.networks.Constant(-1.0, positive=True)
    with pytest.raises(pm.errors.NonFiniteError, match="Constant: value: expected finite numbers"):
        pm.networks.Constant((1.0, float("nan")))
