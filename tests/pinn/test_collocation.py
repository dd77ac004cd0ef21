"""Collocation points: every term has its own, fixed or drawn anew where the residual is large."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

PROBLEM = pm.Problem(
    domain=pm.Box(t=(0, 2), x=(-1, 3)),
    equation=lambda u, z: jnp.where(u(z) > 0, 1.0, 0.0),
    conditions=[pm.initial(0.0), pm.dirichlet(0.0, on="x")],
)
LINE = pm.MLP(())


def line(slope):
    """Parameters of ``u = slope · x``, with x from −1 to 1 as the network sees it."""
    kernel = jnp.array([[0.0], [slope]])
    return {"params": {"Dense_0": {"kernel": kernel, "bias": jnp.zeros(1)}}}


def batches(sampler, count, params):
    state, found = jax.jit(sampler.init)(jax.random.key(0), params), []
    step = jax.jit(sampler.sample)
    for i in range(count):
        state, batch, _ = step(jax.random.fold_in(jax.random.key(1), i), state, params)
        found.append(batch)
    return found


def test_fixed_points_stay_and_lie_where_they_should():
    found = batches(pm.pinn.collocation(PROBLEM, LINE, points=16), 3, line(1.0))
    first = found[0]
    assert {name: z.shape for name, z in first.items()} == {
        "equation": (16, 2),
        "initial": (4, 2),
        "dirichlet x": (4, 2),
    }
    assert np.all(first["initial"][:, 0] == 0.0)
    assert set(np.asarray(first["dirichlet x"][:, 1])) == {-1.0, 3.0}
    for batch in found[1:]:
        jax.tree.map(np.testing.assert_array_equal, batch, first)


def test_terms_share_no_coordinates():
    """The points of a face are not the shadow of those inside."""
    batch = batches(
        pm.pinn.collocation(PROBLEM, LINE, points=16, condition_points=16), 1, line(1.0)
    )[0]
    inside, start, side = batch["equation"], batch["initial"], batch["dirichlet x"]
    assert not np.any(np.isclose(inside[:, 1], start[:, 1]))
    assert not np.any(np.isclose(inside[:, 0], side[:, 0]))


@pytest.mark.parametrize("rule", [pm.sampling.uniformly, pm.sampling.by_residual])
def test_redraws_lie_on_a_grid_counted_from_step_zero(rule):
    sampler = pm.pinn.collocation(PROBLEM, LINE, points=8, redraw=rule(every=2))
    found = batches(sampler, 5, line(1.0))
    for name in found[0]:
        changes = [i for i in range(1, 5) if not np.array_equal(found[i][name], found[i - 1][name])]
        assert changes == [2, 4]
        lower, upper = PROBLEM.domain.lower, PROBLEM.domain.upper
        assert all(
            np.all((lower <= z) & (z <= upper)) for z in (np.asarray(b[name]) for b in found)
        )


def test_points_follow_the_residual_of_the_present_parameters():
    """The residual is 1 where u > 0, on one half of the box, and 0 elsewhere.

    There p ∝ 2 + 1, elsewhere p ∝ 1: three quarters of the points, with a deviation of 0.019 for
    512 of them (candidates are plenty, so that keeping none twice matters little): bound at 4σ.
    """
    redraw = pm.sampling.by_residual(every=1, oversampling=64)
    sampler = pm.pinn.collocation(PROBLEM, LINE, points=512, condition_points=1, redraw=redraw)
    state, step = sampler.init(jax.random.key(2), line(1.0)), jax.jit(sampler.sample)
    shares = []
    for slope in (1.0, 1.0, -1.0):
        state, batch, _ = step(jax.random.key(3), state, line(slope))
        shares.append(float(jnp.mean(batch["equation"][:, 1] > 1.0)))
    assert abs(shares[0] - 0.5) < 0.01  # the first points know no residual
    assert abs(shares[1] - 0.75) < 0.08
    assert abs(shares[2] - 0.25) < 0.08


@pytest.mark.parametrize(
    ("density", "error", "message"),
    [
        (lambda z: -jnp.sum(z**2), pm.errors.ConfigurationError, "finite numbers ≥ 0, got -"),
        (lambda z: z, pm.errors.ShapeError, "one real number at one point"),
    ],
)
def test_a_density_that_is_none_is_refused(density, error, message):
    redraw = pm.sampling.by_importance(density, every=1)
    with pytest.raises(error, match=message):
        pm.pinn.collocation(PROBLEM, LINE, points=8, redraw=redraw)


def test_terms_without_points_are_refused():
    with pytest.raises(pm.errors.ConfigurationError, match="equation: expected at least one point"):
        pm.pinn.collocation(PROBLEM, LINE, points=0)
    with pytest.raises(pm.errors.ConfigurationError, match="initial: expected at least one point"):
        pm.pinn.collocation(PROBLEM, LINE, condition_points=0)
    problem = pm.Problem(domain=pm.Box(x=(0, 1)), equation=lambda u, z: u(z))
    with pytest.raises(pm.errors.ConfigurationError, match="got 0"):
        pm.solve(problem, pm.MLP((4,)), points=0, steps=1)
