"""The trust region: its radius, its ratio, its refusals."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.optim.gauss_newton import _damping_at, _last_crossing, _spectrum


def linear(n: int, p: int):
    A = jax.random.normal(jax.random.key(0), (n, p))
    b = jax.random.normal(jax.random.key(1), (n,))
    objective = pm.least_squares({"rows": lambda x, row: row["a"] @ x - row["b"]})
    batch = {"rows": {"a": A, "b": b}}
    return objective, batch, A, b


@pytest.mark.parametrize(("n", "p"), [(30, 8), (8, 30)], ids=["n > p", "n < p"])
def test_step_of_given_length(n, p):
    """‖step(λ)‖ = Δ, the step solves (JᵀJ + λ) s = −Jᵀr, and the decrease is as predicted."""
    objective, batch, _A, _b = linear(n, p)
    x = jnp.zeros(p)
    e, _ = objective.evaluate(x, objective.init(x), batch)
    spectrum = _spectrum(e.jacobian, e.residual, 2**30)
    J, r = e.jacobian.dense(), e.residual
    for radius in (1e-3, 1e-2, 0.1):
        damping = _damping_at(spectrum, jnp.asarray(radius))
        step = spectrum.step(damping)
        np.testing.assert_allclose(jnp.linalg.norm(step), radius, rtol=1e-9)
        np.testing.assert_allclose(J.T @ (J @ step) + damping * step, -J.T @ r, rtol=1e-8)
        decrease = 0.5 * jnp.sum(r**2) - 0.5 * jnp.sum((r + J @ step) ** 2)
        np.testing.assert_allclose(spectrum.predicted(damping), decrease, rtol=1e-9)


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


def test_last_crossing_interpolates_in_log_radius():
    radii = jnp.log(jnp.array([1.0, 10.0, 100.0]))
    crossing = lambda ratios: float(jnp.exp(_last_crossing(radii, jnp.array(ratios), 0.5)))
    np.testing.assert_allclose(crossing([1.0, 0.75, 0.25]), 10 * 10**0.5, rtol=1e-12)
    np.testing.assert_allclose(crossing([1.0, 0.9, 0.8]), 100.0, rtol=1e-12)
    np.testing.assert_allclose(crossing([0.4, 0.3, 0.2]), 1.0, rtol=1e-12)
    np.testing.assert_allclose(crossing([0.9, -np.inf, -np.inf]), 1.0, rtol=1e-12)


@pytest.mark.parametrize("options", [{"radius": 0.0}, {"ratio": 1.0}, {"span": 1.0}, {"probes": 1}])
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
