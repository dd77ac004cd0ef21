import functools

import jax
import jax.numpy as jnp
import pytest
from numpy.testing import assert_allclose

from physml.calculus import (
    forward_laplacian,
    gradient,
    laplacian,
    linearised,
    nested_forward,
    taylor,
)
from physml.errors import ConfigurationError, ShapeError
from physml.networks import ACTIVATIONS, MLP

close = functools.partial(assert_allclose, rtol=1e-12, atol=1e-13)
sparse = functools.partial(forward_laplacian, sparsity_threshold=0.6)
METHODS = {
    "nested": nested_forward,
    "taylor": taylor,
    "forward": forward_laplacian,
    "sparse": sparse,
    "linearised": linearised,
}
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def scalar(h):
    return h[0]


def vector(h):
    return h


def complex_scalar(h):
    return jnp.exp(h[0] + 1j * h[1])


def complex_vector(h):
    return jax.lax.complex(h, h[::-1] ** 2)


VALUES = [scalar, vector, complex_scalar, complex_vector]


def field(value, d=3, activation=jnp.tanh):
    network = MLP((7, 6), 2, activation=activation)
    params = network.init(jax.random.key(d), jnp.zeros(d))
    return lambda z: value(network.apply(params, z))


def brute(u, z, axes=None):
    """Gradient and trace of the Hessian of the flattened point, by jacfwd of jacfwd."""
    flat = lambda s: u(s.reshape(z.shape))
    first = jax.jacfwd(flat)(z.reshape(-1))
    second = jnp.diagonal(jax.jacfwd(jax.jacfwd(flat))(z.reshape(-1)), axis1=-2, axis2=-1)
    axes = jnp.array(range(z.size) if axes is None else axes)
    return jnp.moveaxis(first[..., axes], -1, 0), jnp.sum(second[..., axes], axis=-1)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@every_method
def test_laplacian_is_the_trace_of_the_hessian(method, activation):
    if (method, activation) == (taylor, "softplus"):
        pytest.skip("jet has no rule for it; the error is tested below")
    z = jnp.array([0.3, -0.6, 0.8])
    for value in (scalar, vector):
        u = field(value, 3, ACTIVATIONS[activation])
        close(laplacian(u, method=method)(z), brute(u, z)[1])


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("axes", [(0, 1, 2), (1,), (2, 0)], ids=str)
@every_method
def test_methods_return_the_gradient_along_the_axes_and_the_laplacian(method, value, axes):
    z = jnp.array([0.3, -0.6, 0.8])
    u = field(value)
    first, second = method(u, z, axes)
    exact_first, exact_second = brute(u, z, axes)
    assert first.shape == (len(axes), *u(z).shape)
    assert second.shape == u(z).shape
    assert first.dtype == second.dtype == u(z).dtype
    close(first, exact_first)
    close(second, exact_second)
    close(laplacian(u, axes=axes, method=method)(z), exact_second)


@every_method
def test_walkers_are_summed_over_all_coordinates(method):
    x = jax.random.normal(jax.random.key(5), (3, 2))

    def log_psi(x):
        r = jnp.linalg.norm(x[:, None, :] - x[None, :, :] + jnp.eye(3)[:, :, None], axis=-1)
        return -0.5 * jnp.sum(x**2) + jnp.sum(jnp.triu(r / (1 + r), 1))

    close(laplacian(log_psi, method=method)(x), brute(log_psi, x)[1])
    close(laplacian(log_psi, axes=(5, 2), method=method)(x), brute(log_psi, x, (5, 2))[1])
    close(method(log_psi, x, tuple(range(6)))[0], gradient(log_psi)(x).reshape(-1))


def orbital_determinant(is_complex):
    W = jax.random.normal(jax.random.key(6), (2, 4))
    C = jax.random.normal(jax.random.key(7), (4, 4))

    def log_psi(x):
        phase = x @ W
        orbitals = jnp.exp(1j * phase) if is_complex else jnp.tanh(phase)
        orbitals = (orbitals + 0.1 * jnp.sin(jnp.mean(phase, axis=0, keepdims=True))) @ C
        sign, log = jnp.linalg.slogdet(orbitals)
        return log + jnp.log(sign) if is_complex else log

    return log_psi


@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("forward", [forward_laplacian, sparse], ids=["dense", "sparse"])
def test_determinants_agree_between_forward_and_linearised(forward, is_complex):
    log_psi = orbital_determinant(is_complex)
    x = jax.random.normal(jax.random.key(8), (4, 2))
    axes = tuple(range(8))
    for got, exact in zip(forward(log_psi, x, axes), linearised(log_psi, x, axes), strict=True):
        assert_allclose(got, exact, rtol=1e-10, atol=1e-10)
    assert_allclose(laplacian(log_psi)(x), brute(log_psi, x)[1], rtol=1e-10)


@pytest.mark.parametrize("value", [scalar, vector, complex_scalar])
@pytest.mark.parametrize("d", [1, 3, 4, 7])
def test_the_default_method_is_right_on_both_sides_of_its_threshold(d, value):
    z = jax.random.normal(jax.random.key(9), (d,))
    u = field(value, d)
    close(laplacian(u)(z), brute(u, z)[1])


@every_method
def test_jit_vmap_and_reverse_mode_in_the_parameters(method):
    network = MLP((5, 4), 2, activation=jnp.sin)
    points = jax.random.normal(jax.random.key(10), (4, 3))
    params = network.init(jax.random.key(0), points[0])

    def loss(operator, value, params):
        u = lambda z: value(network.apply(params, z))
        return jnp.mean(jnp.abs(jax.vmap(operator(u))(points)) ** 2)

    got = functools.partial(laplacian, axes=(0, 2), method=method)
    exact = lambda u: lambda z: brute(u, z, (0, 2))[1]
    for value in (scalar, complex_vector):
        outcome, expected = (
            jax.jit(jax.value_and_grad(functools.partial(loss, operator, value)))(params)
            for operator in (got, exact)
        )
        jax.tree.map(functools.partial(assert_allclose, rtol=1e-11, atol=1e-12), outcome, expected)


@every_method
def test_rows_of_a_residual_by_vmap_of_grad(method):
    network = MLP((5,))
    points = jax.random.normal(jax.random.key(11), (4, 2))
    params = network.init(jax.random.key(0), points[0])

    def residual(operator, params, z):
        u = functools.partial(network.apply, params)
        return operator(u)(z) + u(z) ** 3

    got, exact = (
        jax.jit(jax.vmap(jax.grad(functools.partial(residual, operator)), in_axes=(None, 0)))
        for operator in (
            functools.partial(laplacian, method=method),
            lambda u: lambda z: brute(u, z)[1],
        )
    )
    jax.tree.map(close, got(params, points), exact(params, points))


@every_method
def test_a_field_that_ignores_its_coordinates(method):
    z = jnp.array([0.3, -0.6])
    for value in (jnp.float64(2.0), jnp.array([1.0, 2j])):
        first, second = method(lambda z, value=value: value, z, (0, 1))
        close(first, jnp.zeros((2, *value.shape)))
        close(second, jnp.zeros(value.shape))
    u = lambda z: jnp.stack([jnp.sin(z[0]), z[1] ** 2])
    close(laplacian(u, axes=(1,), method=method)(z), [0.0, 2.0])


@pytest.mark.parametrize("method", [nested_forward, taylor, forward_laplacian, linearised])
def test_float32_points_stay_float32(method):
    z = jnp.ones(2, jnp.float32)
    assert laplacian(lambda z: jnp.sum(jnp.sin(z)), method=method)(z).dtype == jnp.float32


def tanh_loop(z):
    return jnp.sum(jax.lax.fori_loop(0, 3, lambda i, h: jnp.tanh(h), z))


@pytest.mark.parametrize("method", [nested_forward, linearised])
def test_loops_inside_a_field(method):
    z = jnp.array([0.3, -0.6])
    close(laplacian(tanh_loop, method=method)(z), brute(tanh_loop, z)[1])


LACKING = {
    "taylor softplus": (taylor, lambda z: jnp.sum(jax.nn.softplus(z))),
    "taylor atan": (taylor, lambda z: jnp.sum(jnp.arctan(z))),
    "taylor loop": (taylor, tanh_loop),
    "forward loop": (forward_laplacian, tanh_loop),
}


@pytest.mark.parametrize("name", LACKING)
@pytest.mark.parametrize("lifted", [False, True], ids=["eager", "jit vmap"])
def test_operations_without_a_rule_are_named_with_a_way_out(name, lifted):
    method, u = LACKING[name]
    operator = laplacian(u, method=method)
    if lifted:
        operator = jax.jit(jax.vmap(operator))
    with pytest.raises(ConfigurationError, match=r"method: .* cannot pass .* Use method="):
        operator(jnp.ones((3, 2)) if lifted else jnp.ones(2))


@every_method
def test_errors_of_the_field_itself_come_through(method):
    def wrong(z):
        return {}["weights"] * z[0]

    with pytest.raises(KeyError, match="weights"):
        laplacian(wrong, method=method)(jnp.ones(2))
    with pytest.raises(ValueError, match="rank_promotion"):
        laplacian(lambda z: jnp.sum(z + jnp.ones((2, 2))), method=method)(jnp.ones(2))


@pytest.mark.parametrize("axes", [(), (0, 0), (0.5,), ("x",)])
def test_axes_must_be_different_coordinate_indices(axes):
    with pytest.raises(ConfigurationError, match="expected"):
        laplacian(jnp.sum, axes=axes)


@every_method
def test_axes_must_be_coordinates_of_the_point(method):
    with pytest.raises(ShapeError, match=r"laplacian: expected axes from 0 to 1 .* got \[2\]"):
        laplacian(jnp.sum, axes=(0, 2), method=method)(jnp.ones(2))
