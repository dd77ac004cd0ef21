"""The least-squares objective: its terms, weights and complaints."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, ShapeError

TERMS = {
    "scalar": lambda p, x: p["a"] * x - 1.0,
    "vector": lambda p, x: jnp.stack([p["a"] + x, p["b"] * x]),
}
PARAMS = {"a": jnp.array(0.5), "b": jnp.array(-2.0)}
BATCH = {"scalar": jnp.array([1.0, 2.0, 3.0]), "vector": jnp.array([0.5, -1.0])}


def test_the_loss_is_half_the_weighted_mean_square():
    objective = pm.least_squares(TERMS, weights={"vector": 4.0})
    e, _ = objective.evaluate(PARAMS, objective.init(PARAMS), BATCH)
    scalar = np.mean([(0.5 * x - 1) ** 2 for x in (1.0, 2.0, 3.0)])
    vector = np.mean([(0.5 + x) ** 2 + (2 * x) ** 2 for x in (0.5, -1.0)])
    np.testing.assert_allclose(e.loss, 0.5 * (scalar + 4 * vector), rtol=1e-14)
    np.testing.assert_allclose(e.loss, 0.5 * jnp.sum(e.residual**2), rtol=1e-14)
    np.testing.assert_allclose(e.metrics["loss/scalar"], 0.5 * scalar, rtol=1e-14)
    np.testing.assert_allclose(e.metrics["loss/vector"], 0.5 * vector, rtol=1e-14)
    assert e.residual.shape == (7,) and e.jacobian.shape == (7, 2)
    np.testing.assert_allclose(
        objective.value(PARAMS, objective.init(PARAMS), BATCH), e.loss, rtol=1e-14
    )


def test_gradient():
    objective = pm.least_squares(TERMS, weights={"scalar": 0.3})
    state = objective.init(PARAMS)
    e, _ = objective.evaluate(PARAMS, state, BATCH)
    expected = jax.grad(objective.value)(PARAMS, state, BATCH)
    for name in PARAMS:
        np.testing.assert_allclose(e.gradient[name], expected[name], rtol=1e-13)


def test_balance_serves_every_optimizer_from_the_state():
    objective = pm.least_squares(TERMS, balance=pm.train.power_rule(exponent=0.5))
    state = objective.init(PARAMS)
    for _ in range(60):
        e, state = objective.evaluate(PARAMS, state, BATCH)
    weighted = [float(state[n] * e.metrics[f"loss/{n}"]) for n in TERMS]
    np.testing.assert_allclose(weighted[0], weighted[1], rtol=1e-6)
    np.testing.assert_allclose(np.mean([float(state[n]) for n in TERMS]), 1.0, rtol=1e-12)


def test_the_cap_holds():
    rule = pm.train.power_rule(exponent=1.0, largest=10.0)
    weights = {"a": jnp.array(1.0), "b": jnp.array(1.0)}
    for _ in range(20):
        weights = rule(weights, {"a": jnp.array(1.0), "b": jnp.array(1e-9)}, None)
    np.testing.assert_allclose(float(weights["b"] / weights["a"]), 10.0, rtol=1e-9)


def test_a_term_that_vanishes_leaves_the_weights_finite():
    rule = pm.train.power_rule()
    weights = {"a": jnp.array(1.0), "b": jnp.array(1.0)}
    for _ in range(1000):
        weights = rule(weights, {"a": jnp.array(1.0), "b": jnp.array(0.0)}, None)
    assert all(jnp.isfinite(w) and w > 0 for w in weights.values())


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: pm.least_squares({}), ConfigurationError, "at least one"),
        (lambda: pm.least_squares(TERMS, weights={"other": 1.0}), ConfigurationError, "no term"),
        (lambda: pm.least_squares(TERMS, weights={"scalar": 0.0}), ConfigurationError, "> 0"),
        (lambda: pm.train.power_rule(exponent=0.0), ConfigurationError, "exponent"),
        (lambda: pm.train.power_rule(largest=0.5), ConfigurationError, "largest"),
    ],
)
def test_bad_settings_are_named(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("terms", "batch", "words"),
    [
        (TERMS, {"scalar": jnp.ones(3)}, "'vector'"),
        (TERMS, jnp.ones(3), "'scalar'"),
        (TERMS, {"scalar": jnp.ones(0), "vector": jnp.ones(2)}, "at least one"),
        (TERMS, {"scalar": {"x": jnp.ones(2), "y": jnp.ones(3)}, "vector": jnp.ones(2)}, "common"),
        ({"m": lambda p, x: jnp.ones((2, 2)) * p["a"]}, {"m": jnp.ones(3)}, r"\(2, 2\)"),
        ({"m": lambda p, x: (p["a"], p["b"])}, {"m": jnp.ones(3)}, "tuple"),
        ({"m": lambda p, x: p["a"] + 1j * x}, {"m": jnp.ones(3)}, "complex"),
    ],
)
def test_bad_batches_and_residuals_are_named(terms, batch, words):
    objective = pm.least_squares(terms)
    with pytest.raises(ShapeError, match=words):
        objective.evaluate(PARAMS, objective.init(PARAMS), batch)
