"""Sums of objectives: rows, metrics, states, values and complaints of their parts."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm

PARAMS = {"a": jnp.array(0.5), "b": jnp.array(-2.0)}
DATA = pm.least_squares({"line": lambda p, x: p["a"] * x[0] + p["b"] - x[1]})
PHYSICS = pm.least_squares({"law": lambda p, x: jnp.stack([p["a"] ** 2 + x, p["b"] * x])})
PRIOR = pm.cost(lambda p, _: 0.5 * (p["a"] ** 2 + p["b"] ** 2))
BATCH = {
    "data": {"line": jnp.array([[0.0, 1.0], [1.0, 2.0], [2.0, 2.5]])},
    "physics": {"law": jnp.array([1.0, -0.5])},
}


def evaluate(objective, batch):
    """An evaluation, with its rows as an array."""

    def told():
        e, _ = objective.evaluate(PARAMS, objective.init(PARAMS), batch)
        return e._replace(jacobian=None if e.jacobian is None else e.jacobian.dense())

    return jax.jit(told)()


def test_of_least_squares_it_is_one_least_squares_with_all_terms():
    both = pm.total({"data": DATA, "physics": PHYSICS}, weights={"physics": 0.3})
    one = pm.least_squares(
        {
            "line": lambda p, x: p["a"] * x[0] + p["b"] - x[1],
            "law": lambda p, x: jnp.stack([p["a"] ** 2 + x, p["b"] * x]),
        },
        weights={"law": 0.3},
    )
    e, f = evaluate(both, BATCH), evaluate(one, {**BATCH["data"], **BATCH["physics"]})
    np.testing.assert_allclose(e.loss, f.loss, rtol=1e-14)
    np.testing.assert_allclose(e.residual, f.residual, rtol=1e-14)
    np.testing.assert_allclose(e.jacobian, f.jacobian, rtol=1e-14)
    for name in PARAMS:
        np.testing.assert_allclose(e.gradient[name], f.gradient[name], rtol=1e-14)
    assert set(e.metrics) == {
        "loss/data", "loss/line/data", "loss/physics", "loss/law/physics",
    }  # fmt: skip
    np.testing.assert_allclose(
        e.metrics["loss/data"] + 0.3 * e.metrics["loss/physics"], e.loss, rtol=1e-14
    )


def test_a_part_without_rows_leaves_the_gradient_and_the_value():
    objective = pm.total({"data": DATA, "prior": PRIOR}, weights={"prior": 2.0})
    e = evaluate(objective, {"data": BATCH["data"]})
    assert e.residual is None and e.jacobian is None
    slope = jax.grad(lambda p: objective.value(p, objective.init(p), {"data": BATCH["data"]}))
    for name, number in slope(PARAMS).items():
        np.testing.assert_allclose(e.gradient[name], number, rtol=1e-13)


def test_a_metric_alone_stays_one():
    """Rows stacked, and no residual, where a part has none: (JᵀJ + λ) δ = ∇C."""

    def alone(params, state, batch):
        evaluation, state = DATA.evaluate(params, state, batch)
        return evaluation._replace(residual=None), state

    metric = pm.Objective(DATA.init, alone, DATA.value)
    e = evaluate(pm.total({"data": metric, "physics": PHYSICS}), BATCH)
    whole = evaluate(pm.total({"data": DATA, "physics": PHYSICS}), BATCH)
    assert e.residual is None
    np.testing.assert_allclose(e.jacobian, whole.jacobian, rtol=1e-14)
    assert float(e.gradient["a"]) == float(whole.gradient["a"])


def test_it_has_a_value_where_all_parts_do():
    score = pm.score(lambda p, x: -p["a"] * x**2, lambda p, x: x)
    assert pm.total({"data": DATA, "score": score}).value is None
    assert pm.total({"data": DATA, "prior": PRIOR}).value is not None


def test_states_of_the_parts_go_on():
    balanced = pm.least_squares(
        {"line": DATA.terms(BATCH["data"])["line"].row, "flat": lambda p, x: p["a"] - x},
        balance=pm.train.power_rule(exponent=0.5),
    )
    objective = pm.total({"data": balanced, "physics": PHYSICS})
    batch = {**BATCH, "data": {**BATCH["data"], "flat": jnp.ones(2)}}
    state = objective.init(PARAMS)
    _, after = jax.jit(objective.evaluate)(PARAMS, state, batch)
    assert set(after) == {"data", "physics"}
    assert float(after["data"]["line"]) != float(state["data"]["line"])


def test_it_is_trained_and_names_what_is_not_finite():
    law = pm.least_squares({"law": lambda p, x: jnp.where(x > 2, jnp.nan, p["a"] * x)})
    objective = pm.total({"data": DATA, "physics": law})
    fine = {**BATCH, "physics": {"law": jnp.array([1.0, 2.0])}}
    options = {"steps": 2, "key": jax.random.key(0)}
    optimizer = pm.natural_gradient(1.0, damping=1e-9)
    result = pm.fit(objective, pm.fixed(fine), optimizer, PARAMS, **options)
    slopes = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]) / 3**0.5
    rows = np.vstack([slopes, np.array([[1.0, 0.0], [2.0, 0.0]]) / 2**0.5])
    wanted = np.concatenate([np.array([1.0, 2.0, 2.5]) / 3**0.5, np.zeros(2)])
    best = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    np.testing.assert_allclose([result.params["a"], result.params["b"]], best, atol=1e-7)
    bad = {**BATCH, "physics": {"law": jnp.array([1.0, 3.0])}}
    with pytest.raises(pm.errors.NonFiniteError, match=r"physics: law: the residual .* point 1"):
        pm.fit(objective, pm.fixed(bad), optax.sgd(0.1), PARAMS, **options)


def test_each_part_has_a_sampler_of_its_own():
    """Labels in minibatches beside points that stay: rows of both, metrics by the parts' names."""
    labelled = pm.cross_entropy(lambda p, x: jnp.stack([p["a"] * x, p["b"], p["a"] + x]))
    data = (jnp.linspace(-1.0, 1.0, 9), jnp.arange(9) % 3)
    sampler = pm.sampling.together(
        {
            "labels": pm.sampling.minibatches(data, size=3),
            "physics": pm.fixed(BATCH["physics"]),
        }
    )
    result = pm.fit(
        pm.total({"labels": labelled, "physics": PHYSICS}),
        sampler,
        pm.natural_gradient(0.1, damping=1e-2),
        PARAMS,
        steps=3,
        key=jax.random.key(0),
    )
    history = result.history
    assert {"accuracy/labels", "loss/labels", "loss/law/physics", "epoch/labels"} <= set(history)
    np.testing.assert_allclose(
        history["loss"], history["loss/labels"] + history["loss/physics"], rtol=1e-12
    )
    assert history["loss/physics"][-1] < history["loss/physics"][0]


@pytest.mark.parametrize(
    ("make", "batch", "message"),
    [
        (lambda: pm.total({}), BATCH, "at least one"),
        (lambda: pm.total({"data": DATA}, weights={"dat": 1.0}), BATCH, "'dat' is no term"),
        (lambda: pm.total({"data": DATA}, weights={"data": 0.0}), BATCH, "> 0"),
        (lambda: pm.total({"data": DATA}), BATCH, "'physics': no part .* parts are data"),
        (lambda: pm.total({"data": DATA}), jnp.ones(3), "a dict of batches for data"),
        (lambda: pm.total({"data": DATA}), {}, "samples for the term 'line'"),
        (
            lambda: pm.total(
                {
                    "a": pm.cost(lambda p, _: (p["a"], {"loss/b": p["a"]})),
                    "b/a": pm.cost(lambda p, _: p["a"]),
                }
            ),
            {},
            "two of the name loss/b/a",
        ),
    ],
)
def test_what_does_not_fit_is_refused(make, batch, message):
    with pytest.raises(pm.errors.PhysmlError, match=message):
        objective = make()
        objective.evaluate(PARAMS, objective.init(PARAMS), batch)
