import functools

import jax
import jax.numpy as jnp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from physml.calculus import divergence, gradient, hessian, jacobian, laplacian, partial
from physml.errors import ConfigurationError, ShapeError
from physml.networks import ACTIVATIONS, MLP

close = functools.partial(assert_allclose, rtol=1e-12, atol=1e-13)


def mlp_field(d, outputs=None, activation=jnp.tanh):
    network = MLP((7, 6), outputs, activation=activation)
    params = network.init(jax.random.key(d), jnp.zeros(d))
    return lambda z: network.apply(params, z)


def point(d):
    return jax.random.uniform(jax.random.key(99), (d,), minval=-1.0)


def complex_field(d):
    u = mlp_field(d, 2)
    return lambda z: jnp.exp(u(z)[0] + 1j * u(z)[1])


def brute_first(u, z):
    if jnp.iscomplexobj(u(z)):
        return jax.jacrev(lambda z: u(z).real)(z) + 1j * jax.jacrev(lambda z: u(z).imag)(z)
    return jax.jacrev(u)(z)


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
@pytest.mark.parametrize("d", [1, 3, 9])
def test_first_derivatives_are_those_of_reverse_mode(activation, d):
    z = point(d)
    scalar, vector = mlp_field(d, None, activation), mlp_field(d, 4, activation)
    close(gradient(scalar)(z), jax.grad(scalar)(z))
    close(jacobian(vector)(z), jax.jacrev(vector)(z))


@pytest.mark.parametrize("d", [2, 7, 9])
def test_gradient_of_a_complex_field_takes_no_conjugate(d):
    u, z = complex_field(d), point(d)
    assert gradient(u)(z).dtype == jnp.complex128
    close(gradient(u)(z), brute_first(u, z))
    vector = lambda z: jnp.stack([u(z), u(2 * z)])
    close(jacobian(vector)(z), brute_first(vector, z))


def test_gradient_of_a_walker_has_its_shape():
    u = mlp_field(6)
    x = point(6).reshape(3, 2)
    close(gradient(u)(x), jax.grad(u)(x))
    assert gradient(u)(x).shape == (3, 2)


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_hessian_is_jacfwd_of_jacfwd(activation):
    z = point(3)
    for outputs, shape in [(None, (3, 3)), (2, (2, 3, 3))]:
        u = mlp_field(3, outputs, activation)
        assert hessian(u)(z).shape == shape
        close(hessian(u)(z), jax.jacfwd(jax.jacfwd(u))(z))


@pytest.mark.parametrize("d", [2, 9])
def test_hessian_of_a_complex_field(d):
    u, z = complex_field(d), point(d)
    close(hessian(u)(z), jax.jacfwd(jax.jacfwd(u))(z))


def test_hessian_of_a_walker_counts_all_its_coordinates():
    u, x = mlp_field(6), point(6)
    close(hessian(u)(x.reshape(3, 2)), jax.hessian(u)(x))


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1), (1, 1), (0, 1, 1), (1, 0, 1, 1), (0,) * 4])
def test_partial_of_every_order_has_its_closed_form(axes):
    a, b = 1.3, -0.7
    z = jnp.array([0.4, 0.9])
    u = lambda z: jnp.exp(b * z[0]) * jnp.sin(a * z[1])
    n_t, n_x = axes.count(0), axes.count(1)
    exact = b**n_t * jnp.exp(b * z[0]) * a**n_x * jnp.sin(a * z[1] + n_x * jnp.pi / 2)
    close(partial(u, *axes)(z), exact)
    vector = lambda z: jnp.stack([u(z), 2 * u(z)])
    close(partial(vector, *axes)(z), jnp.stack([exact, 2 * exact]))
    phase = lambda z: jnp.exp(b * z[0] + 1j * a * z[1])
    close(partial(phase, *axes)(z), b**n_t * (1j * a) ** n_x * phase(z))


@given(st.permutations([0, 1, 1, 2]), st.integers(1, 4))
def test_partial_does_not_depend_on_the_order_of_its_axes(axes, order):
    u = lambda z: jnp.sin(z[0] * z[1]) * jnp.exp(z[1] * z[2])
    z = jnp.array([0.3, -0.8, 0.5])
    close(partial(u, *axes[:order])(z), partial(u, *sorted(axes[:order]))(z))


def test_partial_of_a_walker_counts_flattened_coordinates():
    u = lambda x: jnp.sum(x[1] ** 3) + x[0, 0] * x[2, 1]
    x = point(6).reshape(3, 2)
    close(partial(u, 3, 3)(x), 6 * x[1, 1])
    close(partial(u, 0, 5)(x), 1.0)


@pytest.mark.parametrize("d", [1, 3, 8])
def test_divergence_is_the_trace_of_the_jacobian(d):
    u, z = mlp_field(d, d), point(d)
    close(divergence(u)(z), jnp.trace(jax.jacrev(u)(z)))


@pytest.mark.parametrize("shape", [(3,), (8,), (3, 2)])
def test_divergence_of_the_gradient_is_the_laplacian(shape):
    z = jax.random.normal(jax.random.key(3), shape)
    for u in (mlp_field(z.size), complex_field(z.size)):
        close(divergence(gradient(u))(z), laplacian(u)(z))


@pytest.mark.parametrize("d", [2, 9])
def test_operators_go_through_jit_vmap_and_reverse_mode_in_the_parameters(d):
    network = MLP((5,))
    vector = MLP((5,), d)
    points = jax.random.normal(jax.random.key(4), (3, d))
    params = network.init(jax.random.key(0), points[0])
    vector_params = vector.init(jax.random.key(0), points[0])

    def loss(params, vector_params, z):
        u = functools.partial(network.apply, params)
        v = functools.partial(vector.apply, vector_params)
        return (
            jnp.sum(gradient(u)(z) ** 2)
            + jnp.sum(jacobian(v)(z) ** 2)
            + partial(u, 0, 1, 1)(z) ** 2
            + divergence(v)(z) ** 2
            + jnp.sum(hessian(u)(z) ** 2)
        )

    def brute(params, vector_params, z):
        u = functools.partial(network.apply, params)
        v = functools.partial(vector.apply, vector_params)
        third = jax.jacfwd(jax.jacfwd(jax.jacfwd(u)))(z)
        return (
            jnp.sum(jax.jacfwd(u)(z) ** 2)
            + jnp.sum(jax.jacfwd(v)(z) ** 2)
            + third[0, 1, 1] ** 2
            + jnp.trace(jax.jacfwd(v)(z)) ** 2
            + jnp.sum(jax.jacfwd(jax.jacfwd(u))(z) ** 2)
        )

    def rows(loss):
        return jax.jit(jax.vmap(jax.value_and_grad(loss, argnums=(0, 1)), in_axes=(None, None, 0)))

    got = rows(loss)(params, vector_params, points)
    expected = rows(brute)(params, vector_params, points)
    jax.tree.map(functools.partial(assert_allclose, rtol=1e-11, atol=1e-12), got, expected)


def test_integer_coordinates_and_float32_points():
    u = lambda z: jnp.sum(z**3)
    close(gradient(u)([1, 2]), [3.0, 12.0])
    assert gradient(u)(jnp.ones(2, jnp.float32)).dtype == jnp.float32
    assert partial(u, 0)(jnp.ones(2, jnp.float32)).dtype == jnp.float32


@pytest.mark.parametrize("operator", [gradient, jacobian, divergence, hessian, laplacian])
def test_a_field_must_be_a_function_with_one_array_as_value(operator):
    with pytest.raises(ConfigurationError, match=r"u: expected a field.*Write gradient\(u\)\(z\)"):
        operator(jnp.ones(2))
    with pytest.raises(ShapeError, match="value is one array, not a tuple"):
        operator(lambda z: (z, z))(jnp.ones(2))


def test_shapes_that_the_mathematics_excludes_are_named():
    z = jnp.ones(2)
    with pytest.raises(ShapeError, match=r"gradient: .* got a value \(2,\).*Use jacobian\(u\)"):
        gradient(lambda z: z)(z)
    with pytest.raises(ShapeError, match=r"jacobian: .* got a value \(\).*Use gradient\(u\)"):
        jacobian(jnp.sum)(z)
    with pytest.raises(ShapeError, match=r"divergence: .* value \(2,\), got a value \(1,\)"):
        divergence(lambda z: z[:1])(z)
    with pytest.raises(ShapeError, match=r"axes from 0 to 1 .* got \[2, -1\]"):
        jax.jit(partial(jnp.sum, 0, 2, -1))(z)


@pytest.mark.parametrize("axes", [(), (0,) * 5, (0.5,), ("x",)])
def test_partial_takes_one_to_four_coordinate_indices(axes):
    with pytest.raises(ConfigurationError, match="partial: expected"):
        partial(jnp.sum, *axes)
