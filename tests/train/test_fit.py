"""The one loop: traced once, stopped anywhere, resumed with the same bits."""

from __future__ import annotations

import json
import os
import signal

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm

NETWORK = pm.MLP((8,))


def residual(params, z):
    u = lambda y: jnp.prod(y * (1 - y)) * NETWORK.apply(params, y)
    return -pm.laplacian(u)(z) - jnp.sum(z)


def pde(optimizer):
    objective = pm.least_squares(
        {"equation": residual, "point": lambda p, z: NETWORK.apply(p, z) - 1.0},
        balance=pm.train.power_rule(),
    )
    draw = lambda key, params: {
        "equation": pm.sampling.sobol(key, 32, 2),
        "point": pm.sampling.uniform(key, 4, 2),
    }
    params = NETWORK.init(jax.random.key(0), jnp.zeros(2))
    return objective, pm.drawn(draw, every=3), optimizer, params


def oscillator(optimizer):
    system = pm.vmc.HarmonicOscillator(particles=2, dimension=2)
    log_psi = lambda params, x: system.ansatz(lambda y: NETWORK.apply(params, y), x)
    sampler = pm.metropolis(
        pm.vmc.log_density(log_psi), lambda key: jax.random.normal(key, (64, 2, 2)), sweeps=3
    )
    params = NETWORK.init(jax.random.key(0), jnp.zeros((2, 2)))
    return pm.vmc.energy(log_psi, system.local_energy), sampler, optimizer, params


CASES = {
    "pde, gauss-newton": lambda: pde(pm.gauss_newton()),
    "pde, SPRING": lambda: pde(pm.natural_gradient(0.1, momentum=0.9)),
    "pde, adam": lambda: pde(optax.adam(1e-3)),
    "pde, lbfgs": lambda: pde(optax.lbfgs()),
    "oscillator, SPRING": lambda: oscillator(pm.natural_gradient(0.1, momentum=0.9)),
    "oscillator, adam": lambda: oscillator(optax.adam(1e-2)),
}


SLOW = pytest.mark.slow
"""Cases of optimizers whose state resumes by the same code as the two that stay."""


def bits(result):
    raw = lambda x: jax.random.key_data(x) if jnp.issubdtype(x.dtype, jax.dtypes.prng_key) else x
    return [np.asarray(raw(leaf)).tobytes() for leaf in jax.tree.leaves(result.state)]


@pytest.mark.parametrize(
    "case",
    [case if case == "pde, gauss-newton" else pytest.param(case, marks=SLOW) for case in CASES],
)
def test_stop_anywhere_and_resume_with_the_same_bits(case, tmp_path):
    """Params, optimizer, weights, points or walkers, key, and metrics."""
    key, steps = jax.random.key(7), 11
    whole = pm.fit(*CASES[case](), steps=steps, key=key)
    for stop in (1, 10):
        with pm.Run.create(tmp_path / str(stop)) as run:
            pm.fit(*CASES[case](), steps=stop, key=key, run=run)
        with pm.Run.reopen(tmp_path / str(stop)) as run:
            resumed = pm.fit(*CASES[case](), steps=steps, key=key, run=run)
        assert bits(resumed) == bits(whole)
        for name, column in whole.history.items():
            assert column.tobytes() == resumed.history[name].tobytes(), name


@pytest.mark.slow
def test_dispatches_of_any_length_give_the_same_bits():
    key = jax.random.key(7)
    whole = pm.fit(*CASES["pde, gauss-newton"](), steps=12, key=key)
    each = pm.fit(
        *CASES["pde, gauss-newton"](),
        steps=12,
        key=key,
        callbacks=[pm.every(1, lambda update: None)],
    )
    assert bits(each) == bits(whole)


def test_a_step_is_traced_once():
    traces = []

    def row(params, z):
        traces.append(1)
        return params - z

    def traced(steps):
        traces.clear()
        pm.fit(
            pm.least_squares({"data": row}),
            pm.fixed({"data": jnp.ones(3)}),
            optax.sgd(0.1),
            jnp.array(0.0),
            steps=steps,
            key=jax.random.key(0),
            callbacks=[pm.every(7, lambda update: None)],
        )
        return len(traces)

    traced(1)  # the functions that jax keeps between fits
    assert traced(900) == traced(1) > 0


def test_callbacks_come_on_their_grid():
    seen = []
    pm.fit(
        *CASES["pde, adam"](),
        steps=23,
        key=jax.random.key(0),
        callbacks=[pm.every(10, lambda update: seen.append((update.step, update.steps)))],
    )
    assert seen == [(10, 23), (20, 23), (23, 23)]


def test_metrics_are_lines_of_json(tmp_path):
    with pm.Run.create(tmp_path / "run") as run:
        result = pm.fit(*CASES["pde, SPRING"](), steps=5, key=jax.random.key(0), run=run)
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["step"] for row in rows] == list(range(5))
    assert [row["loss"] for row in rows] == result.history["loss"].tolist()
    assert {"loss/equation", "loss/point", "weight/equation", "update_norm"} <= rows[0].keys()


def exploding():
    """Finite for some steps, then overflow: θ doubles its exponent each step."""
    objective = pm.least_squares({"power": lambda p, z: jnp.exp(p) * z})
    return objective, pm.fixed({"power": jnp.ones(2)}), optax.sgd(-1.0), jnp.array(1.0)


def test_non_finite_numbers_stop_with_the_step_and_the_last_good_state(tmp_path):
    with pm.Run.create(tmp_path / "run") as run, pytest.raises(pm.errors.NonFiniteError) as caught:
        pm.fit(*exploding(), steps=50, key=jax.random.key(0), run=run)
    message = str(caught.value)
    assert "loss" in message and str(tmp_path / "run") in message
    step = int(message.split("step ")[1].split(" ")[0])
    with pm.Run.reopen(tmp_path / "run") as run:
        kept = pm.fit(*exploding(), steps=step, key=jax.random.key(0), run=run)
    assert jnp.isfinite(kept.params)
    assert len(kept.history["loss"]) == step
    assert np.isfinite(kept.history["loss"]).all()


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path):
    whole = pm.fit(*CASES["pde, adam"](), steps=30, key=jax.random.key(0))
    kill = pm.every(8, lambda update: os.kill(os.getpid(), signal.SIGINT))
    before = signal.getsignal(signal.SIGINT)  # ignored where the suite runs in the background
    with (
        pm.Run.create(tmp_path / "run") as run,
        pytest.raises(
            pm.errors.InterruptedRunError, match=r"saved\. Go on with: pm\.Run\.reopen\(.*run'\)"
        ),
    ):
        pm.fit(*CASES["pde, adam"](), steps=30, key=jax.random.key(0), run=run, callbacks=[kill])
    assert signal.getsignal(signal.SIGINT) is before
    with pm.Run.reopen(tmp_path / "run") as run:
        resumed = pm.fit(*CASES["pde, adam"](), steps=30, key=jax.random.key(0), run=run)
    assert bits(resumed) == bits(whole)


def line(**options):
    objective = pm.least_squares({"line": lambda params, x: params * x - 2.0 * x})
    start = jnp.array(0.0)
    return pm.fit(
        objective, pm.fixed({"line": jnp.ones(4)}), optax.sgd(0.1), start, key=jax.random.key(0),
        **options,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("raised", [ValueError("no"), KeyboardInterrupt()], ids=repr)
def test_what_a_callback_raises_leaves_the_last_state(raised, tmp_path):
    whole = line(steps=9)

    def fail(update):
        if update.step == 6:
            raise raised

    with pytest.raises(type(raised)) as caught:
        line(steps=9, callbacks=[pm.every(3, fail)])
    state = caught.value.state
    assert int(state.step) == 6
    assert state.params == line(steps=6).params
    assert "after step 6 of 9" in caught.value.__notes__[0]
    with pm.Run.create(tmp_path / "run") as run, pytest.raises(type(raised)):
        line(steps=9, callbacks=[pm.every(3, fail)], run=run)
    with pm.Run.reopen(tmp_path / "run") as run:
        assert [int(p.name) for p in run.checkpoints("train").iterdir()] == [6]
        assert line(steps=9, run=run).params == whole.params


def test_ctrl_c_without_a_run_ends_the_dispatch_and_leaves_the_last_state(monkeypatch):
    monkeypatch.setattr(signal, "default_int_handler", signal.default_int_handler)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    kill = pm.every(4, lambda update: os.kill(os.getpid(), signal.SIGINT))
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            line(steps=9, callbacks=[kill])
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert int(caught.value.state.step) == 4
    assert caught.value.state.params == line(steps=4).params


def test_what_is_not_finite_leaves_the_last_good_state():
    with pytest.raises(pm.errors.NonFiniteError) as caught:
        pm.fit(*exploding(), steps=50, key=jax.random.key(0))
    assert jnp.isfinite(caught.value.state.params) and int(caught.value.state.step) > 0


def test_a_callback_may_stop_by_a_word_of_its_own(tmp_path):
    stop = pm.every(3, lambda update: pm.train.STOP if update.step >= 6 else None)
    with pm.Run.create(tmp_path / "run") as run:
        found = line(steps=20, callbacks=[stop], run=run)
    assert found.ended and int(found.state.step) == 6 and len(found.history["loss"]) == 6
    with pm.Run.reopen(tmp_path / "run") as run:
        resumed = line(steps=8, run=run)
    assert not resumed.ended and resumed.params == line(steps=8).params
    with pytest.raises(pm.errors.ConfigurationError, match="STOP"):
        line(steps=20, callbacks=[lambda update: True])


def test_a_resumed_run_draws_no_first_state(tmp_path):
    """Neither one that goes on nor one that is done burns in walkers to throw them away."""
    drawn = []

    def init(key, params):
        jax.debug.callback(lambda: drawn.append(1))
        return jax.random.normal(key, (4,)), key

    def sample(key, state, params):
        return state, {"line": state[0]}, {}

    objective = pm.least_squares({"line": lambda params, x: params * x - 2.0 * x})

    def train(steps, run):
        return pm.fit(
            objective, pm.Sampler(init, sample), optax.sgd(0.1), jnp.array(0.0), steps=steps,
            key=jax.random.key(0), run=run,
        )  # fmt: skip

    with pm.Run.create(tmp_path / "run") as run:
        train(2, run)
    jax.effects_barrier()
    assert len(drawn) == 1
    for steps in (5, 5):
        with pm.Run.reopen(tmp_path / "run") as run:
            resumed = train(steps, run)
    jax.effects_barrier()
    assert len(drawn) == 1
    whole = train(5, None)
    assert bits(resumed) == bits(whole)


def test_metrics_of_two_sources_with_one_name_are_refused():
    def sample(key, state, params):
        return state, {"line": jnp.ones(4)}, {"loss/line": jnp.ones(())}

    objective = pm.least_squares({"line": lambda params, x: params * x})
    sampler = pm.Sampler(lambda key, params: (), sample)
    with pytest.raises(pm.errors.ConfigurationError, match="the objective and from the sampler"):
        pm.fit(objective, sampler, optax.sgd(0.1), jnp.array(1.0), steps=1, key=jax.random.key(0))
    twice = optax.chain(pm.natural_gradient(), pm.natural_gradient())
    with pytest.raises(pm.errors.ConfigurationError, match="the optimizer and from the optimizer"):
        pm.fit(
            objective, pm.fixed({"line": jnp.ones(4)}), twice, jnp.array(1.0), steps=1,
            key=jax.random.key(0),
        )  # fmt: skip


@pytest.mark.slow
def test_phases_follow_one_another_in_one_run(tmp_path):
    objective, sampler, _, params = CASES["pde, adam"]()

    def both(run):
        first = pm.fit(
            objective,
            sampler,
            optax.adam(1e-3),
            params,
            steps=6,
            key=jax.random.key(0),
            run=run,
            phase="adam",
        )
        return pm.fit(
            objective,
            sampler,
            pm.gauss_newton(),
            first.params,
            steps=4,
            key=jax.random.key(1),
            run=run,
            phase="gauss-newton",
        )

    whole = both(None)
    with pm.Run.create(tmp_path / "run") as run:
        pm.fit(
            objective,
            sampler,
            optax.adam(1e-3),
            params,
            steps=3,
            key=jax.random.key(0),
            run=run,
            phase="adam",
        )
        assert bits(both(run)) == bits(whole)
        assert bits(both(run)) == bits(whole)  # all done: read back, nothing computed
    rows = [json.loads(x) for x in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    order = [(row["phase"], row["step"]) for row in rows]
    assert order == [("adam", i) for i in range(6)] + [("gauss-newton", i) for i in range(4)]


def test_a_line_search_on_vmc_is_refused_by_name():
    objective, sampler, _, params = CASES["oscillator, adam"]()
    for optimizer in (optax.lbfgs(), pm.gauss_newton()):
        with pytest.raises(pm.errors.NoValueError, match="natural_gradient"):
            pm.fit(objective, sampler, optimizer, params, steps=1, key=jax.random.key(0))


def test_steps_below_zero_are_named():
    with pytest.raises(pm.errors.ConfigurationError, match="steps"):
        pm.fit(*CASES["pde, adam"](), steps=-1, key=jax.random.key(0))
    with pytest.raises(pm.errors.ConfigurationError, match="every"):
        pm.every(0, lambda update: None)


@pytest.mark.parametrize("optimizer", ["lbfgs", "gauss-newton"])
def test_whole_numbers_among_parameters_are_named(optimizer):
    line = pm.least_squares({"line": lambda params, x: params["slope"] * x - 1.0})
    with pytest.raises(
        pm.errors.ConfigurationError, match=r"params\['slope'\]: expected float.* got int"
    ):
        params, key = {"slope": jnp.array(2)}, jax.random.key(0)
        pm.fit(line, pm.fixed({"line": jnp.ones(3)}), optimizer, params, steps=1, key=key)
