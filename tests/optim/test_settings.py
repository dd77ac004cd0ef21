"""Optimizers by name: their options reach them, and what cannot be meant is refused by name."""

from __future__ import annotations

from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.optim import OptimizerSettings, optimizer_of
from physml.plain_types import parts

EXPECTED = (
    "adagrad adam adamw gauss-newton lbfgs natural-gradient newton "
    "rmsprop sgd soap ssbfgs ssbroyden"
)


def row(params, z):
    """A family small enough to compile for everyone: u = 1 + z (a + b z + c z²), u' = u."""
    u = lambda z: 1.0 + z * jnp.dot(params, z ** jnp.arange(3.0))
    return jax.grad(u)(z) - u(z)


OBJECTIVE = pm.least_squares({"equation": row})
PARAMS = jnp.array([0.2, -0.1, 0.05])
BATCH = {"equation": jnp.linspace(0.1, 1.0, 10)}


def test_every_optimizer_that_is_expected_is_offered():
    assert sorted(OptimizerSettings.names()) == EXPECTED.split()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "gauss-newton", "damping": 1e-3}, "belongs to natural-gradient"),
        ({"name": "soap", "sketch": 100}, "belongs to gauss-newton"),
        ({"name": "adam", "decay": -1.0}, "optimizer.decay: expected steps > 0, got -1"),
        ({"name": "adam", "decay": 9.0, "cosine": 9.0}, "optimizer.cosine: expected none beside"),
        ({"name": "adam", "learning_rate": 0.0}, "optimizer.learning_rate: expected a number > 0"),
        ({"name": "soap", "learning_rate": float("nan")}, "optimizer.learning_rate: expected"),
        ({"name": "natural-gradient", "learning_rate": -0.1}, "optimizer.learning_rate: expected"),
        ({"name": "adam", "b1": 1.0}, r"optimizer.b1: expected a number in \[0, 1\)"),
        ({"name": "adam", "eps": 0.0}, "optimizer.eps: expected a number > 0"),
        ({"name": "adamw", "weight_decay": -1.0}, "optimizer.weight_decay: expected a number ≥ 0"),
        ({"name": "sgd", "momentum": 1.0}, "optimizer.momentum: expected a number in"),
        ({"name": "sgd", "nesterov": True}, "optimizer.nesterov: expected a momentum > 0"),
        ({"name": "rmsprop", "b2": -0.1}, "optimizer.b2: expected a number in"),
        ({"name": "lbfgs", "memory_size": 0}, "optimizer.memory_size: expected at least 1"),
        ({"name": "lbfgs", "search_steps": 0}, "optimizer.search_steps: expected at least 1"),
        ({"name": "ssbfgs", "search_steps": 0}, "optimizer.search_steps: expected at least 1"),
        ({"name": "natural-gradient", "line_search": -1}, "optimizer.line_search: expected 0 or"),
        ({"name": "natural-gradient", "damping": 0.0}, "optimizer.damping: expected a number > 0"),
        (
            {"name": "natural-gradient", "damping_last": 1e-6},
            "optimizer.damping_last: expected cosine steps beside it",
        ),
        (
            {"name": "natural-gradient", "max_norm": 0.0},
            "optimizer.max_norm: expected",
        ),
        ({"name": "gauss-newton", "sketch": 0}, "optimizer.sketch: expected at least 1, got 0"),
        ({"name": "gauss-newton", "switch_ratio": 2.0}, "optimizer.switch_ratio: expected"),
        ({"name": "gauss-newton", "probes": 1}, "optimizer.probes: expected at least 2"),
    ],
    ids=str,
)
def test_what_is_out_of_range_is_refused_by_name(settings, message):
    with pytest.raises(pm.errors.ConfigurationError, match=message):
        OptimizerSettings(**settings).build()


# Beside 0 and numbers that are positive and finite; of no effect where they are infinite.
MAY_BE_ZERO = {"b1", "b2", "momentum", "weight_decay"}
MAY_BE_INFINITE = {"decay"}


@pytest.mark.parametrize("name", OptimizerSettings.names())
def test_no_number_makes_a_step_run_uphill_or_stand_still(name):
    """Negative, zero and infinite numbers, and NaN, of every real option of every optimizer."""
    named = OptimizerSettings.named(name)
    for option in (option for option, kind in named._types.items() if float in parts(kind)):
        wrong = [-0.1, float("nan")]
        wrong += [] if option in MAY_BE_ZERO else [0.0]
        wrong += [] if option in MAY_BE_INFINITE else [float("inf")]
        for number in wrong:
            with pytest.raises(pm.errors.ConfigurationError, match=rf"^optimizer\.{option}: exp"):
                named(**{option: number}).build()
        for zero in {option} & MAY_BE_ZERO:
            assert named(**{zero: 0.0}).build()


PUBLIC = {
    "natural_gradient": (pm.natural_gradient, "learning_rate damping max_norm momentum memory"),
    "gauss_newton": (pm.gauss_newton, "radius span ratio weight_decay memory"),
    "soap": (pm.soap, "learning_rate eps b1 b2"),
    "grid_line_search": (pm.optim.grid_line_search, "shrink candidates"),
}


@pytest.mark.parametrize(("make", "options"), PUBLIC.values(), ids=PUBLIC)
def test_functions_refuse_what_settings_refuse(make, options):
    for option in options.split():
        for number in (-0.1, float("nan"), np.float64(-1.0), jnp.array(-1.0)):
            with pytest.raises(pm.errors.ConfigurationError, match=f"^{option}: expected"):
                make(**{option: number})


@pytest.mark.parametrize("number", ["0.1", None, [0.1], 1j, jnp.ones(2)], ids=str)
def test_what_is_no_number_is_refused_by_name(number):
    with pytest.raises(pm.errors.ConfigurationError, match="learning_rate: expected a number > 0"):
        pm.natural_gradient(number)


def test_a_search_that_would_stop_at_once_is_refused():
    rows, _ = OBJECTIVE.evaluate(PARAMS, OBJECTIVE.init(PARAMS), BATCH)
    for wrong in ({"tolerance": float("nan")}, {"tolerance": 1.0}, {"iterations": 0}):
        with pytest.raises(pm.errors.ConfigurationError, match="expected"):
            pm.optim.matrix_free(rows.jacobian, rows.residual, 1e-3, **wrong)


def test_schedules_and_traced_numbers_are_let_by():
    """A learning rate and a damping that have no value yet: their steps are those of numbers."""
    rows, _ = OBJECTIVE.evaluate(PARAMS, OBJECTIVE.init(PARAMS), BATCH)

    def step(rate, damping):
        optimizer = pm.natural_gradient(rate, damping=damping)
        return optimizer.update(None, optimizer.init(PARAMS), PARAMS, evaluation=rows)[0]

    rates, dampings = jnp.array([0.1, 0.2]), jnp.array([1e-3, 1e-2])
    many = jax.jit(jax.vmap(step))(rates, dampings)
    scheduled = step(lambda count: 0.2, lambda count: 1e-2)
    np.testing.assert_allclose(many[0], step(0.1, np.float32(1e-3)), rtol=1e-6)
    np.testing.assert_allclose(many[1], scheduled, rtol=1e-10)
    assert pm.soap(lambda count: 0.1) and pm.soap(jnp.array(0.1))


def test_unknown_names_come_with_the_nearest():
    with pytest.raises(pm.errors.UnknownNameError, match="Did you mean 'adam'"):
        OptimizerSettings(name="adan")
    with pytest.raises(pm.errors.UnknownNameError, match=r"accuracy 'qr'.*gram, svd"):
        OptimizerSettings(name="gauss-newton", accuracy="qr")


@pytest.mark.parametrize(
    "options",
    [
        {"name": "gauss-newton", "accuracy": "svd", "switch_ratio": 0.5},
        {"name": "gauss-newton", "sketch": 3},
        {"name": "gauss-newton", "sketch": 3, "accuracy": "gram"},
        {"name": "soap", "learning_rate": 1e-2, "decay": 100.0},
        {"name": "natural-gradient", "solve": "sample-space"},
        {"name": "natural-gradient", "solve": "matrix-free"},
    ],
    ids=str,
)
def test_options_reach_the_optimizer(options):
    optimizer = OptimizerSettings(**options).build()
    result = pm.fit(OBJECTIVE, pm.fixed(BATCH), optimizer, PARAMS, steps=3, key=jax.random.key(0))
    assert result.history["loss"][-1] < result.history["loss"][0]
    assert ("threshold" in result.history) == ("switch_ratio" in options)


def first_steps(count, **settings):
    """The first updates by the gradients of the cost, flat."""
    optimizer = OptimizerSettings(**settings).build()
    params, state, found = PARAMS, optimizer.init(PARAMS), []
    for _ in range(count):
        evaluation, _ = OBJECTIVE.evaluate(params, OBJECTIVE.init(params), BATCH)
        updates, state = optimizer.update(evaluation.gradient, state, params, evaluation=evaluation)
        params = params + updates
        found.append((evaluation.gradient, updates))
    return found


def test_the_learning_rate_halves_after_decay_steps():
    """η, η/1.5 and η/2 in turn."""
    found = first_steps(3, name="sgd", learning_rate=0.4, decay=2.0)
    rates = [float(-update[0] / gradient[0]) for gradient, update in found]
    np.testing.assert_allclose(rates, [0.4, 0.4 / 1.5, 0.2], rtol=1e-10)


def test_the_learning_rate_falls_along_half_a_cosine_and_stays():
    """η, the middle of η and η/100, η/100, and that for ever: a run may go on."""
    found = first_steps(4, name="sgd", learning_rate=0.4, cosine=2.0)
    rates = [float(-update[0] / gradient[0]) for gradient, update in found]
    np.testing.assert_allclose(rates, [0.4, 0.202, 0.004, 0.004], rtol=1e-10)


def test_the_damping_falls_to_its_last_with_the_cosine(monkeypatch):
    """In equal ratios, and stays; a constant without a last one."""
    given = []
    module = import_module("physml.optim.natural_gradient")
    monkeypatch.setattr(module, "natural_gradient", lambda rate, **options: given.append(options))
    falling = {"name": "natural-gradient", "damping": 1e-2, "cosine": 10.0}
    OptimizerSettings(**falling, damping_last=1e-6).build()
    OptimizerSettings(**falling).build()
    dampings = [float(given[0]["damping"](step)) for step in (0, 5, 10, 20)]
    np.testing.assert_allclose(dampings, [1e-2, 1e-4, 1e-6, 1e-6], rtol=1e-6)
    assert given[1]["damping"] == 1e-2


def test_first_steps_of_first_order_optimizers():
    """By their formulas, on one gradient g; the second of sgd by its momentum."""
    rate = {"learning_rate": 0.1}
    (g, update), (g2, second) = first_steps(2, name="sgd", momentum=0.5, **rate)
    np.testing.assert_allclose(update, -0.1 * g, rtol=1e-12)
    np.testing.assert_allclose(second, -0.1 * (g2 + 0.5 * g), rtol=1e-12)
    (_, update), _ = first_steps(2, name="sgd", momentum=0.5, nesterov=True, **rate)
    np.testing.assert_allclose(update, -0.1 * 1.5 * g, rtol=1e-12)
    ((_, adam),) = first_steps(1, name="adam", **rate)
    np.testing.assert_allclose(adam, -0.1 * np.sign(g), rtol=1e-6)
    ((_, update),) = first_steps(1, name="adamw", weight_decay=0.3, **rate)
    np.testing.assert_allclose(update, adam - 0.1 * 0.3 * PARAMS, rtol=1e-12)
    ((_, update),) = first_steps(1, name="rmsprop", b2=0.75, **rate)
    np.testing.assert_allclose(update, -0.1 * np.sign(g) / np.sqrt(0.25), rtol=1e-6)
    ((_, update),) = first_steps(1, name="adagrad", **rate)
    np.testing.assert_allclose(update, -0.1 * g / np.sqrt(0.1 + g**2), rtol=1e-6)


def test_steps_beyond_a_cosine_are_told():
    """They are trained at a hundredth of the rate."""
    falling = OptimizerSettings(name="adam", cosine=300.0)
    falling.check(300)
    OptimizerSettings(name="adam", decay=10.0).check(300)
    OptimizerSettings(name="gauss-newton").check(300)
    assert optimizer_of(falling, 300)
    with pytest.warns(pm.errors.ScheduleWarning, match="from step 300 on, of 301"):
        falling.check(301)
    with pytest.warns(pm.errors.ScheduleWarning, match="of 400"):
        optimizer_of(falling, 400)
