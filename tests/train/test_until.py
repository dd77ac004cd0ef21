"""A run that ends by itself: at the same step whatever the dispatches, and again after a resume."""

from __future__ import annotations

import io

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.tree_util import Partial

import physml as pm
from physml.train import (
    RuleSettings,
    any_of,
    checkpoint,
    converged,
    patience,
    rule_of,
    target,
)

X = jnp.linspace(0.0, 1.0, 10)
LINE = pm.least_squares({"line": lambda params, x: (params - 2.0) * x})
SAMPLER = pm.fixed({"line": X})
DISTANCE = {"distance": pm.every(3, lambda params: jnp.abs(params - 2.0))}


def train(steps, *, start=0.0, optimizer=None, measure=DISTANCE, **options):
    optimizer = optax.sgd(0.3) if optimizer is None else optimizer
    return pm.fit(
        LINE, SAMPLER, optimizer, jnp.asarray(start), steps=steps, key=jax.random.key(0),
        measure=measure, **options,
    )  # fmt: skip


def test_measured_metrics_are_held_and_are_what_the_step_saw():
    seen = []
    every = pm.every(1, lambda update: seen.append(float(update.params)))
    found = train(8, callbacks=[every]).history["distance"]
    before = np.abs(np.array([0.0, *seen[:-1]]) - 2.0)
    np.testing.assert_allclose(found, before[[0, 0, 0, 3, 3, 3, 6, 6]], rtol=1e-14)


def test_what_two_metrics_of_a_grid_need_is_computed_once():
    """As the outputs of a network on validation data, of which loss and accuracy are told."""
    rows = jnp.ones((3, 3))

    def outputs(params):
        return jnp.tanh(rows @ (params * rows))

    measure = {
        "sum": pm.every(2, lambda params: outputs(params).sum()),
        "distance": pm.every(3, lambda params: jnp.abs(params - 2.0)),
        "largest": pm.every(2, lambda params: outputs(params).max()),
    }
    step = pm.train.make_step(LINE, SAMPLER, optax.sgd(0.3), measure=measure)
    params, key = jnp.asarray(0.5), jax.random.key(0)
    state = pm.train.TrainState(
        jnp.zeros((), jnp.int32),
        params,
        optax.sgd(0.3).init(params),
        LINE.init(params),
        SAMPLER.init(key, params),
        key,
        measured=dict.fromkeys(measure, jnp.nan * params),
    )
    program = jax.jit(step).lower(state).compile()
    assert program.as_text().count("tanh(") == 1
    told = program(state)[1]
    assert told["sum"] == pytest.approx(9 * np.tanh(1.5)) == 9 * told["largest"]
    assert [name for name in told if name in measure] == sorted(measure)


RULES = {
    "target": target("distance", 0.5),
    "patience": patience("distance", 7, least=0.5),
    "any": any_of(target("loss", 1e-3), patience("distance", 9)),
    "own": pm.train.Rule(lambda: jnp.int32(0), lambda count, metrics: (count + 1, count == 12), {}),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_ends_at_its_step_and_a_resumed_run_with_the_same_bits(name, tmp_path):
    whole = train(100, until=RULES[name])
    steps = len(whole.history["loss"])
    assert whole.ended and 2 < steps < 90
    # The step at which a rule says so is not taken: the parameters are those that it judged.
    assert int(whole.state.step) == steps - 1
    last = 0.5 * np.mean(((float(whole.params) - 2.0) * np.asarray(X)) ** 2)
    np.testing.assert_allclose(whole.history["loss"][-1], last, rtol=1e-13)
    each = train(100, until=RULES[name], callbacks=[pm.every(1, lambda update: None)])
    assert each.params == whole.params
    for stop in (steps - 2, 100, 100):
        make = pm.Run.reopen if (tmp_path / "run").exists() else pm.Run.create
        with make(tmp_path / "run") as run:
            resumed = train(stop, until=RULES[name], run=run)
    assert resumed.ended and resumed.state.step == whole.state.step
    assert resumed.params == whole.params
    for column in whole.history:
        assert resumed.history[column].tobytes() == whole.history[column].tobytes()


def test_callbacks_and_progress_learn_of_the_end():
    seen, stream = [], io.StringIO()
    every = pm.every(50, lambda update: seen.append((update.step, update.last)))
    found = train(100, until=RULES["own"], callbacks=[every, pm.progress(stream=stream)])
    assert seen == [(int(found.state.step), True)] == [(12, True)]
    assert "ETA" not in stream.getvalue().splitlines()[-1]


@pytest.mark.slow
def test_another_rule_or_none_goes_on_from_where_a_rule_ended(tmp_path):
    """Each rule has a memory of its own; a run begun before there were rules has none."""
    whole = train(30)
    with pm.Run.create(tmp_path / "run") as run:
        assert train(30, until=target("distance", 1.0), run=run).ended
    with pm.Run.reopen(tmp_path / "run") as run:
        further = train(30, until=patience("distance", 25), run=run)
    assert not further.ended and further.params == whole.params
    with pm.Run.create(tmp_path / "old") as run:
        train(5, measure=None, run=run)
        folder = run.checkpoints("train")
        stored = checkpoint.verified(folder, 5).manifest["leaves"]
    assert not any("rule" in name or "measured" in name for name in stored)
    with pm.Run.reopen(tmp_path / "old") as run:
        later = train(30, until=target("distance", 0.5), run=run)
    assert later.ended
    # Not measured before it was asked for, nor until the next time that is due.
    assert np.isnan(later.history["distance"][:6]).all()
    assert np.isfinite(later.history["distance"][6:]).all()


def floor(dtype, optimizer):
    network = pm.MLP((6,))

    def decay(params, z):
        u = lambda y: 1.0 + y[0] * network.apply(params, y)
        return pm.partial(u, 0)(z) + u(z)

    params = network.init(jax.random.key(0), jnp.zeros(1))
    params = jax.tree.map(lambda leaf: leaf.astype(dtype), params)
    batch = {"equation": jnp.linspace(0.0, 1.0, 30, dtype=dtype)[:, None]}
    return pm.least_squares({"equation": decay}), pm.fixed(batch), optimizer, params


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64], ids=["float32", "float64"])
def test_gauss_newton_ends_at_its_rounding_floor(dtype):
    """And what is left out is nothing: a hundred further steps gain no digit."""
    optimizer = pm.gauss_newton(factorise=pm.optim.by_svd, switch_ratio=0.5)
    fitted = lambda steps, until: pm.fit(
        *floor(dtype, optimizer), steps=steps, key=jax.random.key(0), until=until
    )
    ended = fitted(3000, converged())
    assert ended.ended
    steps, lowest = len(ended.history["loss"]), ended.history["loss"].min()
    assert steps < 600 and lowest < {"float32": 1e-12, "float64": 1e-27}[np.dtype(dtype).name]
    further = fitted(steps + 100, None).history["loss"].min()
    assert further > 0.9 * lowest


@pytest.mark.slow
def test_gauss_newton_by_gram_matrix_ends_where_it_crawls():
    """It then takes 1e-4 of the loss a step, for ever: a thousand steps more are no digit."""
    fitted = lambda steps, until: pm.fit(
        *floor(jnp.float64, pm.gauss_newton()), steps=steps, key=jax.random.key(0), until=until
    )
    ended = fitted(3000, converged()).history["loss"]
    assert len(ended) < 400 and ended.min() < 1e-16 * ended[0]
    further = fitted(len(ended) + 1000, None).history["loss"]
    assert 0.1 * ended.min() < further.min() < ended.min()


def test_a_plateau_that_goes_on_does_not_end_a_run():
    """Two hundred steps of which each takes 1e-6 of the loss, then a fall."""

    def loss(step):
        return jnp.where(step < 200, 1.0 - 1e-6 * step, jnp.exp(-0.3 * (step - 200.0)))

    rule, memory, ends = converged(), converged().init(), []
    update = jax.jit(rule.update)
    for step in range(300):
        memory, end = update(memory, {"loss": loss(step)})
        ends.append(bool(end))
    assert not any(ends)


def test_a_steady_loss_ends_after_the_window_and_a_lucky_digit_does_not_keep_it():
    """Improvements of one ε now and then are rounding's."""
    rule, memory = converged(window=20), converged(window=20).init()
    for step in range(40):
        value = 1.0 - np.finfo(float).eps * (step // 5)
        memory, end = rule.update(memory, {"loss": jnp.asarray(value)})
        if end:
            break
    assert step == 20


def test_negative_metrics_and_nan_are_judged():
    rule = patience("energy", 3, least=0.1)
    memory = rule.init()
    found = []
    for value in (np.nan, np.nan, -1.0, -1.05, -1.2, np.nan, -1.2, -1.2):
        memory, end = rule.update(memory, {"energy": jnp.asarray(value)})
        found.append(bool(end))
    assert found == [False] * 7 + [True]


def test_data_of_a_measurement_are_arguments(tmp_path):
    """As those of an objective: a validation set is neither a constant nor state."""
    held_out = np.linspace(0.0, 1.0, 20_000)
    error = Partial(lambda data, params: jnp.mean(((params - 2.0) * data) ** 2), held_out)
    with pm.Run.create(tmp_path / "run") as run:
        found = train(3, measure={"validation": pm.every(1, error)}, run=run)
    np.testing.assert_allclose(found.history["validation"][0], 4 * np.mean(held_out**2))
    files = [p for p in (tmp_path / "run" / "checkpoints").rglob("*") if p.is_file()]
    assert 0 < sum(p.stat().st_size for p in files) < held_out.nbytes / 4


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"until": target("los", 0.1)}, pm.errors.UnknownNameError, "Did you mean 'loss'"),
        ({"until": patience("distance", 3)}, pm.errors.ConfigurationError, "every 3"),
        ({"until": converged}, pm.errors.ConfigurationError, r"such as converged\(\)"),
        ({"measure": {"a": abs}}, pm.errors.ConfigurationError, "expected every"),
        ({"measure": {"a": pm.every(1, lambda p: p * X)}}, pm.errors.ShapeError, "one real number"),
        ({"measure": {"loss": pm.every(1, jnp.abs)}}, pm.errors.ConfigurationError, "the loss and"),
        ({"measure": {"step": pm.every(1, jnp.abs)}}, pm.errors.ConfigurationError, "the loop"),
        (
            {"until": pm.train.Rule(lambda: (), lambda m, x: (m, x["loss"]))},
            pm.errors.ShapeError,
            "boolean",
        ),
    ],
)
def test_what_cannot_be_judged_is_named(options, error, words):
    with pytest.raises(error, match=words):
        train(2, **options)


@pytest.mark.parametrize(
    "make",
    [
        lambda: patience("loss", 0),
        lambda: patience("loss", 5, least=1.0),
        lambda: converged(window=0),
        lambda: any_of(),
        lambda: target("loss", np.nan),
    ],
)
def test_bad_rules_are_named(make):
    with pytest.raises(pm.errors.ConfigurationError, match=r"expected (at least|a part|a finite)"):
        make()


def test_a_rule_by_name_is_that_of_its_settings():
    for name, spans in (("converged", {"loss": 50}), ("patience", {"loss": 200}), ("target", {})):
        assert rule_of(name).spans == RuleSettings(name=name).build().spans == spans
    assert rule_of("none") is None is rule_of(None)
    mine = target("loss", 1.0)
    assert rule_of(mine) is mine
    with pytest.raises(pm.errors.UnknownNameError, match=r"until 'patienc'. Did you mean"):
        train(2, until="patienc")
    with pytest.raises(pm.errors.ConfigurationError, match=r"until: expected a rule.*got 3"):
        train(2, until=3)
    with pytest.raises(pm.errors.ConfigurationError, match=r"until: .*steps: expected at least 1"):
        RuleSettings(name="patience", steps=0).build()
