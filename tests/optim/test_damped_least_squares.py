"""Sample space, parameter space and products alone solve the same problem."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import physml as pm

NETWORK = pm.MLP((8, 8))


def poisson(params, z):
    u = lambda y: jnp.prod(y * (1 - y)) * NETWORK.apply(params, y)
    return -pm.laplacian(u)(z) - jnp.sum(z)


def problem(n: int):
    params = NETWORK.init(jax.random.key(0), jnp.zeros(2))
    objective = pm.least_squares({"equation": poisson})
    batch = {"equation": jax.random.uniform(jax.random.key(1), (n, 2))}
    evaluation, _ = objective.evaluate(params, objective.init(params), batch)
    norm = jnp.linalg.norm(evaluation.jacobian.dense(), 2)
    return evaluation, 1e-6 * norm**2


def relative(a, b) -> float:
    a, b = ravel_pytree(a)[0], ravel_pytree(b)[0]
    return float(jnp.linalg.norm(a - b) / jnp.linalg.norm(b))


@pytest.mark.slow
@pytest.mark.parametrize("n", [40, 200], ids=["n < p", "n > p"])
def test_all_routes_agree_to_1e_10(n):
    evaluation, damping = problem(n)
    jacobian, r = evaluation.jacobian, evaluation.residual
    dense = jacobian.dense()
    brute = jnp.linalg.lstsq(
        jnp.concatenate([dense, jnp.sqrt(damping) * jnp.eye(dense.shape[1])]),
        jnp.concatenate([r, jnp.zeros(dense.shape[1])]),
    )[0]
    samples = pm.optim.in_sample_space(jacobian, r, damping)
    parameters = pm.optim.in_parameter_space(jacobian, r, damping)
    free = pm.optim.matrix_free(jacobian, r, damping, tolerance=1e-14, iterations=20_000)
    # The Gram matrices square a condition number of 1e3: 1e-16 times 1e6.
    assert relative(samples, brute) < 1e-10
    assert relative(parameters, brute) < 1e-10
    assert relative(free, brute) < 1e-10
    assert relative(pm.optim.smallest_side(jacobian, r, damping), brute) < 1e-10


SOLVERS = {
    "samples": pm.optim.in_sample_space,
    "parameters": pm.optim.in_parameter_space,
    "products": partial(pm.optim.matrix_free, tolerance=1e-13, iterations=20_000),
    "smallest side": pm.optim.smallest_side,
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "solver",
    [
        name if name == "smallest side" else pytest.param(name, marks=pytest.mark.slow)
        for name in SOLVERS
    ],
)
@pytest.mark.parametrize("n", [40, 200], ids=["n < p", "n > p"])
def test_a_centre_and_a_gradient_without_rows(n, solver):
    """(JᵀJ + λI) δ = ∇C + λ c, for a gradient that lies outside what the rows span."""
    evaluation, damping = problem(n)
    jacobian, solve = evaluation.jacobian, SOLVERS[solver]
    J = jacobian.dense()
    metric = J.T @ J + damping * jnp.eye(J.shape[1])
    _, unravel = ravel_pytree(evaluation.gradient)
    g, c = jax.random.normal(jax.random.key(3), (2, J.shape[1]))
    centre, gradient = unravel(c), unravel(g)
    exact = lambda right: jnp.linalg.solve(metric, right)
    rows = J.T @ evaluation.residual
    about = solve(jacobian, evaluation.residual, damping, memory=2**30, centre=centre)
    # The condition of the metric is 1e6, and what is outside the span is divided by λ.
    assert relative(about, exact(rows + damping * c)) < 1e-8
    alone = solve(jacobian, None, damping, memory=2**30, gradient=gradient)
    assert relative(alone, exact(g)) < 1e-8
    both = solve(jacobian, None, damping, memory=2**30, centre=centre, gradient=gradient)
    assert relative(both, exact(g + damping * c)) < 1e-8


@pytest.mark.slow
def test_a_metric_that_rounding_made_indefinite_is_damped_alike():
    """Two equal rows and a λ of no effect: the step is that of the λ used instead."""
    rows = jnp.ones((3, 4), jnp.float32)
    objective = pm.least_squares({"line": lambda p, x: x @ p})
    params = jnp.zeros(4, jnp.float32)
    jacobian = objective.evaluate(params, objective.init(params), {"line": rows})[0].jacobian
    outside = jnp.array([1.0, -1.0, 0.0, 0.0], jnp.float32)
    step = pm.optim.in_sample_space(jacobian, None, 1e-12, gradient=outside)
    used = float(outside[0] / step[0])
    assert used == pytest.approx(100 * np.finfo(np.float32).eps * 4.0, rel=1e-3)
    np.testing.assert_allclose(step, outside / used, rtol=1e-5)


def test_no_residual_and_no_gradient_is_named():
    objective = pm.least_squares({"line": lambda p, x: x @ p})
    evaluation, _ = objective.evaluate(
        jnp.zeros(2), objective.init(jnp.zeros(2)), {"line": jnp.ones((3, 2))}
    )
    with pytest.raises(pm.errors.ConfigurationError, match="gradient: expected"):
        pm.optim.smallest_side(evaluation.jacobian, None, 1e-3)


@pytest.mark.slow
def test_jt_r_is_the_gradient_to_1e_10():
    params = NETWORK.init(jax.random.key(0), jnp.zeros(2))
    objective = pm.least_squares({"equation": poisson}, weights={"equation": 3.0})
    batch = {"equation": jax.random.uniform(jax.random.key(1), (50, 2))}
    state = objective.init(params)
    evaluation, _ = objective.evaluate(params, state, batch)
    gradient = jax.grad(objective.value)(params, state, batch)
    assert relative(evaluation.gradient, gradient) < 1e-10
    assert relative(evaluation.jacobian.vm(evaluation.residual), gradient) < 1e-10


def products(jacobian, memory: int) -> set[str]:
    program = jax.make_jaxpr(lambda j, r: pm.optim.smallest_side(j, r, 1e-3, memory=memory))(
        jacobian, jnp.zeros(jacobian.shape[0])
    )
    text = str(program)
    return {word for word in ("cholesky", "while") if word in text}


@pytest.mark.slow
def test_the_side_follows_from_static_shapes_and_memory():
    few, _ = problem(40)
    n, p = few.jacobian.shape
    assert n < p
    program = str(
        jax.make_jaxpr(lambda j, r: pm.optim.smallest_side(j, r, 1e-3))(few.jacobian, few.residual)
    )
    assert f"f64[{n},{n}]" in program and f"f64[{p},{p}]" not in program
    assert products(few.jacobian, 2**30) == {"cholesky"}
    assert products(few.jacobian, 1) == {"while"}
    many, _ = problem(200)
    program = str(
        jax.make_jaxpr(lambda j, r: pm.optim.smallest_side(j, r, 1e-3))(
            many.jacobian, many.residual
        )
    )
    assert f"f64[{p},{p}]" in program and "f64[200,200]" not in program


@pytest.mark.slow
def test_residual_form_keeps_float32_accurate():
    """Small damping in float32: JᵀK⁻¹r from the residual, where K⁻¹ on the gradient fails."""
    evaluation, _ = problem(40)
    rows = evaluation.jacobian.dense()
    damping = 1e-7 * float(jnp.linalg.norm(rows, 2)) ** 2
    exact = rows.T @ jnp.linalg.solve(rows @ rows.T + damping * jnp.eye(40), evaluation.residual)
    J, r = rows.astype(np.float32), evaluation.residual.astype(np.float32)
    K = J @ J.T + np.float32(damping) * jnp.eye(40, dtype=np.float32)
    from_residual = J.T @ jnp.linalg.solve(K, r)
    g = J.T @ r
    from_gradient = (g - J.T @ jnp.linalg.solve(K, J @ g)) / np.float32(damping)
    error = lambda x: float(jnp.linalg.norm(x - exact) / jnp.linalg.norm(exact))
    assert error(from_residual) < 0.05
    assert error(from_gradient) > 0.5


@pytest.mark.slow
@pytest.mark.parametrize(("n", "p"), [(60, 20), (20, 60)], ids=["n > p", "n < p"])
def test_a_gram_matrix_that_rounding_made_indefinite_is_damped_more(n, p):
    """Rank one, of size 1e11: computed eigenvalues of −1e-5 or so, far below −λ."""
    u, v = (jax.random.normal(jax.random.key(i), (m,)) for i, m in enumerate((n, p)))
    objective = pm.least_squares({"rows": lambda x, row: 1e4 * row @ x - 1.0})
    x = jnp.zeros(p)
    batch = {"rows": jnp.outer(u, v)}
    evaluation, _ = objective.evaluate(x, objective.init(x), batch)
    rows = evaluation.jacobian.dense()
    gram = rows.T @ rows if n > p else rows @ rows.T
    assert float(jnp.linalg.eigvalsh(gram)[0]) < -1e-9
    step = pm.optim.smallest_side(evaluation.jacobian, evaluation.residual, 1e-12)
    best = jnp.linalg.lstsq(rows, evaluation.residual)[0]
    # To a percent, since rounding is divided by 100 ε tr G.
    np.testing.assert_allclose(rows @ step, rows @ best, rtol=2e-2)
    assert jnp.linalg.norm(step) < 1.1 * jnp.linalg.norm(best)


def test_numbers_that_are_not_finite_stay_so():
    objective = pm.least_squares({"rows": lambda x, row: row @ x - 1.0})
    x = jnp.zeros(3)
    evaluation, _ = objective.evaluate(x, objective.init(x), {"rows": jnp.full((5, 3), jnp.nan)})
    step = pm.optim.smallest_side(evaluation.jacobian, evaluation.residual, 1e-6)
    assert not jnp.isfinite(step).any()
