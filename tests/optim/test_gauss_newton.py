"""The trust region: its radius, its ratio, its refusals."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.optim import by_svd
from physml.optim.gauss_newton import Trend, _follow, _last_crossing


def linear(n: int, p: int):
    A = jax.random.normal(jax.random.key(0), (n, p))
    b = jax.random.normal(jax.random.key(1), (n,))
    objective = pm.least_squares({"rows": lambda x, row: row["a"] @ x - row["b"]})
    batch = {"rows": {"a": A, "b": b}}
    return objective, batch, A, b


@pytest.mark.parametrize(("n", "p"), [(30, 8), (8, 30)], ids=["n > p", "n < p"])
def test_linear_problems_are_solved_to_rounding(n, p):
    objective, batch, A, b = linear(n, p)
    result = pm.fit(
        objective, pm.fixed(batch), pm.gauss_newton(), jnp.zeros(p), steps=12, key=jax.random.key(0)
    )
    exact = jnp.linalg.lstsq(A, b)[0]
    np.testing.assert_allclose(result.params, exact, rtol=1e-8, atol=1e-10)


def test_it_never_climbs_and_keeps_its_radius():
    """Rosenbrock's valley from the usual start, 100 (y − x²)² + (1 − x)²."""
    objective = pm.least_squares(
        {"valley": lambda p, _: jnp.stack([10 * (p[1] - p[0] ** 2), 1 - p[0]])}
    )
    sampler = pm.fixed({"valley": jnp.zeros((1, 1))})
    result = pm.fit(
        objective,
        sampler,
        pm.gauss_newton(0.1),
        jnp.array([-1.2, 1.0]),
        steps=60,
        key=jax.random.key(0),
    )
    loss = result.history["loss"]
    assert np.all(np.diff(loss) <= 0)
    np.testing.assert_allclose(result.params, [1.0, 1.0], atol=1e-8)


def test_a_step_that_does_not_help_is_refused():
    """The linear model promises a decrease, the loss rises everywhere else: stay, and shrink."""
    objective = pm.least_squares({"slope": lambda p, _: 1.0 + p[0]})
    x = jnp.zeros(1)
    e, _ = objective.evaluate(x, objective.init(x), {"slope": jnp.zeros((1, 1))})
    optimizer = pm.gauss_newton(1.0, span=4.0)
    updates, state = optimizer.update(
        e.gradient,
        optimizer.init(x),
        x,
        evaluation=e,
        value_fn=lambda p: jnp.where(p[0] == 0.0, 1.0, 2.0),
    )
    assert float(updates[0]) == 0.0
    assert float(state.radius) == 0.25


def test_the_region_shrinks_within_a_step_until_a_probe_is_finite():
    """A loss that is finite only near by, as where an exponential overflows: no step is wasted."""
    objective = pm.least_squares({"slope": lambda p, _: 1.0 + p[0]})
    x = jnp.zeros(1)
    e, _ = objective.evaluate(x, objective.init(x), {"slope": jnp.zeros((1, 1))})
    optimizer = pm.gauss_newton(1.0)

    def update(reach):
        value = lambda p: jnp.where(jnp.abs(p[0]) > reach, jnp.inf, 0.5 * (1.0 + p[0]) ** 2)
        return optimizer.update(e.gradient, optimizer.init(x), x, evaluation=e, value_fn=value)

    updates, state = update(1e-3)
    assert -1e-3 < float(updates[0]) < -0.5e-3
    assert float(state.radius) < 1e-3 and float(state.metrics["converged"]) == 0.0
    updates, state = update(5e-8)  # below 1e-7, but cut short: no sign of a minimum
    assert float(updates[0]) < 0.0 and float(state.metrics["converged"]) == 0.0
    updates, _ = update(0.0)
    assert jnp.isnan(updates[0])


def test_the_trend_turns_when_the_fitted_slope_rises():
    trend, turned = Trend(jnp.zeros(30), jnp.bool_(False)), []
    follow = jax.jit(_follow)
    for step in range(130):
        log_damping = -0.1 * step if step < 100 else -10.0 + 0.2 * (step - 100)
        trend = follow(trend, jnp.exp(log_damping), jnp.int32(step))
        turned.append(bool(trend.turned))
    first = turned.index(True)
    window = np.asarray([-0.1 * i if i < 100 else -10.0 + 0.2 * (i - 100) for i in range(130)])
    slope = lambda i: np.polyfit(np.arange(30), window[i - 29 : i + 1], 1)[0]
    assert slope(first) > 0 > slope(first - 1)
    assert all(turned[first:])
    young = Trend(jnp.linspace(-1.0, 0.0, 30), jnp.bool_(False))
    assert not bool(follow(young, jnp.asarray(1.1), jnp.int32(78)).turned)
    assert bool(follow(young, jnp.asarray(1.1), jnp.int32(79)).turned)


def test_a_turned_trend_uses_the_second_threshold():
    objective, batch, _, _ = linear(6, 3)
    x = jnp.zeros(3)
    e, state = objective.evaluate(x, objective.init(x), batch)
    optimizer = pm.gauss_newton(ratio=0.15, switch_ratio=0.5)
    update = jax.jit(
        lambda s: optimizer.update(
            e.gradient, s, x, evaluation=e, value_fn=lambda y: objective.value(y, state, batch)
        )
    )
    start = optimizer.init(x)
    _, new = update(start)
    assert float(new.metrics["threshold"]) == 0.15
    _, new = update(start._replace(trend=start.trend._replace(turned=jnp.bool_(True))))
    assert float(new.metrics["threshold"]) == 0.5
    assert "threshold" not in pm.gauss_newton().init(x).metrics


def ill_conditioned(n: int, p: int):
    """Singular values from 1 to 1e-10, and a right-hand side that can be met."""
    k = min(n, p)
    keys = jax.random.split(jax.random.key(0), 3)
    U, V = (
        jnp.linalg.qr(jax.random.normal(key, (m, k)))[0]
        for key, m in zip(keys[:2], (n, p), strict=True)
    )
    A = (U * jnp.logspace(0, -10, k)[None]) @ V.T
    objective = pm.least_squares({"rows": lambda x, row: row["a"] @ x - row["b"]})
    return objective, {"rows": {"a": A, "b": A @ jax.random.normal(keys[2], (p,))}}


@pytest.mark.slow
@pytest.mark.parametrize(("n", "p"), [(60, 20), (20, 60)], ids=["n > p", "n < p"])
def test_svd_reaches_rounding_where_the_gram_matrix_stalls(n, p):
    objective, batch = ill_conditioned(n, p)
    last = {}
    for name, optimizer in (
        ("gram", pm.gauss_newton()),
        ("svd", pm.gauss_newton(factorise=by_svd)),
    ):
        result = pm.fit(
            objective, pm.fixed(batch), optimizer, jnp.zeros(p), steps=20, key=jax.random.key(0)
        )
        last[name] = {metric: values[-1] for metric, values in result.history.items()}
        refused = result.history["ratio"] <= 0
        assert not result.history["converged"][refused].any()
        last[name]["converged"] = result.history["converged"].max()
    # Losses are squares: 1e-32 is a residual at rounding.
    assert last["gram"]["loss"] > 1e-21
    assert last["svd"]["loss"] < 1e-31
    assert last["gram"]["converged"] == 0.0
    assert last["svd"]["converged"] == 1.0


def test_last_crossing_interpolates_in_log_radius():
    radii = jnp.log(jnp.array([1.0, 10.0, 100.0]))
    crossing = lambda ratios: float(jnp.exp(_last_crossing(radii, jnp.array(ratios), 0.5)))
    np.testing.assert_allclose(crossing([1.0, 0.75, 0.25]), 10 * 10**0.5, rtol=1e-12)
    np.testing.assert_allclose(crossing([1.0, 0.9, 0.8]), 100.0, rtol=1e-12)
    np.testing.assert_allclose(crossing([0.4, 0.3, 0.2]), 1.0, rtol=1e-12)
    np.testing.assert_allclose(crossing([0.9, -np.inf, -np.inf]), 1.0, rtol=1e-12)


@pytest.mark.parametrize(
    "options",
    [{"radius": 0.0}, {"ratio": 1.0}, {"span": 1.0}, {"probes": 1}, {"switch_ratio": 1.0}],
)
def test_bad_numbers_are_named(options):
    with pytest.raises(pm.errors.ConfigurationError, match=f"{next(iter(options))}: expected"):
        pm.gauss_newton(**options)


def test_an_objective_without_a_value_is_refused():
    objective, batch, _, _ = linear(5, 3)
    without = objective._replace(value=None)
    with pytest.raises(pm.errors.NoValueError, match="natural_gradient"):
        pm.fit(
            without,
            pm.fixed(batch),
            pm.gauss_newton(),
            jnp.zeros(3),
            steps=1,
            key=jax.random.key(0),
        )


@pytest.mark.parametrize("factorise", [pm.optim.by_gram, pm.optim.by_svd])
def test_the_units_of_a_cost_do_not_matter(factorise, key):
    """Squares of residuals of 1e-100 are zero, and a root that is met exactly ends in such."""

    def history(unit):
        row = lambda params, x: unit * (params["a"] * x + params["b"]) ** 3
        result = pm.fit(
            pm.least_squares({"cube": row}),
            pm.fixed({"cube": jnp.linspace(0.0, 1.0, 10)}),
            pm.gauss_newton(factorise=factorise),
            {"a": jnp.array(1.0), "b": jnp.array(0.5)},
            steps=300,
            key=key,
        )
        return result.history["loss"]

    usual = history(1.0)
    assert usual[50] < 1e-30 and usual[-1] < 1e-250
    np.testing.assert_allclose(history(2.0**-330)[:20] * 2.0**660, usual[:20], rtol=1e-9)
