"""Statements whose values are known: against derivatives, other solvers and published numbers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.control.backward_equations.allen_cahn_reaction import radial_value
from physml.control.backward_equations.martingale import jumped, martingale
from physml.control.backward_equations.paths import Noise, draw_noise, moved, path_of
from physml.control.backward_equations.rolled_forward import miss
from physml.errors import ConfigurationError, ConvergenceError, ShapeError


@pytest.mark.parametrize(
    ("coupling", "value"), [(1.0, 4.590161724605), (10.0, 4.492929491), (50.0, 3.724175923)]
)
def test_cole_and_hopf_in_a_hundred_dimensions(coupling, value):
    """The first is published as 4.5901; the others by the same integral with other software."""
    equation = pm.control.HamiltonJacobiBellman(100, coupling)
    assert equation.exact() == pytest.approx(value, abs=1e-9)


def test_cole_and_hopf_off_the_centre():
    """In three dimensions, against a sum over Gauss and Hermite's points."""
    equation = pm.control.HamiltonJacobiBellman(3, 2.0, 0.4)
    nodes, weights = np.polynomial.hermite_e.hermegauss(160)
    x, t = np.array([1.0, -0.5, 0.2]), 0.1
    grid = np.stack(np.meshgrid(nodes, nodes, nodes, indexing="ij"), -1)
    weight = np.einsum("i,j,k->ijk", weights, weights, weights) / weights.sum() ** 3
    square = np.sum((x + np.sqrt(2 * 0.3) * grid) ** 2, axis=-1)
    mean = np.sum(weight * (0.5 * (1 + square)) ** -2.0)
    g = np.log(0.5 * (1 + 2 * 0.4 * np.sum(grid**2, axis=-1)))
    assert equation.exact_at(t, x) == pytest.approx(-np.log(mean) / 2, abs=1e-8)
    assert equation.exact_at(0.4, x) == pytest.approx(np.log(0.5 * (1 + x @ x)))
    with pytest.raises(ConfigurationError, match=r"up to 0\.4"):
        equation.exact_at(0.5, x)
    weak = pm.control.HamiltonJacobiBellman(3, 1e-10, 0.4)
    assert weak.exact() == pytest.approx(np.sum(weight * g), abs=1e-6)
    with pytest.raises(ShapeError, match=r"expected \(3,\)"):
        equation.exact_at(0.0, np.zeros(2))


def test_cole_and_hopf_on_a_line():
    """In one dimension, where much of χ² lies far below its mean, by Gauss and Hermite's points."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(180)
    mean = weights @ (0.5 * (1 + 2 * nodes**2)) ** -1.0 / weights.sum()
    found = pm.control.HamiltonJacobiBellman(1, 1.0).exact()
    assert found == pytest.approx(-np.log(mean), abs=1e-7)
    # Shortly before the last time, by Taylor: u = g + (T − t) (Δg − λ|∇g|²).
    for d, left in ((1, 1e-6), (100, 1e-7)):
        x = np.full(d, 3 / d**0.5)
        known = np.log(5) + left * (2 * (d * 10 - 18) - 4 * 9) / 100
        found = pm.control.HamiltonJacobiBellman(d, 1.0).exact_at(1 - left, x)
        assert found == pytest.approx(known, abs=1e-9)


def test_allen_and_cahn_by_the_radius():
    """The published 0.0528 in a hundred dimensions; in one, against a grid of the line."""
    assert radial_value(100, 0.3, 80) == pytest.approx(0.0528, abs=5e-5)
    x = np.linspace(-12, 12, 1201)
    v, step = 1 / (2 + 0.4 * x**2), 1.5e-4
    for _ in range(2000):
        v[1:-1] += step * (np.diff(v, 2) / (x[1] - x[0]) ** 2 + v[1:-1] - v[1:-1] ** 3)
    assert radial_value(1, 0.3, 60) == pytest.approx(v[600], abs=3e-5)


def test_a_radius_that_is_not_resolved_is_refused(monkeypatch):
    from physml.control.backward_equations import allen_cahn_reaction

    monkeypatch.setattr(allen_cahn_reaction, "radial_value", lambda d, time, points: points)
    with pytest.raises(ConvergenceError, match="240 points"):
        pm.control.AllenCahn().exact()


def test_a_basket_s_worst_price_solves_its_equation():
    equation = pm.control.BlackScholesBarenblatt(3)
    rate = equation.interest + equation.volatility**2

    def u(t, x):
        return jnp.exp(rate * (1 - t)) * jnp.sum(x**2)

    t, x = jnp.array(0.3), jnp.array([1.0, 0.5, 2.0])

    @jax.jit
    def left(t, x):
        z = equation.diffusion(t, x) * jax.grad(u, 1)(t, x)
        second = jnp.diag(jax.hessian(u, 1)(t, x)) * equation.diffusion(t, x) ** 2
        return jax.grad(u)(t, x) + 0.5 * jnp.sum(second) + equation.driver(t, x, u(t, x), z)

    assert float(left(t, x)) == pytest.approx(0, abs=1e-12)
    assert equation.exact() == pytest.approx(float(u(0.0, jnp.asarray(equation.start))))


def test_jumps_have_the_mean_of_their_rule():
    jumps = pm.control.Jumps(1.5, -0.1, 0.15)
    sizes, weights = jumps.rule(0.2)
    assert weights.sum() == pytest.approx(1)
    growth = np.exp(-0.1 + 0.5 * 0.15**2) - 1
    assert weights @ np.exp(sizes) == pytest.approx(np.exp(1.5 * 0.2 * growth), rel=1e-7)
    drawn = jax.vmap(lambda key: jumps.draw(key, 50, 0.2))(
        jax.random.split(jax.random.key(0), 400)
    ).ravel()
    assert abs(drawn.mean() + 0.03) < 4 * drawn.std() / len(drawn) ** 0.5
    assert np.mean(drawn == 0) == pytest.approx(np.exp(-0.3), abs=0.015)


def test_a_price_that_jumps_grows_as_interest_and_its_call_is_the_series():
    """The drift leaves ``E e^X = S/K e^{rT}``; the series against Monte Carlo within 4 bars."""
    equation = pm.control.Merton()
    keys = jax.random.split(jax.random.key(1), 20_000)

    @jax.jit
    def last(keys):
        return jax.vmap(lambda key: path_of(equation, draw_noise(equation, key, 4)).x[-1])(keys)

    x = np.asarray(last(keys))
    prices = np.exp(-0.05 + x[:, 0])
    assert abs(prices.mean() - 1) < 4 * prices.std() / len(prices) ** 0.5
    calls = np.exp(-0.05) * 100 * np.maximum(np.exp(x[:, 0]) - 1, 0)
    assert abs(calls.mean() - equation.exact()) < 4 * calls.std() / len(calls) ** 0.5
    assert equation.exact() == pytest.approx(12.761288594, abs=1e-9)
    with pytest.raises(ConfigurationError, match="jump_mean: expected"):
        pm.control.Merton(jump_mean=800.0)
    none = pm.control.Merton(rate=0.0)
    assert none.exact() == pytest.approx(10.450583572, abs=1e-8)  # Black and Scholes


@pytest.mark.parametrize("name", ["hjb-100d", "black-scholes-barenblatt", "allen-cahn-20d"])
@pytest.mark.slow
def test_entries_are_as_good_as_their_recipes_say(name):
    entry = pm.control.catalogue.ENTRIES[name]
    found = entry.solve(entry.subject, entry.recipe, key=jax.random.key(3), progress=False)
    told = found.numbers()
    limit = {"hjb-100d": 2e-4, "black-scholes-barenblatt": 5e-4, "allen-cahn-20d": 5e-3}[name]
    assert told["relative_error"] < limit
    assert abs(told["value"] - told["exact"]) < 3 * told["value_error"]


def test_the_mass_on_a_line_costs_what_riccati_says():
    entry = pm.control.catalogue.ENTRIES["lqr"]
    subject = type(entry.subject)(place_weight=2.0, force_weight=0.3, place=-1.0, speed=0.5)
    told = entry.solve(subject, entry.recipe, key=jax.random.key(0)).numbers()
    assert abs(told["value"] - told["exact"]) < told["value_error"] + 1e-10
    assert told["P_error"] < 1e-12 and told["riccati"] == pytest.approx(told["exact"])


def test_what_a_jump_adds_is_its_own_part_less_the_mean():
    """``U − E U`` of ``u = eˣ``: of one jump, and of none, whose sign a slip would turn."""
    call, step, x = pm.control.Merton(), 0.05, jnp.array([0.2])
    leap = jumped(call, lambda params, t, x: jnp.exp(x[0]), step=step)
    growth = np.expm1(call.mean_growth * call.rate * step)  # E e^J over a step, less 1
    for size in (-0.3, 0.0):
        found = leap({"model": None}, jnp.array(0.0), x, jnp.array(size))
        known = np.exp(0.2) * (np.expm1(size) - growth)
        np.testing.assert_allclose(found, known, rtol=1e-6)


def test_of_one_coordinate_the_exact_value_leaves_no_miss():
    """``u = x² + T − t``: with ``Z·ΔW`` alone ``ΔW² − Δt`` would be left of every step."""
    heat = pm.control.Backward(lambda x: x[0] ** 2, np.ones(1), 0.5)
    row = miss(heat, lambda params, t, x: params + x[0] ** 2 - t, scalar=True)
    by_slope = miss(heat, lambda params, t, x: 2 * x, scalar=False)
    params = {"value": jnp.array(1.5), "model": jnp.array(0.5)}

    @jax.jit
    def misses(key):
        path = path_of(heat, draw_noise(heat, key, 3))
        return row(params, path), by_slope(params, path)

    exact, rough = misses(jax.random.key(0))
    assert float(exact) == pytest.approx(0, abs=1e-12)
    assert abs(float(rough)) > 1e-2


def test_a_price_that_jumps_is_a_martingale_of_its_whole_step():
    """``M = eˣ′ − eˣ`` without interest, of steps with and without a jump; no more of its mean."""
    call, step = pm.control.Merton(interest=0.0), 0.05
    part = martingale(call, lambda params, t, x: jnp.exp(x[0]), scalar=True, step=step)
    t, x = jnp.array(0.0), jnp.array([0.2])
    for size in (-0.3, 0.0):
        noise = Noise(jnp.array([0.06]), jnp.array(size))
        after = moved(call, t, x, noise, step)
        found = jax.jit(part)({"model": None}, t, x, jnp.zeros(1), noise)
        np.testing.assert_allclose(found, jnp.exp(after[0]) - jnp.exp(x[0]), rtol=1e-6)


def test_fewer_nodes_of_rare_counts_keep_the_mean_of_a_call():
    """A call one step before it ends bends the sharpest: as with 96 nodes, then 48, 24, 16."""
    from scipy.special import ndtr

    call, step = pm.control.Merton(), 0.05
    jumps, width = call.jumps, 0.2 * step**0.5

    def price(x):  # Black and Scholes, without interest
        upper = x / width + width / 2
        return 100 * (np.exp(x) * ndtr(upper) - ndtr(upper - width))

    def mean(counts, normals, weights, x):
        spread = np.sqrt(width**2 + counts * jumps.deviation**2)
        return weights @ price(x + counts * jumps.mean + spread * normals)

    many = type(jumps)(jumps.rate, jumps.mean, jumps.deviation, nodes=96).mixture(step)
    assert len(jumps.mixture(step)[0]) < 40
    apart = [mean(*jumps.mixture(step), x) - mean(*many, x) for x in np.linspace(-0.4, 0.4, 65)]
    assert np.abs(apart).max() < 4e-3 and abs(np.mean(apart)) < 1e-4


@pytest.mark.slow
def test_a_call_on_a_price_that_jumps_is_worth_its_series():
    entry = pm.control.catalogue.ENTRIES["merton"]
    found = entry.solve(entry.subject, entry.recipe, key=jax.random.key(3), progress=False)
    told = found.numbers()
    assert told["relative_error"] < 1e-3
    assert told["value_error"] < 5e-4 * told["exact"]
    assert abs(told["value"] - told["exact"]) < 3 * told["value_error"]
