"""Elimination with the last pivot left apart: determinants, solutions, and what stays at a node."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physml.vmc.wavefunctions.determinants import slater_determinants
from physml.vmc.wavefunctions.elimination import eliminate


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_it_is_the_determinant_and_the_solution(n):
    random = np.random.default_rng(n)
    for _ in range(5):
        a, v = random.normal(size=(n, n)), random.normal(size=(n, 4))
        found = jax.jit(eliminate)(a, v)
        value = float(found.d * found.sign * jnp.exp(found.log))
        np.testing.assert_allclose(value, np.linalg.det(a), rtol=1e-10)
        solution = found.g / found.d + found.beta
        np.testing.assert_allclose(solution, np.linalg.solve(a, v), rtol=1e-9, atol=1e-10)
        assert np.linalg.matrix_rank(np.asarray(found.g)) == 1


def test_nothing_is_divided_by_a_determinant_of_zero():
    """``det(A) A⁻¹V`` is the adjugate's product, also where the determinant is zero."""
    random = np.random.default_rng(0)
    a, v = random.normal(size=(4, 4)), random.normal(size=(4, 3))
    a[:, 2] = 2 * a[:, 0] - a[:, 3]
    cofactors = [
        [(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(4)]
        for i in range(4)
    ]
    found = eliminate(jnp.asarray(a), jnp.asarray(v))
    assert abs(float(found.d)) < 1e-12
    product = found.sign * jnp.exp(found.log) * (found.g + found.d * found.beta)
    np.testing.assert_allclose(product, np.array(cofactors).T @ v, rtol=1e-9, atol=1e-11)


def test_its_derivatives_are_those_of_the_determinant():
    random = np.random.default_rng(1)
    a, v = random.normal(size=(5, 5)), random.normal(size=(5, 2))

    def log(a):
        found = eliminate(a, jnp.asarray(v))
        return found.log + jnp.log(jnp.abs(found.d))

    np.testing.assert_allclose(jax.jit(jax.grad(log))(a), np.linalg.inv(a).T, rtol=1e-9)
    hessian = jax.jit(jax.hessian(log))(a)
    inverse = np.linalg.inv(a)
    expected = -np.einsum("li,jk->ijkl", inverse, inverse)
    np.testing.assert_allclose(hessian, expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("n", [1, 3, 4])
@pytest.mark.parametrize("phases", [False, True], ids=["real", "complex"])
def test_slater_determinants_are_those_of_numpy(n, phases):
    """Two spins and two determinants."""
    random = np.random.default_rng(n)
    orbitals = random.normal(size=(2, 2 * n, n))
    if phases:
        orbitals = orbitals + 1j * random.normal(size=orbitals.shape)
    log, sign = jax.jit(slater_determinants, static_argnums=1)(jnp.asarray(orbitals), n)
    expected = np.sum(np.linalg.det(orbitals[:, :n]) * np.linalg.det(orbitals[:, n:]))
    np.testing.assert_allclose(complex(sign) * np.exp(float(log)), expected, rtol=1e-10)


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_a_determinant_of_zero_is_zero_and_not_nan(rank):
    rows = np.random.default_rng(0).normal(size=(3, 3))
    rows[rank:] = 0.0
    log, sign = slater_determinants(jnp.asarray(rows)[None], 3)
    assert float(log) == -np.inf and float(sign) == 0.0
