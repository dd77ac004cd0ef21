"""Rules for the weights of terms: each makes equal what it promises to make equal."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

TERMS = {
    "big": lambda p, x: 100.0 * jnp.sin(p["a"] * x),
    "small": lambda p, x: jnp.stack([p["a"] + x, p["b"] * x]),
}
BATCH = {"big": jnp.linspace(0.1, 1, 7), "small": jnp.linspace(-1, 1, 5)}
PARAMS = {"a": jnp.array(0.3), "b": jnp.array(-0.7)}


def balanced(rule):
    """The weights after one evaluation, and the evaluation with them."""
    objective = pm.least_squares(TERMS, weights={"big": 2.0}, balance=rule)
    _, weights = objective.evaluate(PARAMS, objective.init(PARAMS), BATCH)
    return {name: float(weight) for name, weight in weights.items()}


def term_gradient(name):
    def loss(params):
        values = jax.vmap(lambda x: TERMS[name](params, x))(BATCH[name])
        return 0.5 * jnp.sum(values**2) / len(BATCH[name])

    return np.hypot(*(float(part) for part in jax.grad(loss)(PARAMS).values()))


@pytest.mark.slow
def test_gradient_norms_become_equal():
    weights = balanced(pm.train.gradient_norms(decay=0.0))
    lengths = {name: weights[name] * term_gradient(name) for name in TERMS}
    assert lengths["big"] == pytest.approx(lengths["small"], rel=1e-12)
    assert np.mean(list(weights.values())) == pytest.approx(1.5, rel=1e-12)


@pytest.mark.slow
def test_ntk_traces_become_equal():
    weights = balanced(pm.train.ntk_traces(decay=0.0))

    def trace(name):
        rows = jax.vmap(lambda x: jax.jacrev(lambda p: TERMS[name](p, x))(PARAMS))(BATCH[name])
        return sum(float(jnp.sum(part**2)) for part in rows.values()) / len(BATCH[name])

    assert weights["big"] * trace("big") == pytest.approx(weights["small"] * trace("small"))


def test_the_average_moves_by_its_decay():
    at_once, slowly = (balanced(pm.train.gradient_norms(decay=decay)) for decay in (0.0, 0.9))
    for name, first in {"big": 2.0, "small": 1.0}.items():
        assert slowly[name] == pytest.approx(0.9 * first + 0.1 * at_once[name])


def test_a_term_that_pulls_at_nothing_keeps_its_weight():
    """Its gradient vanishes, and a weight inverse to that would silence the others."""
    terms = {"met": lambda p, x: 0.0 * p * x, "other": lambda p, x: p * x - 1}
    objective = pm.least_squares(terms, balance=pm.train.gradient_norms(decay=0.0))
    batch, p = dict.fromkeys(terms, jnp.ones(2)), jnp.array(3.0)
    _, weights = objective.evaluate(p, objective.init(p), batch)
    assert {name: float(weight) for name, weight in weights.items()} == {"met": 1.0, "other": 1.0}


@pytest.mark.parametrize("rule", [pm.train.gradient_norms, pm.train.ntk_traces])
def test_a_decay_outside_its_range_is_refused(rule):
    with pytest.raises(pm.errors.ConfigurationError, match="decay: expected a number in"):
        rule(decay=1.0)
