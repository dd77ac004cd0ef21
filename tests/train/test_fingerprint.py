"""What is stored never outranks what is asked: another fit is refused by name, or numbered."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.tree_util import Partial

import physml as pm
from physml.errors import CheckpointError, FingerprintError
from physml.train import checkpoint, fingerprint

KEY = jax.random.key(0)
X = np.linspace(0.0, 1.0, 5)
START = {"slope": jnp.ones(2), "shift": jnp.zeros(())}


def fit(
    factor=2.0,
    inner=1.0,
    data=X,
    table=X,
    weight=1.0,
    rate=0.1,
    factor_of_step=1.0,
    every=3,
    count=4,
    seed=0,
    start=START,
    steps=2,
    balance=pm.train.power_rule,
    dtype=jnp.float64,
    **options,
):
    """A line through three terms: a literal, an inner ``jit``, data of each kind, a schedule."""
    start = jax.tree.map(lambda leaf: leaf.astype(dtype), start)
    data, table = np.asarray(data, dtype), np.asarray(table, dtype)
    squared = jax.jit(lambda x: inner * x**2)

    def equation(params, x):
        return params["slope"][0] * squared(x) - factor * x + params["shift"]

    def near(table, params, x):
        return params["slope"][1] * x - jnp.interp(x, X.astype(dtype), table)

    objective = pm.least_squares(
        {"equation": equation, "near": Partial(near, table), "data": lambda p, x: p["shift"] - x},
        weights={"data": weight},
        balance=balance(),
    )
    rows = pm.drawn(
        lambda key, params: {name: jax.random.uniform(key, (count,), dtype) for name in terms},
        every=every,
    )
    terms = ("equation", "near")
    sampler = pm.Sampler(rows.init, Partial(beside, rows.sample, jnp.asarray(data)))
    optimizer = optax.adam(lambda step: rate / (factor_of_step + step))
    return pm.fit(
        objective, sampler, optimizer, start, steps=steps, key=jax.random.key(seed), **options
    )


def beside(draw, data, key, state, params):
    state, batch, metrics = draw(key, state, params)
    return state, {**batch, "data": data}, metrics


@pytest.fixture
def asked(monkeypatch):
    """The fingerprint of a fit that is not carried out."""

    class StopError(Exception):
        pass

    def of(make=fit, **changes):
        found = []

        def stop(run, phase, fingerprint):
            found.append(fingerprint)
            raise StopError

        with monkeypatch.context() as patch:
            patch.setattr("physml.train.phase.begin", stop)
            with pytest.raises(StopError):
                make(run=object(), **changes)
        return json.loads(json.dumps(found[0]))

    return of


CHANGES = {
    "a coefficient": ({"factor": 3.0}, "term 'equation' (2 stored, 3 asked for)"),
    "a constant of an inner jit": ({"inner": 1.5}, "term 'equation' (1 stored, 1.5 asked for)"),
    "data of the same shape": ({"data": X + [0, 0, 1e-3, 0, 0]}, "the data of the sampler"),
    "one more datum": ({"data": np.append(X, 1.0)}, "the data of the sampler"),
    "data of a row": ({"table": 2 * X}, "the data of the objective"),
    "a weight": ({"weight": 5.0}, "the weight of 'data' (1 stored, 5 asked for)"),
    "a rule of weights": ({"balance": pm.train.gradient_norms}, "the objective"),
    "no rule of weights": ({"balance": lambda: None}, "the objective"),
    "a learning rate": ({"rate": 0.2}, "the optimizer (rate: 0.1 stored, 0.2 asked for)"),
    "a number in a schedule": ({"factor_of_step": 2.0}, "the optimizer"),
    "the number of points": ({"count": 5}, "the samples (equation: "),
    "when points are drawn": ({"every": 4}, "the sampler"),
    "the seed": ({"seed": 1}, "the seed (threefry2x32 [0, 0] stored, threefry2x32 [0, 1]"),
    "the start": ({"start": {**START, "slope": 2 * jnp.ones(2)}}, "the start"),
    "the shapes": ({"start": {**START, "slope": jnp.ones(3)}}, "the parameters (3 numbers"),
    "the precision": (
        {"dtype": jnp.float32},
        "the precision (float64, x64 on stored, float32, x64 on asked for)",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_decides_the_result_is_told_by_its_name(asked, change):
    changes, words = CHANGES[change]
    differing, remarks = fingerprint.compare(asked(**changes), asked())
    assert not remarks
    assert any(words in difference for difference in differing), differing
    assert len(differing) <= 3, "what follows from another difference is no news"


def test_steps_are_no_part_of_it_and_the_same_again_is_the_same(asked):
    assert asked() == asked(data=X.copy(), steps=7)


def adam(clip=5.0, memory=None, omega=1.0, sweeps=3, **options):
    """An oscillator, of which tests change a number."""
    system, network = pm.vmc.HarmonicOscillator(omega=omega), pm.MLP((3,))
    log_psi = lambda params, x: system.ansatz(lambda y: network.apply(params, y), x)
    density, first = pm.vmc.log_density(log_psi), lambda key: jax.random.normal(key, (8, 1, 1))
    sampler = pm.metropolis(density, first, sweeps=sweeps)
    objective = pm.vmc.energy(log_psi, system.local_energy, clip=clip, memory=memory)
    start = network.init(KEY, jnp.zeros((1, 1)))
    return pm.fit(objective, sampler, optax.adam(1e-2), start, steps=2, key=KEY, **options)


@pytest.mark.slow
def test_a_hamiltonian_and_its_clipping_are_part_of_an_energy(asked):
    for changes, words in (
        ({"omega": 2.0}, "term 'energy'"),
        ({"clip": 2.0}, "the objective"),
        ({"sweeps": 4}, "the sampler"),
    ):
        differing, _ = fingerprint.compare(asked(adam, **changes), asked(adam))
        assert any(words in difference for difference in differing), (changes, differing)


@pytest.mark.parametrize(
    "make",
    [
        lambda memory: pm.gauss_newton(memory=memory),
        lambda memory: pm.natural_gradient(0.1, momentum=0.9, memory=memory),
        lambda memory: pm.gauss_newton(factorise=pm.optim.by_svd, memory=memory),
    ],
)
def test_memory_is_the_machine_s_own_affair(asked, make):
    def with_memory(memory, run):
        network = pm.MLP((3,))
        objective = pm.least_squares({"data": lambda p, x: network.apply(p, x) - 1.0})
        start = network.init(KEY, jnp.zeros(1))
        batch = pm.fixed({"data": jnp.ones((4, 1))})
        pm.fit(objective, batch, make(memory), start, steps=1, key=KEY, run=run)

    assert asked(with_memory, memory=200) == asked(with_memory, memory=2**30)
    assert asked(adam, memory=1) == asked(adam)


_PROCESS = """
import json, jax
from pathlib import Path
jax.config.update("jax_enable_x64", True)
import physml as pm
from physml.train import phase

class Run:
    def checkpoints(self, phase):
        return Path("none")

def show(run, name, fingerprint):
    print(json.dumps(fingerprint["parts"], sort_keys=True))
    raise SystemExit

phase.begin = show
ode = pm.Problem(
    domain=pm.Box(x=(0, 1)),
    equation=lambda u, z: pm.partial(u["u"], 0)(z) + u["rate"](z) * u["u"](z),
    conditions=[
        pm.pinn.measured([[0.0], [1.0]], [1.0, 0.5], unknown="u"),
        pm.pinn.integral(1.0, over="x", nodes=4, unknown="u"),
    ],
)
try:
    pm.solve(
        ode, {"u": pm.MLP((3,)), "rate": pm.networks.Constant(1.0)}, points=8, condition_points=8,
        redraw=pm.sampling.by_residual(every=2), balance=pm.train.power_rule(), steps=1, run=Run(),
    )
except SystemExit:
    pass
trap = pm.vmc.HarmonicOscillator(particles=2)
pm.ground_state(trap, pm.MLP((3,)), walkers=8, steps=1, measurements=8, run=Run())
"""


@pytest.mark.slow
def test_two_fresh_processes_agree():
    """Whatever the order of their sets, and with another number of devices."""
    at_once = []
    for seed, devices in ((0, 1), (1, 2)):
        flags = f"--xla_force_host_platform_device_count={devices}"
        environment = {**os.environ, "PYTHONHASHSEED": str(seed), "XLA_FLAGS": flags}
        command = [sys.executable, "-c", _PROCESS]
        at_once.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE))
    said = [process.communicate()[0].splitlines() for process in at_once]
    assert len(said[0]) == 2
    assert said[0] == said[1]


def decay(rate, run, **options):
    """u(1) of ``u' + k u = 0`` from 1: e⁻ᵏ."""
    problem = pm.Problem(
        domain=pm.Box(x=(0, 1)),
        equation=lambda u, z: pm.partial(u, 0)(z) + rate * u(z),
        ansatz=lambda N, z: 1 + z[0] * N(z),
    )
    options = {"points": 16, "steps": 20, "check": False, **options}
    solution = pm.solve(problem, pm.MLP((4,)), run=run, **options)
    return float(solution(jnp.ones((1, 1)))[0]), solution


@pytest.mark.slow
def test_a_loop_in_one_open_run_gives_each_its_own_answer(tmp_path):
    """Fits of one name are numbered, each with metrics, history and checkpoints of its own."""
    with pm.Run.create(tmp_path / "run") as run:
        first = [decay(k, run) for k in (1.0, 2.0)]
        again = decay(1.0, run)  # the same fit once more: read back
    values = [value for value, _ in first]
    assert values == pytest.approx([np.exp(-1.0), np.exp(-2.0)], abs=1e-2)
    assert again[0] == values[0]
    with pm.Run.reopen(tmp_path / "run") as run:
        second = [decay(k, run, steps=steps) for k, steps in ((1.0, 20), (2.0, 22))]
        assert run.begun.keys() == {"train", "train-2"}
    assert second[0][0] == values[0] and second[1][0] == pytest.approx(values[1], abs=1e-2)
    for (_, before), (_, after), steps in zip(first, second, (20, 22), strict=True):
        losses = after.result.history["loss"]
        assert len(losses) == steps
        assert losses[:20].tolist() == before.result.history["loss"].tolist()
    rows = [json.loads(x) for x in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if row["phase"] == "train-2"] == list(range(22))
    assert sorted(p.name for p in (tmp_path / "run/checkpoints").iterdir()) == ["train", "train-2"]


@pytest.mark.slow
def test_time_slabs_in_a_loop_are_numbered_too(tmp_path):
    def slab(rate):
        return lambda box, start: pm.Problem(
            domain=box,
            equation=lambda u, z: pm.partial(u, 0)(z) + rate * u(z),
            ansatz=lambda N, z: start(z) + (z[0] - box.lower[0]) * N(z),
        )

    def at_the_end(rate, run):
        return float(
            pm.pinn.march(
                slab(rate), pm.Box(t=(0, 1)), lambda z: jnp.ones(()), pm.MLP((3,)), slabs=2,
                points=8, steps=25, check=False, run=run,
            )(jnp.ones((1, 1)))[0]
        )  # fmt: skip

    with pm.Run.create(tmp_path / "run") as run:
        found = [at_the_end(rate, run) for rate in (1.0, 2.0)]
    assert found == pytest.approx([np.exp(-1.0), np.exp(-2.0)], abs=0.01)
    with pm.Run.reopen(tmp_path / "run") as run:
        assert [at_the_end(rate, run) for rate in (1.0, 2.0)] == found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"factor": 3.0}, r"term 'equation' \(2 stored, 3 asked for\)"),
        ({"data": X + 1}, "the data of the sampler"),
        ({"weight": 5.0}, r"the weight of 'data' \(1 stored, 5 asked for\)"),
        ({"start": {**START, "slope": jnp.ones(4)}}, "the parameters"),
    ],
)
def test_a_reopened_run_refuses_another_fit(tmp_path, change, word):
    with pm.Run.create(tmp_path / "run") as run:
        stored = fit(run=run)
    before = sorted((tmp_path / "run").rglob("*"))
    with pm.Run.reopen(tmp_path / "run") as run:
        with pytest.raises(FingerprintError, match=word) as caught:
            fit(run=run, **change)
        assert "'train'" in str(caught.value) and "phase=..." in str(caught.value)
        assert sorted((tmp_path / "run").rglob("*")) == before
        assert float(fit(run=run).params["shift"]) == float(stored.params["shift"])
        fit(run=run, phase="other", **change)


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    for seed in (0, 1):
        with pm.Run.create(tmp_path / str(seed)) as run:
            fit(run=run, seed=seed)
    shutil.rmtree(tmp_path / "0" / "checkpoints")
    shutil.copytree(tmp_path / "1" / "checkpoints", tmp_path / "0" / "checkpoints")
    with pm.Run.reopen(tmp_path / "0") as run, pytest.raises(FingerprintError, match="the seed"):
        fit(run=run)


def stored_as(run, change):
    """Save the newest checkpoint of a run again, with another fingerprint."""
    folder = run.checkpoints("train")
    found = checkpoint.newest(folder)
    state = checkpoint.read(found, fit().state)
    shutil.rmtree(found.path)
    checkpoint.save(folder, found.step, state, fingerprint=change(found.fingerprint))


def test_a_run_of_an_earlier_version_goes_on_with_a_note(tmp_path):
    with pm.Run.create(tmp_path / "run") as run:
        fit(run=run)
        stored_as(run, lambda known: None)
    with (
        pm.Run.reopen(tmp_path / "run") as run,
        pytest.warns(UserWarning, match=r"'train' .* has no fingerprint"),
    ):
        resumed = fit(run=run, steps=4)
    whole = fit(steps=4)
    assert float(resumed.params["shift"]) == float(whole.params["shift"])
    with pm.Run.reopen(tmp_path / "run") as run, warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(run=run, steps=4)  # what it saved since has one


def test_versions_are_told_and_not_refused(tmp_path):
    """Programs of two versions cannot be compared; data, weights, seed and options can."""

    def older(known):
        known["told"]["versions"]["jax"] = "0.1"
        known["parts"]["term 'equation'"]["program"] = "of another version"
        # An option that came, and one that went.
        options = known["parts"]["the optimizer"]["value"]
        options["update.gone"] = options.pop("update.momentum", 0.0)
        return known

    with pm.Run.create(tmp_path / "run") as run:
        fit(run=run)
        stored_as(run, older)
    note = r"term 'equation' cannot be compared \(jax 0.1 there"
    with pm.Run.reopen(tmp_path / "run") as run, pytest.warns(UserWarning, match=note):
        fit(run=run)
    for change in ({"data": X + 1}, {"weight": 5.0}, {"seed": 1}, {"rate": 1.0}):
        with pm.Run.reopen(tmp_path / "run") as run, pytest.raises(FingerprintError):
            fit(run=run, **change)


def test_rounding_of_another_machine_is_a_note(tmp_path):
    with pm.Run.create(tmp_path / "run") as run:
        fit(run=run, start=jax.tree.map(lambda leaf: leaf / 3, START))
    nearly = jax.tree.map(lambda leaf: leaf / 3 * (1 + 1e-15), START)
    with (
        pm.Run.reopen(tmp_path / "run") as run,
        pytest.warns(UserWarning, match="the start differs by rounding"),
    ):
        fit(run=run, start=nearly)


def test_a_cost_of_several_samples_at_once_and_a_sampler_that_looks_are_traced_whole(asked):
    """What cannot be traced at one sample, or at all, is known by what it is or gives."""

    def pairs(draw, run):
        def evaluate(params, state, batch):
            a, b = jnp.split(params * batch, 2)
            loss = 0.5 * jnp.mean((a - b - 1.0) ** 2)
            gradient = jax.grad(lambda p: 0.5 * jnp.mean((p * (batch[:2] - batch[2:]) - 1) ** 2))
            return pm.Evaluation(loss, gradient(params), None, None, {}), state

        def look(key, params):
            return jnp.asarray(np.asarray(params) * draw)  # numpy: no tracer passes

        sampler = pm.Sampler(look, lambda key, state, params: (state, state, {}))
        objective = pm.Objective(lambda params: (), evaluate, None)
        pm.fit(objective, sampler, optax.sgd(0.1), jnp.ones(()), steps=1, key=KEY, run=run)

    one = asked(pairs, draw=np.arange(4.0))
    assert one == asked(pairs, draw=np.arange(4.0))
    differing, _ = fingerprint.compare(asked(pairs, draw=np.arange(4.0) + 1), one)
    assert differing == ["the sampler"]


def test_named_errors_are_checkpoint_errors():
    assert issubclass(FingerprintError, CheckpointError)
