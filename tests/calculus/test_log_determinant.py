"""Determinants without LAPACK: values, derivatives, nodes, and what their programs consist of."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.calculus import forward_laplacian, nested_forward
from physml.calculus.log_determinant import log_determinant, matrix_inverse


def draw(n, count, phases=False, seed=0):
    random = np.random.default_rng(seed + n)
    a = random.normal(size=(count, n, n))
    return a + 1j * random.normal(size=a.shape) if phases else a


def exact(a):
    """The determinant of a matrix of doubles, without rounding."""
    rows, value = [[Fraction(x) for x in row] for row in np.asarray(a).tolist()], Fraction(1)
    for k in range(len(rows)):
        p = next(i for i in range(k, len(rows)) if rows[i][k])
        rows[k], rows[p] = rows[p], rows[k]
        value *= rows[k][k] if p == k else -rows[k][k]
        for i in range(k + 1, len(rows)):
            ratio = rows[i][k] / rows[k][k]
            rows[i] = [x - ratio * y for x, y in zip(rows[i], rows[k], strict=True)]
    return value


@jax.jit
def look(a):
    return *log_determinant(a), matrix_inverse(a)


@pytest.mark.parametrize(("n", "phases"), [(1, False), (3, True), (7, False), (17, True)])
def test_values_and_inverses_are_those_of_numpy(n, phases):
    a = draw(n, 5, phases)
    log, sign, inverse = look(a)
    expected = np.linalg.slogdet(a)
    np.testing.assert_allclose(log, expected.logabsdet, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(sign, expected.sign, atol=1e-13)
    np.testing.assert_allclose(inverse, np.linalg.inv(a), rtol=1e-10, atol=1e-12)


def test_small_determinants_are_as_exact_as_those_of_numpy():
    """Hilbert's matrix, condition 1e13, and one whose rows nearly agree, as where electrons meet.

    Backward stable elimination errs by ``n ε κ`` at most; the bound is ten times numpy's own error,
    and ``ε κ`` where that is zero by luck.
    """
    near = draw(9, 1)[0]
    near[4] = near[2] + 1e-9 * near[5]
    hilbert = 1 / (1.0 + np.arange(9)[:, None] + np.arange(9)[None])
    both = np.stack([hilbert, near])
    log, sign, inverse = look(both)
    for k, a in enumerate(both):
        value = exact(a)
        wanted = float(np.log(float(abs(value))))
        bound = np.finfo(float).eps * np.linalg.cond(a)
        allowed = max(10 * abs(np.linalg.slogdet(a).logabsdet - wanted), bound)
        assert abs(float(log[k]) - wanted) < allowed
        assert float(sign[k]) == (1.0 if value > 0 else -1.0)
        error = np.abs(np.asarray(inverse[k]) @ a - np.eye(9)).max()
        theirs = np.abs(np.linalg.inv(a) @ a - np.eye(9)).max()
        assert error < max(10 * theirs, bound)


@pytest.mark.parametrize("phases", [False, True], ids=["real", "complex"])
def test_at_a_node_the_value_is_zero_and_no_derivative_is_finite(phases):
    """Of ranks 0 to 2 and with two equal columns, in numbers that elimination does not round."""
    a = draw(3, 4, phases)
    for rank in range(3):
        a[rank, :, rank:] = 0.0
    a[3] = np.array([[1, 2, 1], [4, 2, 4], [2, 1, 2]]) * (1j if phases else 1)
    log, sign, inverse = look(a)
    assert np.all(np.asarray(log) == -np.inf) and np.all(np.asarray(sign) == 0)
    assert not np.any(np.all(np.isfinite(np.asarray(inverse)), axis=(1, 2)))
    slopes = jax.jit(jax.vmap(jax.grad(lambda a: log_determinant(a)[0])))(a)
    assert not np.any(np.all(np.isfinite(np.asarray(slopes)), axis=(1, 2)))


def test_first_and_second_derivatives():
    a = jnp.asarray(draw(5, 1)[0])
    log = lambda a: log_determinant(a)[0]
    inverse = np.linalg.inv(a)
    slope, curved = jax.jit(lambda a: (jax.grad(log)(a), jax.hessian(log)(a)))(a)
    np.testing.assert_allclose(slope, inverse.T, rtol=1e-10)
    expected = -np.einsum("li,jk->ijkl", inverse, inverse)
    np.testing.assert_allclose(curved, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rows", "all", "complex"])
def test_its_forward_laplacian(kind):
    """Rows with coordinates of their own, rows that know all, phases; two matrices at once."""
    matrix = jnp.asarray(draw(4, 2))

    def orbitals(x):
        rows = jnp.stack([jnp.ones(4), x[:, 0], x[:, 1], x[:, 0] * x[:, 2]], axis=-1)
        if kind != "rows":
            rows = rows * jnp.exp(0.1 * jnp.sum(jnp.sin(x) * x[::-1]))
        if kind == "complex":
            rows = rows + 1j * jnp.cos(x[:, :1])
        return rows[None] + matrix * (jnp.sin(x[None, :, :1]) + 2)

    def field(x):
        log, sign = log_determinant(orbitals(x))
        phase = jnp.sum(jnp.imag(jnp.log(sign))) if kind == "complex" else 0.0
        return jnp.sum(log) * log[0] + phase

    x, axes = jnp.asarray(np.random.default_rng(3).normal(size=(4, 3))), tuple(range(12))
    method = partial(forward_laplacian, sparsity_threshold=0.6)
    both = jax.jit(lambda x: [f(field, x, axes) for f in (method, nested_forward)])
    for got, wanted in zip(*both(x), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-10)


def test_a_bare_determinant_has_no_call_of_lapack_in_it():
    """Neither slope nor local energy of many walkers: batches of such calls can stand still."""
    gas = pm.vmc.ElectronGas(n_up=7, n_down=7, rs=1.0)
    psi = pm.vmc.Slater(gas)
    log_psi = pm.vmc.Psi(lambda x: psi.apply({"params": {"log_scale": 0.0}}, x))

    def work(x):
        return jax.grad(log_psi)(x), gas.local_energy(log_psi, x)

    walkers = jax.ShapeDtypeStruct((4, *gas.shape), float)
    text = jax.jit(jax.vmap(work)).lower(walkers).as_text()
    assert "while" in text and "lapack" not in text and "custom_call @blas" not in text


def test_the_search_for_lapack_finds_it():
    text = jax.jit(jnp.linalg.slogdet).lower(jnp.ones((4, 7, 7))).as_text()
    assert jax.default_backend() != "cpu" or "lapack" in text
