"""Slabs of time and curricula: each problem starts from the last."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.pinn.march import _edges, _slab_problem


def decay(box, start):
    """``u' = −3u`` with its start built in."""
    return pm.Problem(
        domain=box,
        equation=lambda u, z: pm.partial(u, 0)(z) + 3 * u(z),
        ansatz=lambda N, z: start(z) + (z[0] - box.lower[0]) * N(z),
        exact=lambda z: np.exp(-3 * z[:, 0]),
        name="decay",
    )


def rise(z):
    return jnp.ones((), z.dtype)


@pytest.mark.slow
def test_a_march_is_continuous_and_exact_enough():
    solution = pm.pinn.march(
        decay, pm.Box(t=(0, 2)), rise, pm.MLP((8,)), slabs=[0.0, 0.5, 2.0], points=24, steps=120
    )
    assert solution.times == (0.0, 0.5, 2.0)
    assert len(solution.slabs) == 2
    assert solution.errors().relative_l2 < 1e-5
    at = np.array([[0.25], [0.5], [1.0]])
    assert float(solution.slabs[1](at[1:2])[0]) == pytest.approx(
        float(solution.slabs[0](at[1:2])[0]), abs=1e-14
    )
    for row, slab in zip(at, [0, 0, 1], strict=True):
        np.testing.assert_allclose(solution(row[None]), solution.slabs[slab](row[None]), rtol=1e-14)


@pytest.mark.slow
def test_each_slab_ends_by_itself_and_a_reopened_march_at_the_same_steps(tmp_path):
    def march(run):
        return pm.pinn.march(
            decay, pm.Box(t=(0, 1)), rise, pm.MLP((6,)), slabs=2, points=16, steps=200, run=run,
            until=pm.train.target("loss", 1e-8), check=False,
        )  # fmt: skip

    with pm.Run.create(tmp_path / "run") as run:
        first = march(run)
    with pm.Run.reopen(tmp_path / "run") as run:
        again = march(run)
    for slab, other in zip(first.slabs, again.slabs, strict=True):
        assert slab.result.ended and slab.loss <= 1e-8 and len(slab.result.history["loss"]) < 200
        same = [
            np.array_equal(a, b)
            for a, b in zip(*map(jax.tree.leaves, (slab.params, other.params)), strict=True)
        ]
        assert all(same) and int(slab.result.state.step) == int(other.result.state.step)


@pytest.mark.slow
def test_a_march_comes_back_as_it_was_saved(tmp_path):
    """To the same bits; other slabs, fewer of them, or another start are refused."""
    box, network = pm.Box(t=(0, 1), x=(0, 1)), pm.MLP((4,))

    def slab(box, start):
        return pm.Problem(
            domain=box,
            equation=lambda u, z: pm.partial(u, 0)(z) - pm.partial(u, 1, 1)(z),
            ansatz=lambda N, z: start(z) + (z[0] - box.lower[0]) * N(z),
        )

    def start(z):
        return jnp.sin(jnp.pi * z[1])

    options = {"slabs": [0.0, 0.25, 0.5, 1.0]}
    solution = pm.pinn.march(slab, box, start, network, points=8, steps=1, check=False, **options)
    place = solution.save(tmp_path / "march")
    back = pm.pinn.March.load(place, slab, box, start, network, **options)
    points = box.grid(5)
    np.testing.assert_array_equal(back(points), solution(points))
    with pytest.raises(pm.errors.CheckpointError, match="already holds a march"):
        solution.save(place)
    load = partial(pm.pinn.March.load, place, slab, box)
    with pytest.raises(pm.errors.FingerprintError, match="the domain"):
        load(start, network, slabs=3)
    with pytest.raises(pm.errors.CheckpointError, match="more than the 2 slabs"):
        shorter = pm.Box(t=(0, 0.5), x=(0, 1))
        pm.pinn.March.load(place, slab, shorter, start, network, slabs=2)
    with pytest.raises(pm.errors.FingerprintError, match="the field"):
        load(lambda z: 2 * start(z), network, **options)


@pytest.mark.slow
@pytest.mark.parametrize("warm", [True, False])
def test_a_slab_starts_from_the_last_ones_parameters_or_from_its_own(warm):
    """Without a step, the parameters of the second slab are those it began with."""
    solution = pm.pinn.march(
        decay,
        pm.Box(t=(0, 2)),
        rise,
        pm.MLP((8,)),
        slabs=2,
        warm=warm,
        noise=0.0,
        points=8,
        steps=0,
    )
    first, second = (jax.tree.leaves(slab.params) for slab in solution.slabs)
    same = all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert same is warm


@pytest.mark.slow
def test_a_march_in_space_starts_from_the_last_slabs_end():
    """Heat in two slabs: the second's initial condition is the first's solution."""

    def heat(box, start):
        return pm.Problem(
            domain=box,
            equation=lambda u, z: pm.partial(u, 0)(z) - pm.partial(u, 1, 1)(z) / np.pi**2,
            ansatz=pm.pinn.hard_dirichlet(box, on="x"),
            conditions=[pm.initial(start, weight=10.0)],
            exact=lambda z: np.exp(-z[:, 0]) * np.sin(np.pi * z[:, 1]),
        )

    solution = pm.pinn.march(
        heat,
        pm.Box(t=(0, 1), x=(0, 1)),
        lambda z: jnp.sin(jnp.pi * z[1]),
        pm.MLP((10,)),
        slabs=2,
        points=64,
        steps=80,
    )
    assert solution.errors(solution.problem.domain.grid(21)).relative_l2 < 1e-3


@pytest.mark.parametrize("slabs", [0, -3, [0.0, 1.0], [0.0, 1.5, 1.0, 2.0], [0.5, 2.0], [[0, 2]]])
def test_edges_that_are_no_slabs_are_refused(slabs):
    with pytest.raises(pm.errors.ConfigurationError, match="slabs: expected their number"):
        pm.pinn.march(decay, pm.Box(t=(0, 2)), rise, pm.MLP((8,)), slabs=slabs)


def test_the_number_of_slabs_is_any_whole_number():
    for slabs in (2, 2.0, np.int64(2)):
        assert _edges(pm.Box(t=(0, 2)), slabs) == [0.0, 1.0, 2.0]
    for slabs in (2.5, "2", None):
        with pytest.raises(pm.errors.ConfigurationError, match="slabs: expected a whole number"):
            _edges(pm.Box(t=(0, 2)), slabs)


def test_no_slab_goes_beyond_the_domain():
    domain, times = pm.Box(t=(0, 2)), (0.0, 1.0, 1.5, 2.0)
    ends = [_slab_problem(decay, domain, rise, times, i, 3.0).domain.upper[0] for i in range(3)]
    assert ends == [2.0, 2.0, 2.0]
    assert _slab_problem(decay, domain, rise, times, 0, 0.2).domain.upper[0] == 1.2


@pytest.mark.slow
def test_continuation_starts_from_the_last_problem():
    """The second stage begins where the first ended: with no steps it is the first's solution."""

    def stiff(rate):
        return pm.Problem(
            domain=pm.Box(t=(0, 1)),
            equation=lambda u, z: pm.partial(u, 0)(z) + rate * u(z),
            ansatz=pm.pinn.hard_initial(1.0),
        )

    kwargs = {"points": 16, "key": jax.random.key(3)}
    first = pm.pinn.continuation([stiff(1.0)], pm.MLP((8,)), steps=20, **kwargs)
    at = np.array([[1.0]])
    assert float(first(at)[0]) == pytest.approx(np.exp(-1), abs=1e-4)
    again = pm.solve(stiff(3.0), pm.MLP((8,)), params=first.params, steps=0, points=16)
    assert float(again(at)[0]) == float(first(at)[0])
    both = pm.pinn.continuation([stiff(1.0), stiff(3.0)], pm.MLP((8,)), steps=20, **kwargs)
    assert float(both(at)[0]) == pytest.approx(np.exp(-3), abs=1e-4)
    with pytest.raises(pm.errors.ConfigurationError, match="problems: expected at least one"):
        pm.pinn.continuation([], pm.MLP((8,)))


def test_a_warm_start_of_another_network_is_refused():
    problem = decay(pm.Box(t=(0, 1)), rise)
    params = problem.initial_params(pm.MLP((8,)), jax.random.key(0))
    with pytest.raises(pm.errors.ShapeError, match="params: expected those of the network"):
        pm.solve(problem, pm.MLP((9,)), params=params)
