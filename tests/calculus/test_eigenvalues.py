"""Eigenvalues and projectors: derivatives against differences, at crossings, what is refused."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physml.calculus import eigenvalues, spectral_projector
from physml.errors import ConfigurationError, ShapeError


def hermitian(seed, n=4, *, imaginary=False):
    random = np.random.default_rng(seed)
    a = random.normal(size=(n, n)) + (1j * random.normal(size=(n, n)) if imaginary else 0.0)
    return jnp.asarray(a + np.conj(a.T))


@pytest.mark.parametrize("imaginary", [False, True])
def test_derivatives_of_eigenvalues_are_those_of_differences(imaginary):
    at, change = hermitian(0, imaginary=imaginary), hermitian(1, imaginary=imaginary)
    value, slope = jax.jvp(eigenvalues, (at,), (change,))
    np.testing.assert_allclose(value, np.linalg.eigvalsh(at), atol=1e-13)
    h = 1e-5
    difference = np.linalg.eigvalsh(at + h * change) - np.linalg.eigvalsh(at - h * change)
    np.testing.assert_allclose(slope, difference / (2 * h), atol=1e-8)


def test_the_row_of_an_eigenvalue_is_the_dyad_of_its_vector():
    at = hermitian(2)
    _, vectors = np.linalg.eigh(at)
    rows = jax.jacrev(eigenvalues)(at)
    np.testing.assert_allclose(rows, np.einsum("ik,jk->kij", vectors, vectors), atol=1e-12)


def test_second_derivatives_are_those_of_perturbation_theory():
    at, change = hermitian(3), hermitian(4)
    values, vectors = np.linalg.eigh(at)
    coupling = vectors.T @ change @ vectors
    gaps = values[:, None] - values[None, :] + np.diag([np.inf] * 4)
    exact = 2 * np.sum(coupling**2 / gaps, axis=1)
    found = jax.jacfwd(jax.jacfwd(lambda t: eigenvalues(at + t * change)))(0.0)
    np.testing.assert_allclose(found, exact, rtol=1e-10)


def test_at_an_exact_crossing_derivatives_are_finite_and_their_sum_exact():
    change = hermitian(5, 3)
    _, slope = jax.jvp(eigenvalues, (jnp.diag(jnp.array([1.0, 1.0, 3.0])),), (change,))
    assert np.isfinite(slope).all()
    np.testing.assert_allclose(slope[:2].sum(), change[0, 0] + change[1, 1], rtol=1e-12)
    # jax's own vectors have none there
    assert np.isnan(jax.jvp(lambda a: jnp.linalg.eigh(a)[1], (jnp.eye(3),), (change,))[1]).any()


@pytest.mark.parametrize("imaginary", [False, True])
def test_derivatives_of_a_projector_are_those_of_differences(imaginary):
    at, change = hermitian(6, imaginary=imaginary), hermitian(7, imaginary=imaginary)
    value, slope = jax.jvp(lambda a: spectral_projector(a, 1, 2), (at,), (change,))
    np.testing.assert_allclose(value @ value, value, atol=1e-13)
    np.testing.assert_allclose(jnp.trace(value).real, 2.0, rtol=1e-12)
    h = 1e-5
    there = [spectral_projector(at + s * h * change, 1, 2) for s in (1.0, -1.0)]
    np.testing.assert_allclose(slope, (there[0] - there[1]) / (2 * h), atol=1e-7)


def test_a_projector_on_levels_that_cross_has_its_exact_derivative():
    """Of two equal levels below a third: the closed form of first-order perturbation."""
    change = hermitian(8, 3)
    at = jnp.diag(jnp.array([1.0, 1.0, 3.0]))
    _, slope = jax.jvp(lambda a: spectral_projector(a, 0, 2), (at,), (change,))
    exact = np.zeros((3, 3))
    exact[:2, 2] = exact[2, :2] = np.asarray(change)[:2, 2] / (1.0 - 3.0)
    np.testing.assert_allclose(slope, exact, atol=1e-13)
    reverse = jax.grad(lambda a: jnp.sum(spectral_projector(a, 0, 2) * change))(at)
    assert np.isfinite(reverse).all()


def test_batches_and_single_precision():
    several = jnp.stack([hermitian(9), hermitian(10)]).astype(jnp.float32)
    found = jax.jit(eigenvalues)(several)
    assert found.shape == (2, 4) and found.dtype == jnp.float32
    assert spectral_projector(several, 0, 1).shape == (2, 4, 4)


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda: eigenvalues(jnp.ones((2, 3))), ShapeError, r"matrix: expected \(..., n, n\)"),
        (lambda: eigenvalues(jnp.array([[0.0, 1.0], [2.0, 0.0]])), ShapeError, "differ from those"),
        (
            lambda: eigenvalues(jnp.array([1e9 * np.eye(2), [[0.0, 1e-6], [0.0, 0.0]]])),
            ShapeError,
            "adjoint by 1e-06",  # however large another one is
        ),
        (lambda: spectral_projector(jnp.eye(2), 0, 3), ConfigurationError, "count: expected at mo"),
        (lambda: spectral_projector(jnp.eye(2), 2, 1), ConfigurationError, "first: expected at mo"),
    ],
)
def test_what_is_no_hermitian_matrix_is_refused(ask, error, message):
    with pytest.raises(error, match=message):
        ask()
