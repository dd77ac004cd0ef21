import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from physml.calculus import divergence, gradient, hessian, jacobian, laplacian, partial
from physml.errors import ConfigurationError, ShapeError
from physml.networks import ACTIVATIONS, MLP

close = functools.partial(assert_allclose, rtol=1e-12, atol=1e-13)


def random_params(network, d):
    random = np.random.default_rng(d)
    shapes = jax.eval_shape(network.init, jax.random.key(0), np.zeros(d))
    return jax.tree.map(lambda leaf: random.normal(size=leaf.shape) / d**0.5, shapes)


def mlp_field(d, outputs=None, activation=jnp.tanh):
    network = MLP((5, 4), outputs, activation=activation)
    return functools.partial(network.apply, random_params(network, d))


def complex_field(d):
    u = mlp_field(d, 2)
    return lambda z: jnp.exp(u(z)[0] + 1j * u(z)[1])


def point(*shape):
    return np.random.default_rng(99).uniform(-1.0, 1.0, shape)


def same(got, exact, z, **tolerances):
    """Compare two functions of a point in one compiled program."""
    quick = {"xla_backend_optimization_level": 0}  # compiling is nearly all the time of a test
    got_tree, exact_tree = jax.jit(lambda z: (got(z), exact(z)), compiler_options=quick)(z)
    compare = functools.partial(assert_allclose, **{"rtol": 1e-12, "atol": 1e-13, **tolerances})
    jax.tree.map(compare, got_tree, exact_tree)


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_every_operator_agrees_with_brute_force_for_every_activation(activation):
    u, v = (mlp_field(3, outputs, activation) for outputs in (None, 3))
    same(
        lambda z: (gradient(u)(z), jacobian(v)(z), hessian(u)(z), hessian(v)(z), divergence(v)(z)),
        lambda z: (
            jax.grad(u)(z),
            jax.jacrev(v)(z),
            jax.jacfwd(jax.jacfwd(u))(z),
            jax.jacfwd(jax.jacfwd(v))(z),
            jnp.trace(jax.jacrev(v)(z)),
        ),
        point(3),
    )


@pytest.mark.parametrize(("d", "m"), [(1, 4), (2, 1), (9, 4), (9, 9)])
def test_every_choice_of_mode_gives_the_same_derivatives(d, m):
    u, v = mlp_field(d), mlp_field(d, m)
    same(
        lambda z: (gradient(u)(z), jacobian(v)(z), hessian(v)(z)),
        lambda z: (jax.grad(u)(z), jax.jacfwd(v)(z), jax.jacfwd(jax.jacfwd(v))(z)),
        point(d),
    )


@pytest.mark.parametrize("d", [2, 9])
def test_complex_fields_are_differentiated_without_conjugate(d):
    u = complex_field(d)
    v = lambda z: jnp.stack([u(z), u(2 * z)])
    parts = lambda z: jnp.stack([u(z).real, u(z).imag])
    weights = jnp.array([1, 1j])
    same(
        lambda z: (gradient(u)(z), jacobian(v)(z)[0], hessian(u)(z)),
        lambda z: (
            weights @ jax.jacrev(parts)(z),
            weights @ jax.jacrev(parts)(z),
            jnp.tensordot(weights, jax.jacfwd(jax.jacrev(parts))(z), 1),
        ),
        point(d),
    )
    assert jax.eval_shape(gradient(u), point(d)).dtype == jnp.complex128


def test_walkers_keep_their_shape_and_count_flattened_coordinates():
    u = mlp_field(6)
    same(
        lambda x: (gradient(u)(x), hessian(u)(x), partial(u, 3, 4)(x)),
        lambda x: (
            jax.grad(u)(x),
            jax.hessian(u)(x.reshape(-1)),
            jax.hessian(u)(x.reshape(-1))[3, 4],
        ),
        point(3, 2),
    )


@pytest.mark.parametrize("axes", [(0,), (1, 1), (0, 1, 1), (1, 0, 1, 1), (0,) * 4], ids=str)
def test_partial_of_every_order_has_its_closed_form(axes):
    a, b = 1.3, -0.7
    u = lambda z: jnp.exp(b * z[0]) * jnp.sin(a * z[1])
    wave = lambda z: jnp.exp(b * z[0] + 1j * a * z[1])
    n_t, n_x = axes.count(0), axes.count(1)

    def exact(z):
        shifted = jnp.exp(b * z[0]) * jnp.sin(a * z[1] + n_x * np.pi / 2)
        return b**n_t * a**n_x * shifted

    same(
        lambda z: (
            partial(u, *axes)(z),
            partial(lambda z: jnp.stack([u(z), 2 * u(z)]), *axes)(z),
            partial(wave, *axes)(z),
        ),
        lambda z: (
            exact(z),
            jnp.stack([exact(z), 2 * exact(z)]),
            b**n_t * (1j * a) ** n_x * wave(z),
        ),
        np.array([0.4, 0.9]),
    )


@settings(max_examples=12)
@given(st.permutations([0, 1, 1, 2]), st.integers(2, 4))
def test_partial_does_not_depend_on_the_order_of_its_axes(axes, order):
    u = lambda z: jnp.sin(z[0] * z[1]) * jnp.exp(z[1] * z[2])
    mixed = axes[:order]
    same(partial(u, *mixed), partial(u, *sorted(mixed)), point(3))


@pytest.mark.parametrize("shape", [(2,), (3, 2)], ids=str)
def test_divergence_of_the_gradient_is_the_laplacian(shape):
    d = int(np.prod(shape))
    u, w = mlp_field(d), complex_field(d)
    same(
        lambda z: (divergence(gradient(u))(z), divergence(gradient(w))(z)),
        lambda z: (laplacian(u)(z), laplacian(w)(z)),
        point(*shape),
    )


@pytest.mark.parametrize("d", [2, 8])
def test_operators_go_through_jit_vmap_and_reverse_mode_in_the_parameters(d):
    network, vector = MLP((4,)), MLP((4,), d)
    params = random_params(network, d), random_params(vector, d)

    def squares(grad, jac, third, trace, second):
        def loss(params, z):
            u = functools.partial(network.apply, params[0])
            v = functools.partial(vector.apply, params[1])
            terms = grad(u)(z), jac(v)(z), third(u)(z), trace(v)(z), second(u)(z)
            return sum(jnp.sum(term**2) for term in terms)

        return lambda points: jax.vmap(jax.value_and_grad(loss), in_axes=(None, 0))(params, points)

    forward = jax.jacfwd
    same(
        squares(gradient, jacobian, lambda u: partial(u, 0, 1, 1), divergence, hessian),
        squares(
            forward,
            forward,
            lambda u: lambda z: forward(forward(forward(u)))(z)[0, 1, 1],
            lambda v: lambda z: jnp.trace(forward(v)(z)),
            lambda u: forward(forward(u)),
        ),
        point(3, d),
        rtol=1e-10,
        atol=1e-11,
    )


def test_integer_coordinates_and_float32_points():
    u = lambda z: jnp.sum(z**3)
    close(gradient(u)([1, 2]), [3.0, 12.0])
    z = np.ones(2, np.float32)
    for operator in (gradient(u), partial(u, 0), hessian(u), divergence(lambda z: z**2)):
        assert jax.eval_shape(operator, z).dtype == jnp.float32


@pytest.mark.parametrize("operator", [gradient, jacobian, divergence, hessian, laplacian])
def test_a_field_must_be_a_function_with_one_array_as_value(operator):
    with pytest.raises(ConfigurationError, match=r"u: expected a field.*Write gradient\(u\)\(z\)"):
        operator(np.ones(2))
    with pytest.raises(ShapeError, match="value is one array, not a tuple"):
        operator(lambda z: (z, z))(np.ones(2))


def test_shapes_that_the_mathematics_excludes_are_named():
    z = np.ones(2)
    with pytest.raises(ShapeError, match=r"gradient: .* got a value \(2,\).*Use jacobian\(u\)"):
        gradient(lambda z: z)(z)
    with pytest.raises(ShapeError, match=r"jacobian: .* got a value \(\).*Use gradient\(u\)"):
        jacobian(jnp.sum)(z)
    with pytest.raises(ShapeError, match=r"divergence: .* value \(2,\), got a value \(1,\)"):
        divergence(lambda z: z[:1])(z)
    with pytest.raises(ShapeError, match=r"axes from 0 to 1 .* got \[2, -1\]"):
        jax.jit(partial(jnp.sum, 0, 2, -1))(z)


@pytest.mark.parametrize("axes", [(), (0,) * 5, (0.5,), ("x",)], ids=str)
def test_partial_takes_one_to_four_coordinate_indices(axes):
    with pytest.raises(ConfigurationError, match=r"partial: .*expected"):
        partial(jnp.sum, *axes)(np.ones(2))
