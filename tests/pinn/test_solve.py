"""What ``solve`` adds to the loop: phases, precision, error curves, named faults."""

from __future__ import annotations

import sys
from itertools import count
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import physml as pm

BOX = pm.Box(t=(0, 1))


def growth(**kwargs):
    given = {
        "domain": BOX,
        "equation": lambda u, z: pm.partial(u, 0)(z) - u(z),
        "ansatz": pm.pinn.hard_initial(1.0),
        "exact": lambda z: np.exp(z[:, 0]),
        "name": "growth",
    }
    return pm.Problem(**given | kwargs)


@pytest.mark.slow
def test_phases_run_one_after_another_each_in_its_precision(tmp_path):
    kinds = set()

    def note(update):
        kinds.add((update.phase, jax.tree.leaves(update.params)[0].dtype.name))

    phases = [
        pm.pinn.Phase(optax.adam(1e-2), 20, precision=32),
        pm.pinn.Phase(pm.natural_gradient(0.5, damping=1e-6), 10, name="middle"),
    ]
    with pm.Run.create(tmp_path / "run") as run:
        solution = pm.solve(
            growth(),
            pm.MLP((8,)),
            points=32,
            redraw=pm.sampling.by_residual(4),
            warm_up=phases,
            steps=10,
            errors_every=5,
            callbacks=[note],
            run=run,
        )
    assert [point.step for point in solution.error_curve] == [5, 10]
    assert kinds == {("warm-up", "float32"), ("middle", "float64"), ("train", "float64")}
    assert jax.tree.leaves(solution.params)[0].dtype == jnp.float64
    assert solution.errors().relative_l2 < 1e-3
    with pytest.raises(pm.errors.ConfigurationError, match="two phases named 'train'"):
        pm.solve(growth(), pm.MLP((8,)), warm_up=pm.pinn.Phase(optax.adam(1e-2), 1, name="train"))
    with pytest.raises(pm.errors.ConfigurationError, match="precision: expected 32, 64 or None"):
        pm.solve(growth(), pm.MLP((8,)), warm_up=pm.pinn.Phase(optax.adam(1e-2), 1, precision=16))


@pytest.mark.slow
def test_a_warm_up_of_before_is_gone_on_with_by_its_own_key(tmp_path, monkeypatch):
    """The first of them shared one with the main phase's steps; new runs have another."""
    module, key = sys.modules["physml.pinn.solve"], jax.random.key(0)
    before = pm.train.key_for(pm.train.key_for(key, "fit"), "steps")
    options = {"points": 8, "steps": 1, "optimizer": optax.adam(1e-2), "check": False}
    options["warm_up"] = pm.pinn.Phase(optax.adam(1e-2), 2)
    with monkeypatch.context() as patch, pm.Run.create(tmp_path / "run") as run:
        patch.setattr(module, "_key_of_warm_up", lambda key, number, run: before)
        old = pm.solve(growth(), pm.MLP((4,)), key=key, run=run, **options)
    with pm.Run.reopen(tmp_path / "run") as run:
        again = pm.solve(growth(), pm.MLP((4,)), key=key, run=run, **options)
        assert module._key_of_warm_up(key, 0, run) == before
    jax.tree.map(np.testing.assert_array_equal, again.params, old.params)
    fresh = module._key_of_warm_up(key, 0, None)
    assert fresh == pm.train.key_of(pm.train.key_for(key, "warm-up"), 0) != before


@pytest.mark.slow
def test_the_error_is_followed(monkeypatch):
    """By a clock that goes on by a second whenever it is read."""
    loop = sys.modules["physml.train.loop"]
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=count(1.0).__next__))
    solution = pm.solve(growth(), pm.MLP((8,)), points=32, steps=20, errors_every=10)
    assert [point.step for point in solution.error_curve] == [10, 20]
    first, last = solution.error_curve
    assert last.relative_l2 < first.relative_l2
    assert last.relative_l2 == pytest.approx(solution.errors().relative_l2, rel=0.5)
    assert 0 < first.seconds < last.seconds
    with pytest.raises(pm.errors.ConfigurationError, match="errors_every: 'growth'"):
        pm.solve(growth(exact=None), pm.MLP((8,)), points=8, steps=1, errors_every=1)


def test_a_nan_at_the_start_names_its_term_and_point():
    problem = growth(equation=lambda u, z: jnp.log(z[0] - 0.5) * u(z))
    with pytest.raises(
        pm.errors.NonFiniteError, match=r"equation: the residual is not finite at \d+ of 32 points"
    ):
        pm.solve(problem, pm.MLP((8,)), points=32, steps=2)


@pytest.mark.slow
def test_a_trust_region_works_in_single_precision():
    solution = pm.solve(
        growth(),
        pm.MLP((8,)),
        points=32,
        warm_up=pm.pinn.Phase(pm.gauss_newton(), 5, precision=32),
        steps=5,
    )
    assert jax.tree.leaves(solution.params)[0].dtype == jnp.float64


def test_conditions_that_contradict_one_another_are_refused():
    box = pm.Box(x=(0, 1), y=(0, 1))

    def make(*conditions):
        return growth(domain=box, ansatz=None, conditions=list(conditions))

    with pytest.raises(
        pm.errors.ConfigurationError, match=r"'dirichlet x' and 'left' contradict .* 'x-'.*by 1 at"
    ):
        make(pm.dirichlet(0.0, on="x"), pm.dirichlet(1.0, on="x-", name="left"))
    with pytest.raises(pm.errors.ConfigurationError, match=r"'y\+'"):
        all_round = pm.dirichlet(0.0, on=("x", "y"))
        make(all_round, pm.dirichlet(lambda z: z[0] * z[1], on=("x-", "y+"), name="top"))
    make(pm.dirichlet(0.0, on="x"), pm.dirichlet(1.0, on="y"))
    make(pm.dirichlet(0.0, on="x"), pm.dirichlet(lambda z: 0.0 * z[1], on="x+", name="right"))
    make(pm.dirichlet(0.0, on="x", component=0), pm.dirichlet(1.0, on="x+", component=1))


def test_points_of_conditions_by_name():
    box = pm.Box(x=(0, 1), y=(0, 1))
    problem = growth(
        domain=box,
        ansatz=None,
        conditions=[pm.dirichlet(0.0, on="x"), pm.dirichlet(1.0, on="y", name="sides")],
    )
    sampler = pm.pinn.collocation(problem, pm.MLP((4,)), points=16, condition_points={"sides": 7})
    batch = sampler.init(jax.random.key(0), None).batch
    assert {name: len(points) for name, points in batch.items()} == {
        "equation": 16,
        "dirichlet x": 4,
        "sides": 7,
    }
    with pytest.raises(pm.errors.UnknownNameError, match="condition"):
        pm.pinn.collocation(problem, pm.MLP((4,)), condition_points={"top": 7})


def test_points_where_the_user_wants_them():
    """Importance sampling draws by a density of the point, not by the residual."""
    sampler = pm.pinn.collocation(
        growth(),
        pm.MLP((4,)),
        points=64,
        redraw=pm.sampling.by_importance(lambda z: jnp.exp(-20 * z[0]), every=1),
    )
    params = growth().initial_params(pm.MLP((4,)), jax.random.key(0))
    state = sampler.init(jax.random.key(0), params)
    state, batch, _ = sampler.sample(jax.random.key(1), state, params)
    _, batch, _ = sampler.sample(jax.random.key(2), state, params)
    assert float(jnp.mean(batch["equation"])) < 0.2


@pytest.mark.slow
def test_slices_are_drawn(tmp_path):
    problem = growth(domain=pm.Box(t=(0, 1), x=(0, 1)), exact=lambda z: np.exp(z[:, 0]))
    solution = pm.solve(problem, pm.MLP((4,)), points=8, steps=1)
    assert solution.plot_slices(tmp_path / "slices.png", t=(0.0, 0.5)).stat().st_size > 5000
    with pytest.raises(pm.errors.ConfigurationError, match="plot_slices: expected one unknown"):
        solution.plot_slices(tmp_path / "none.png", t=(0.0,), x=(0.0,))
