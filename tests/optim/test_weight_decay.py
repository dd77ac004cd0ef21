"""A prior ½w|θ|² as the centre of a step: ridge regression, SPRING's identity, the MAP."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.optim import in_parameter_space, in_sample_space, matrix_free
from physml.real_parts import ravel_real
from physml.train.closure_options import closure_options

W = 0.3
SOLVERS = {
    "samples": in_sample_space,
    "parameters": in_parameter_space,
    "products": partial(matrix_free, tolerance=1e-13),
}


def regression(n, p, *, is_complex=False):
    """A linear model with more or fewer samples than parameters, its start, its ridge answer."""
    rng = np.random.default_rng(0)
    features, y, start = rng.normal(size=(n, p)), rng.normal(size=n), rng.normal(size=p)
    if is_complex:
        features = features + 1j * rng.normal(size=(n, p))
        start = start + 1j * rng.normal(size=p)
    row = lambda theta, s: (jnp.dot(s[0], theta)).real - s[1]
    columns = np.hstack([features.real, -features.imag]) if is_complex else features
    best = np.linalg.solve(
        columns.T @ columns / n + W * np.eye(columns.shape[1]), columns.T @ y / n
    )
    batch = {"row": (jnp.asarray(features), jnp.asarray(y))}
    return pm.least_squares({"row": row}), batch, jnp.asarray(start), best


def one_step(optimizer, objective, batch, params, steps=1):
    result = pm.fit(
        objective,
        pm.fixed(batch),
        optimizer,
        params,
        steps=steps,
        key=jax.random.key(0),
        look_beyond=False,
    )
    return ravel_real(result.params)[0]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("shape", [(4, 7), (9, 3)], ids=["n < p", "n > p"])
@pytest.mark.parametrize("is_complex", [False, True], ids=["real", "complex"])
def test_one_step_is_ridge_regression(solver, shape, is_complex):
    """From anywhere, with λ = 0 and a rate of 1: ``(ΦᵀΦ/n + w)⁻¹ Φᵀy/n``, to rounding."""
    objective, batch, start, best = regression(*shape, is_complex=is_complex)
    optimizer = pm.natural_gradient(1.0, damping=0.0, weight_decay=W, solve=SOLVERS[solver])
    found = one_step(optimizer, objective, batch, start)
    np.testing.assert_allclose(found, best, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 7), (9, 3)], ids=["n < p", "n > p"])
@pytest.mark.parametrize("factorise", [pm.optim.by_gram, pm.optim.by_svd])
def test_the_trust_region_ends_at_ridge_regression(shape, factorise):
    objective, batch, start, best = regression(*shape)
    optimizer = pm.gauss_newton(weight_decay=W, factorise=factorise)
    found = one_step(optimizer, objective, batch, start, steps=15)
    np.testing.assert_allclose(found, best, atol=1e-7)


@pytest.mark.parametrize(
    "optimizer",
    [
        pm.gauss_newton(weight_decay=W),
        pm.natural_gradient(
            1.0, damping=1e-3, weight_decay=W, line_search=pm.optim.grid_line_search()
        ),
    ],
    ids=["gauss-newton", "line search"],
)
def test_a_nonlinear_fit_ends_where_cost_and_prior_balance(optimizer):
    """``∇C + wθ = 0``, complex parameters among them, and at a lower sum than without the prior."""
    row = lambda p, x: jnp.tanh(p["c"].real * x) + p["c"].imag * x**2 - p["a"] ** 2 - 0.7 * x
    objective = pm.least_squares({"row": row})
    batch = {"row": jnp.linspace(-1.0, 2.0, 8)}
    start = {"a": jnp.array(0.4), "c": jnp.array(0.5 - 0.2j)}
    state = objective.init(start)

    def whole(params):
        value = objective.value(params, state, batch)
        return value + 0.5 * W * (params["a"] ** 2 + jnp.abs(params["c"]) ** 2)

    result = pm.fit(objective, pm.fixed(batch), optimizer, start, steps=60, key=jax.random.key(0))
    slope = jax.grad(whole)(result.params)
    assert max(float(jnp.abs(leaf)) for leaf in jax.tree.leaves(slope)) < 1e-6
    assert float(whole(result.params)) < float(whole(start))


def test_springs_identity_with_a_prior():
    """``(JᵀJ + (w + λ)) δ = Jᵀr + wθ + λμ δ_prev``; of a metric alone with ∇C for Jᵀr."""
    damping, momentum = 1e-2, 0.9
    objective, batch, theta, _ = regression(4, 7)
    optimizer = pm.natural_gradient(
        1.0, damping=damping, momentum=momentum, weight_decay=W, solve=in_parameter_space
    )

    @jax.jit
    def two_steps(theta):
        evaluation, _ = objective.evaluate(theta, objective.init(theta), batch)
        J, told = evaluation.jacobian.dense(), []
        for e in (evaluation, evaluation._replace(residual=None)):
            state = optimizer.init(theta)
            for _ in range(2):
                previous = state.direction
                _, state = optimizer.update(e.gradient, state, theta, evaluation=e)
                delta = state.direction
                left = J.T @ (J @ delta) + (W + damping) * delta
                right = J.T @ evaluation.residual + W * theta + damping * momentum * previous
                told.append((left, right))
        return told

    for left, right in two_steps(theta):
        np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-12)


def test_without_a_prior_an_optimizer_is_what_it_was():
    """Its options are those of the time before, so that stored runs know it again."""
    for optimizer in (pm.natural_gradient(0.1), pm.gauss_newton()):
        assert not any("weight" in name for name in closure_options(optimizer))
    with_prior = closure_options(pm.natural_gradient(0.1, weight_decay=0.5))
    assert 0.5 in [value for name, value in with_prior.items() if "weight" in name]


@pytest.mark.parametrize("build", [pm.natural_gradient, pm.gauss_newton])
@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_a_weight_has_a_range(build, weight):
    with pytest.raises(pm.errors.ConfigurationError, match="weight_decay: expected a number ≥ 0"):
        build(weight_decay=weight)


def test_what_a_prior_needs_is_named():
    with pytest.raises(pm.errors.ConfigurationError, match="damping: expected a number > 0"):
        pm.natural_gradient(1.0, damping=0.0)
    objective, batch, start, _ = regression(4, 7)
    e, _ = objective.evaluate(start, objective.init(start), batch)
    optimizer = pm.natural_gradient(1.0, weight_decay=W)
    with pytest.raises(pm.errors.ConfigurationError, match="update needs the parameters"):
        optimizer.update(e.gradient, optimizer.init(start), evaluation=e)


def test_settings_pass_it_on():
    objective, batch, start, best = regression(9, 3)
    for options in (
        {"name": "natural-gradient", "learning_rate": 1.0, "damping": 1e-12, "weight_decay": W},
        {"name": "gauss-newton", "weight_decay": W},
    ):
        optimizer = pm.optim.OptimizerSettings(**options).build()
        np.testing.assert_allclose(
            one_step(optimizer, objective, batch, start, steps=15), best, atol=1e-7
        )
