"""Sketches: isometries in expectation, the same whatever the chunks, and good enough to descend."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.optim import by_gram, by_svd, sketched
from physml.optim.sketch import _draw_columns, _draw_rows, _sketch

NETWORK = pm.MLP((6,), outputs=2)
PARAMS = NETWORK.init(jax.random.key(0), jnp.zeros(2))
P = 32


@cache
def evaluation():
    """Two terms, one with two components: 3n rows of 32 numbers."""
    objective = pm.least_squares(
        {
            "vector": lambda params, z: NETWORK.apply(params, z) - jnp.sin(z),
            "scalar": lambda params, z: NETWORK.apply(params, z)[0] - 1.0,
        }
    )
    points = jax.random.normal(jax.random.key(1), (20, 2))
    batch = {"vector": points, "scalar": points}
    evaluate = jax.jit(lambda params: objective.evaluate(params, objective.init(params), batch)[0])
    return evaluate(PARAMS)


@pytest.mark.parametrize("count", [12, 50])
def test_columns_are_orthonormal_and_expanding_transposes(count):

    @jax.jit
    def matrices(key):
        C = _draw_columns(key, 50, count, jnp.float64)
        return C.reduce(jnp.eye(50)), jax.vmap(C.expand)(jnp.eye(count)).T

    reduced, expanded = (np.asarray(matrix) for matrix in matrices(jax.random.key(0)))
    np.testing.assert_allclose(reduced.T @ reduced, np.eye(count), atol=1e-14)
    np.testing.assert_allclose(expanded, reduced, atol=1e-14)


def test_norms_are_kept_in_expectation():
    """E|Sx|² = |x|² and E|Cᵀx|² = (q/p)|x|², within five standard errors of 400 draws."""
    n, m, p, q = 60, 15, 64, 16
    x, y = jax.random.normal(jax.random.key(1), (n,)), jnp.zeros(p).at[3].set(2.0)

    def squares(key):
        S = _draw_rows(key, n, m, x.dtype)
        C = _draw_columns(key, p, q, x.dtype)
        short = S.reduce(jnp.arange(n), x, jnp.zeros(m))
        return jnp.sum(short**2), jnp.sum(C.reduce(y[None]) ** 2)

    draws = jax.jit(lambda keys: jax.lax.map(squares, keys))
    rows, columns = (np.asarray(v) for v in draws(jax.random.split(jax.random.key(2), 400)))
    for values, exact in ((rows, float(jnp.sum(x**2))), (columns, 4.0 * q / p)):
        assert abs(values.mean() - exact) < 5 * values.std() / 20
        assert values.std() < 0.5 * exact


@pytest.mark.parametrize(
    ("memory", "short", "thin"),
    [
        (2**30, True, True),
        (3000, True, True),
        (1, True, False),
        (3000, False, True),
    ],
    ids=str,
)
def test_the_sketch_is_sjc(memory, short, thin):
    """Whatever the chunks: all rows, some samples (the last chunk padded), one sample."""
    e = evaluation()
    n, m, q = 60, 25, 10

    @jax.jit
    def by_chunks_and_by_matrices(jacobian, residual):
        S = _draw_rows(jax.random.key(3), n, m, jnp.float64) if short else None
        C = _draw_columns(jax.random.key(4), P, q, jnp.float64) if thin else None
        brute_s = S.reduce(jnp.arange(n), jnp.eye(n), jnp.zeros((m, n))) if S else jnp.eye(n)
        brute_c = C.reduce(jnp.eye(P)) if C else jnp.eye(P)
        small, rhs = _sketch(jacobian, residual, S, C, len(brute_s), memory)
        return small, brute_s @ jacobian.dense() @ brute_c, rhs, brute_s @ residual

    small, expected, rhs, short_residual = by_chunks_and_by_matrices(e.jacobian, e.residual)
    np.testing.assert_allclose(small, expected, atol=1e-13)
    np.testing.assert_allclose(rhs, short_residual, atol=1e-14)


def steps_of(factorise, damping: float):
    """``(jacobian, residual, step) -> (step(λ), its predicted length)``, compiled."""

    @jax.jit
    def both(jacobian, residual, step):
        spectrum = factorise(jacobian, residual, step=step, memory=2**30)
        return spectrum.step(jnp.asarray(damping)), spectrum.norm(jnp.asarray(damping))

    e = evaluation()
    return lambda step: both(e.jacobian, e.residual, jnp.int32(step))


def test_a_sketch_that_cuts_nothing_changes_nothing():
    whole, _ = steps_of(by_svd, 1e-4)(0)
    same, _ = steps_of(sketched(rows=60, columns=P), 1e-4)(0)
    np.testing.assert_array_equal(whole, same)


@pytest.mark.slow
def test_steps_solve_the_sketched_problem():
    """With B = S J C: step = Cy where (BᵀB + λ) y = −Bᵀ S r, and |step| = |y|."""
    key, damping = jax.random.key(9), 1e-3
    take = steps_of(sketched(rows=40, columns=12, key=key), damping)
    step, length = take(5)
    np.testing.assert_allclose(jnp.linalg.norm(step), length, rtol=1e-12)

    @jax.jit
    def by_matrices(jacobian, residual):
        key_rows, key_columns = jax.random.split(jax.random.fold_in(key, 5))
        S = _draw_rows(key_rows, 60, 40, jnp.float64)
        C = _draw_columns(key_columns, P, 12, jnp.float64).reduce(jnp.eye(P))
        short = S.reduce(jnp.arange(60), jnp.eye(60), jnp.zeros((40, 60)))
        B = short @ jacobian.dense() @ C
        return -C @ jnp.linalg.solve(B.T @ B + damping * jnp.eye(12), B.T @ (short @ residual))

    e = evaluation()
    np.testing.assert_allclose(step, by_matrices(e.jacobian, e.residual), rtol=1e-9, atol=1e-13)
    np.testing.assert_array_equal(step, take(5)[0])
    assert float(jnp.linalg.norm(step - take(6)[0])) > 0.1 * float(length)


@pytest.mark.slow
def test_half_the_columns_still_reach_the_noise():
    """A smooth problem, singular values 1 to 1e-10, 600 parameters: noise lies 1e6 below."""
    n, p, steps = 1200, 600, 10
    keys = jax.random.split(jax.random.key(0), 4)
    U = jnp.linalg.qr(jax.random.normal(keys[0], (n, p)))[0]
    V = jnp.linalg.qr(jax.random.normal(keys[1], (p, p)))[0]
    A = n**0.5 * (U * jnp.logspace(0, -10, p)[None]) @ V.T
    exact = jnp.tanh(A @ jax.random.normal(keys[2], (p,)))
    batch = {"rows": {"a": A, "b": exact + 1e-3 * jax.random.normal(keys[3], (n,))}}
    objective = pm.least_squares({"rows": lambda x, row: jnp.tanh(row["a"] @ x) - row["b"]})

    def loss(optimizer):
        result = pm.fit(
            objective, pm.fixed(batch), optimizer, jnp.zeros(p), steps=steps, key=jax.random.key(0)
        )
        return result.history["loss"]

    whole = loss(pm.gauss_newton())
    half = loss(pm.gauss_newton(factorise=sketched(rows=600, columns=300)))
    assert whole[-1] < 1e-6 * whole[0]
    assert half[-1] < 3 * whole[-1]


@pytest.mark.slow
def test_memory_is_bounded_by_chunks():
    network = pm.MLP((40, 40))
    params = network.init(jax.random.key(0), jnp.zeros(2))
    objective = pm.least_squares({"data": lambda q, z: network.apply(q, z) - 1.0})
    batch = {"data": jnp.zeros((4096, 2))}

    def length(params, step):
        e, _ = objective.evaluate(params, objective.init(params), batch)
        factorise = sketched(rows=100, columns=100, factorise=by_gram)
        return factorise(e.jacobian, e.residual, step=step, memory=2**21).norm(1.0)

    compiled = jax.jit(length).lower(params, jnp.int32(0)).compile()
    rows = 8 * 4096 * sum(leaf.size for leaf in jax.tree.leaves(params))
    assert compiled.memory_analysis().temp_size_in_bytes < rows / 3


@pytest.mark.parametrize("options", [{"rows": 0, "columns": 5}, {"columns": 0, "rows": 5}])
def test_bad_numbers_are_named(options):
    with pytest.raises(pm.errors.ConfigurationError, match=f"{next(iter(options))}: expected"):
        sketched(**options)
