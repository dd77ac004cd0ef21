"""(JᵀJ + λI)⁻¹ by singular values and by probes, against parameter and sample space."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.lazy_jacobian import Block, Jacobian
from physml.train.row_covariance import (
    FromProbes,
    FromSingularValues,
    compressed,
    dense,
    singular_values,
)

DAMPING = 1e-3


def row(params, x):
    hidden = jnp.tanh(params["a"] * x[0] + params["b"])
    return jnp.stack([hidden @ params["c"], x[1] * hidden[0]])


def jacobian(samples, parameters):
    a, b, c = jax.random.normal(jax.random.key(1), (3, parameters // 3))
    x = jax.random.normal(jax.random.key(2), (samples, 2))
    return Jacobian({"a": a, "b": b, "c": c}, (Block(row, x, jnp.sqrt(1.0 / samples)),))


def predictions(jacobian, samples=5):
    x = jax.random.normal(jax.random.key(3), (samples, 2))
    return Jacobian(jacobian.params, (Block(row, x, jnp.ones(())),))


@pytest.mark.parametrize("samples", [4, 30], ids=["n < p", "n > p"])
def test_one_number_in_parameter_space_sample_space_and_by_singular_values(samples):
    J = jacobian(samples, 15)
    G, rows = dense(predictions(J)), dense(J)
    n, p = rows.shape
    in_parameters = np.sum(G * np.linalg.solve(rows.T @ rows + DAMPING * np.eye(p), G.T).T, axis=1)
    # A Gaussian process with the tangent kernel.
    cross = G @ rows.T
    known = np.linalg.solve(rows @ rows.T + DAMPING * np.eye(n), cross.T).T
    in_samples = (np.sum(G * G, axis=1) - np.sum(cross * known, axis=1)) / DAMPING
    found = FromSingularValues(singular_values(compressed(J)), DAMPING)
    scale = np.max(np.sum(G * G, axis=1)) / DAMPING
    np.testing.assert_allclose(found.variance(predictions(J)), in_parameters, atol=1e-12 * scale)
    np.testing.assert_allclose(in_samples, in_parameters, atol=1e-12 * scale)
    gradient = np.arange(float(p))
    solved = np.linalg.solve(rows.T @ rows + DAMPING * np.eye(p), gradient)
    np.testing.assert_allclose(found.solve(gradient), solved, rtol=1e-9)


def test_what_no_row_sees_keeps_its_digits():
    """At the rows themselves ``Σ s²/(s² + λ)`` is their rank; two numbers of 1e12 apart it was."""
    J = jacobian(4, 15)
    found = FromSingularValues(singular_values(compressed(J)), 1e-12)
    rank = np.linalg.matrix_rank(dense(J))
    assert float(found.variance(J).sum()) == pytest.approx(rank, rel=1e-6)


def test_a_triangle_over_chunks_has_the_same_products():
    J = jacobian(31, 15)
    M = compressed(J, memory=15 * 8 * 6)
    assert M.shape == (15, 15)
    rows = dense(J)
    np.testing.assert_allclose(M.T @ M, rows.T @ rows, atol=1e-13 * np.sum(rows**2))


@pytest.mark.slow
@pytest.mark.parametrize("samples", [4, 30], ids=["n < p", "n > p"])
def test_probes_and_draws_have_the_covariance(samples):
    """Of 1,000 draws a variance has the relative deviation √(2/1000) = 4.5%: five of them."""
    J, count = jacobian(samples, 15), 1000
    exact = FromSingularValues(singular_values(compressed(J)), DAMPING)
    probed = FromProbes.drawn(J, DAMPING, jax.random.key(4), count)
    expected = exact.variance(predictions(J))
    np.testing.assert_allclose(
        probed.variance(predictions(J)), expected, rtol=5 * np.sqrt(2 / count)
    )
    G = dense(predictions(J))
    drawn = np.mean((G @ exact.draws(jax.random.key(5), count).T) ** 2, axis=1)
    np.testing.assert_allclose(drawn, expected, rtol=5 * np.sqrt(2 / count))
    gradient = np.linspace(-1, 1, 15)
    np.testing.assert_allclose(probed.solve(gradient), exact.solve(gradient), rtol=1e-5)


@pytest.mark.slow
def test_probes_that_do_not_converge_are_refused():
    J = jacobian(30, 15)
    single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), (J.params, J.blocks[0].batch))
    J = Jacobian(single[0], (Block(row, single[1], jnp.float32(1.0)),))
    with pytest.raises(pm.errors.ConfigurationError, match="conjugate gradients left"):
        FromProbes.drawn(J, 1e-12, jax.random.key(4), 3)


def test_more_than_memory_is_refused(monkeypatch):
    monkeypatch.setattr("physml.train.row_covariance.DEFAULT_MEMORY", 100)
    with pytest.raises(pm.errors.ConfigurationError, match="give probes=64"):
        compressed(jacobian(4, 15))
