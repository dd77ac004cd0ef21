"""Data are arguments: of no compiled program a constant, of no checkpoint a part."""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.tree_util import Partial

import physml as pm
from physml.train import checkpoint
from physml.train.data_arguments import split

N = 20_000
"""Samples: 160 kB a number each, beside parameters of a few bytes."""

X = np.linspace(0.0, 1.0, N)
SENSORS = pm.pinn.measured(X[:, None], np.exp(-X))


def line(params, x):
    return params["slope"] * x - 2.0 * x


def nearest(table, params, x):
    """A residual that looks its target up in a table."""
    return params["slope"] * x - jnp.interp(x, jnp.linspace(0.0, 1.0, N), table)


def fixed_batch(**options):
    objective = pm.least_squares({"line": line})
    start = {"slope": jnp.zeros(())}
    return pm.fit(objective, pm.fixed({"line": X}), optax.sgd(0.1), start, **options)


def partial_row(**options):
    objective = pm.least_squares({"line": Partial(nearest, 2.0 * X)})
    sampler = pm.drawn(lambda key, params: {"line": jax.random.uniform(key, (8,))}, every=1)
    return pm.fit(objective, sampler, pm.gauss_newton(), {"slope": jnp.zeros(())}, **options)


def partial_sampler(**options):
    def rows(data, key, state, params):
        chosen = jax.random.choice(key, data, (8,))
        return state, {"line": chosen}, {}

    sampler = pm.Sampler(lambda key, params: (), Partial(rows, X))
    start = {"slope": jnp.zeros(())}
    return pm.fit(pm.least_squares({"line": line}), sampler, optax.sgd(0.1), start, **options)


def measured(steps, key, **options):
    problem = pm.Problem(
        domain=pm.Box(x=(0, 1)),
        equation=lambda u, z: pm.partial(u, 0)(z) + u(z),
        conditions=[SENSORS],
    )
    warm_up = pm.pinn.Phase(optax.adam(1e-3), 1, precision=32)
    return pm.solve(
        problem, pm.MLP((3,)), points=8, optimizer=optax.adam(1e-2), warm_up=warm_up, steps=steps,
        key=key, **options,
    )  # fmt: skip


def redrawn(steps, key, **options):
    problem = pm.Problem(
        domain=pm.Box(x=(0, 1)),
        equation=lambda u, z: pm.partial(u["u"], 0)(z) + u["rate"](z) * u["u"](z),
        conditions=[SENSORS._replace(operator=lambda domain: lambda u, s: u["u"](s[0]) - s[1])],
    )
    return pm.solve(
        problem, {"u": pm.MLP((3,)), "rate": pm.networks.Constant(1.0)}, points=8, steps=steps,
        key=key, optimizer=optax.adam(1e-2), redraw=pm.sampling.by_residual(every=1),
        balance=pm.train.power_rule(), **options,
    )  # fmt: skip


@pytest.mark.parametrize(
    "train",
    [
        fixed_batch,
        partial_row,
        partial_sampler,
        pytest.param(measured, marks=pytest.mark.slow),
        pytest.param(redrawn, marks=pytest.mark.slow),
    ],
)
def test_data_are_neither_constants_nor_state(train, tmp_path, monkeypatch):
    """The program's constants and the checkpoints stay small; the data are among its arguments."""
    seen = []
    loop = sys.modules["physml.train.fit"]
    compiled = loop.compiled

    def watched(step, data, state, **options):
        seen.append((jax.make_jaxpr(step)(data, state), data))
        return compiled(step, data, state, **options)

    monkeypatch.setattr(loop, "compiled", watched)
    with pm.Run.create(tmp_path / "run") as run:
        train(steps=2, key=jax.random.key(0), run=run)
    assert seen
    for program, data in seen:
        assert sum(leaf.nbytes for leaf in data) >= 4 * N
        assert largest_constant(program) < N
    files = [p for p in (tmp_path / "run" / "checkpoints").rglob("*") if p.is_file()]
    assert 0 < sum(p.stat().st_size for p in files) < 8 * N
    for folder in (tmp_path / "run" / "checkpoints").glob("*/*"):
        no_larger_than_parameters_and_optimizer(folder)


def no_larger_than_parameters_and_optimizer(folder):
    """A checkpoint, but for 300 bytes an array; on disk with a name, a shape and a digest each."""
    leaves = checkpoint.verified(folder.parent, int(folder.name)).manifest["leaves"]
    size = {
        name[4:]: int(np.prod(shape)) * np.dtype(kind).itemsize
        for name, (shape, kind) in leaves.items()
    }
    own = sum(n for name, n in size.items() if name.startswith((".params", ".optimizer")))
    assert 0 < own < sum(size.values()) <= own + 300 * len(size)
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) < own + 5000 * len(size)


def largest_constant(program):
    """Of a program and those that it calls, in bytes."""
    inner = [program]
    sizes = [0]
    while inner:
        one = inner.pop()
        sizes += [np.asarray(c).nbytes for c in getattr(one, "consts", ())]
        for equation in getattr(one, "jaxpr", one).eqns:
            for value in jax.tree.leaves(list(equation.params.values())):
                if hasattr(value, "eqns") or hasattr(value, "jaxpr"):
                    inner.append(value)
    return max(sizes)


@pytest.mark.slow
def test_data_change_what_is_computed_as_constants_would():
    given = partial_row(steps=3, key=jax.random.key(0))
    objective = pm.least_squares({"line": lambda p, x: nearest(jnp.asarray(2.0 * X), p, x)})
    sampler = pm.drawn(lambda key, params: {"line": jax.random.uniform(key, (8,))}, every=1)
    closed = pm.fit(
        objective, sampler, pm.gauss_newton(), {"slope": jnp.zeros(())}, steps=3,
        key=jax.random.key(0),
    )  # fmt: skip
    np.testing.assert_allclose(given.params["slope"], closed.params["slope"], rtol=1e-12)
    np.testing.assert_allclose(given.params["slope"], 2.0, rtol=1e-6)


def test_a_run_begun_when_the_batch_was_state_goes_on(tmp_path):
    """What earlier versions kept of a batch that never changes is passed over."""
    with pm.Run.create(tmp_path / "run") as run:
        first = fixed_batch(steps=2, key=jax.random.key(0), run=run)
        folder = run.checkpoints("train")
        for step in checkpoint.steps(folder):
            for path in sorted((folder / f"{step:010d}").rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            Path(folder / f"{step:010d}").rmdir()
        state = first.state
        old = state._replace(sampler=state.sampler._replace(batch={"line": jnp.asarray(X)}))
        checkpoint.save(folder, 2, old)
    note = "has no fingerprint"
    with pm.Run.reopen(tmp_path / "run") as run, pytest.warns(UserWarning, match=note):
        resumed = fixed_batch(steps=4, key=jax.random.key(0), run=run)
    whole = fixed_batch(steps=4, key=jax.random.key(0))
    assert float(resumed.params["slope"]) == float(whole.params["slope"])


def test_an_array_that_stands_twice_is_one_argument():
    arrays, rebuild = split((Partial(line, X), Partial(nearest, X), len))
    assert len(arrays) == 1
    first, second, other = rebuild([7])
    assert first.args == second.args == (7,) and other is len
