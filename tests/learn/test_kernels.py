"""Kernels: scikit-learn's values, and derivatives that are right where both points are one."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physml import learn
from physml.errors import ConfigurationError, NonFiniteError, ShapeError

POINTS = np.random.default_rng(0).normal(size=(6, 2))
LENGTHS = np.array([0.7, 1.6])
KERNELS = {
    "rbf": learn.rbf(LENGTHS, deviation=1.3),
    "matern 1/2": learn.matern(0.5, LENGTHS),
    "matern 3/2": learn.matern(1.5, LENGTHS),
    "matern 5/2": learn.matern(2.5, LENGTHS),
    "periodic": learn.periodic(0.8, 1.9),
    "rational quadratic": learn.rational_quadratic(0.8, 0.6),
    "linear": learn.linear_kernel(LENGTHS, centre=0.3),
    "constant": learn.constant_kernel(1.4),
}
SMOOTH = [name for name in KERNELS if name not in ("matern 1/2", "matern 3/2")]


def matrix(kernel, x, y):
    return np.asarray(jax.vmap(lambda a: jax.vmap(lambda b: kernel(a, b))(y))(x))


def theirs(name):
    kernels = pytest.importorskip("sklearn.gaussian_process.kernels")
    return {
        "rbf": 1.69 * kernels.RBF(LENGTHS),
        "matern 1/2": kernels.Matern(LENGTHS, nu=0.5),
        "matern 3/2": kernels.Matern(LENGTHS, nu=1.5),
        "matern 5/2": kernels.Matern(LENGTHS, nu=2.5),
        "rational quadratic": kernels.RationalQuadratic(0.8, 0.6),
        "constant": kernels.ConstantKernel(1.96),
    }.get(name)


@pytest.mark.parametrize("name", KERNELS)
def test_they_are_covariances(name):
    K = matrix(KERNELS[name], jnp.asarray(POINTS), jnp.asarray(POINTS))
    np.testing.assert_allclose(K, K.T, rtol=1e-14)
    assert np.linalg.eigvalsh(K).min() > -1e-14 * len(K) * K.max()
    if (reference := theirs(name)) is not None:
        np.testing.assert_allclose(K, reference(POINTS), rtol=1e-12)


def test_a_periodic_one_is_scikit_learn_s_along_a_line():
    kernels = pytest.importorskip("sklearn.gaussian_process.kernels")
    K = matrix(KERNELS["periodic"], jnp.asarray(POINTS[:, :1]), jnp.asarray(POINTS[:, :1]))
    np.testing.assert_allclose(K, kernels.ExpSineSquared(0.8, 1.9)(POINTS[:, :1]), rtol=1e-10)


def test_sums_and_products_are_those_of_values():
    x, y = map(jnp.asarray, POINTS[:2])
    one, other = KERNELS["rbf"], KERNELS["linear"]
    assert learn.add(one, other, one)(x, y) == one(x, y) + other(x, y) + one(x, y)
    assert learn.times(one, other)(x, y) == one(x, y) * other(x, y)


def slopes(kernel, orders):
    """``∂ᵐ_x ∂ⁿ_y k`` of one dimension at one point."""
    derivative = lambda x, y: kernel(x[None], y[None])
    for argument, order in enumerate(orders):
        for _ in range(order):
            derivative = jax.grad(derivative, argnums=argument)
    return float(jax.jit(derivative)(jnp.float64(0.4), jnp.float64(0.4)))


@pytest.mark.parametrize(
    ("kernel", "orders", "value"),
    [
        (learn.rbf(0.5), (1, 1), 1 / 0.25),
        (learn.rbf(0.5), (2, 2), 3 / 0.0625),
        (learn.matern(1.5, 0.5), (1, 1), 3 / 0.25),
        (learn.matern(1.5, 0.5), (2, 0), -3 / 0.25),
        (learn.matern(2.5, 0.5), (1, 1), 5 / 3 / 0.25),
        (learn.matern(2.5, 0.5), (2, 2), 25 / 0.0625),
        (learn.matern(2.5, 0.5), (1, 2), 0.0),
        (learn.rational_quadratic(0.5, 0.6), (1, 1), 1 / 0.25),
    ],
)
def test_derivatives_at_one_point_are_those_of_its_series(kernel, orders, value):
    np.testing.assert_allclose(slopes(kernel, orders), value, rtol=1e-12)


@pytest.mark.parametrize("smoothness", [0.5, 1.5, 2.5])
def test_slopes_along_a_hyperparameter_are_finite_at_one_point(smoothness):
    def size(length):
        kernel = learn.matern(smoothness, length)
        return kernel(jnp.ones(2), jnp.ones(2)) + kernel(jnp.ones(2), jnp.zeros(2))

    slope, h = jax.jit(jax.grad(size))(0.7), 1e-5
    assert abs(slope - (size(0.7 + h) - size(0.7 - h)) / (2 * h)) < 1e-8


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: learn.rbf(0.0), ConfigurationError, "length_scale: expected finite numbers > 0"),
        (lambda: learn.rbf([1.0, np.nan]), ConfigurationError, "length_scale"),
        (lambda: learn.rbf(1.0, deviation=-1), ConfigurationError, "deviation"),
        (lambda: learn.rbf(np.ones((2, 2))), ShapeError, r"one a dimension \(d,\), got \(2, 2\)"),
        (lambda: learn.matern(1, 1.0), ConfigurationError, "smoothness: expected 0.5, 1.5 or 2.5"),
        (lambda: learn.periodic(1.0, 0.0), ConfigurationError, "period"),
        (lambda: learn.rational_quadratic(1.0, 0.0), ConfigurationError, "mixture"),
        (lambda: learn.linear_kernel(centre=np.nan), NonFiniteError, "centre"),
        (lambda: learn.linear_kernel(centre=1j), ShapeError, "centre: expected real numbers"),
        (lambda: learn.add(), ConfigurationError, "add: expected kernels"),
        (lambda: learn.times(2.0, learn.rbf(1.0)), ConfigurationError, "constant_kernel"),
    ],
)
def test_numbers_that_are_none_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_batch_for_a_point_and_lengths_of_another_dimension_are_refused():
    with pytest.raises(ShapeError, match=r"expected two points \(d,\), got \(6, 2\)"):
        learn.rbf(1.0)(jnp.asarray(POINTS), jnp.asarray(POINTS))
    with pytest.raises(ShapeError, match=r"one a dimension, \(3,\), got \(2,\)"):
        learn.rbf(LENGTHS)(jnp.zeros(3), jnp.zeros(3))
