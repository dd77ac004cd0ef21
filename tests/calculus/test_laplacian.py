import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from physml.calculus import (
    forward_laplacian,
    laplacian,
    linearised,
    nested_forward,
    taylor,
)
from physml.errors import ConfigurationError, ShapeError
from physml.networks import ACTIVATIONS, MLP

METHODS = {
    "nested": nested_forward,
    "taylor": taylor,
    "forward": forward_laplacian,
    "sparse": functools.partial(forward_laplacian, sparsity_threshold=0.6),
    "linearised": linearised,
}
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)

VALUES = {
    "scalar": lambda h: h[0],
    "vector": lambda h: h,
    "complex scalar": lambda h: jnp.exp(h[0] + 1j * h[1]),
    "complex vector": lambda h: jax.lax.complex(h, h[::-1] ** 2),
}
every_value = pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)


def random_params(network, d):
    random = np.random.default_rng(d)
    shapes = jax.eval_shape(network.init, jax.random.key(0), np.zeros(d))
    return jax.tree.map(lambda leaf: random.normal(size=leaf.shape) / d**0.5, shapes)


def field(value, d=3, activation=jnp.tanh):
    network = MLP((5, 4), 2, activation=activation)
    params = random_params(network, d)
    return lambda z: value(network.apply(params, z))


def point(*shape):
    return np.random.default_rng(99).uniform(-1.0, 1.0, shape)


def brute(u, z, axes):
    """Gradient and trace of the Hessian of the flattened point, by jacfwd of jacfwd."""
    flat = lambda s: u(s.reshape(z.shape))
    s, axes = z.reshape(-1), np.array(axes)
    second = jnp.diagonal(jax.jacfwd(jax.jacfwd(flat))(s), axis1=-2, axis2=-1)
    return jnp.moveaxis(jax.jacfwd(flat)(s)[..., axes], -1, 0), jnp.sum(second[..., axes], axis=-1)


def all_agree(methods, z, quantity, rtol=1e-12, atol=1e-13):
    """Compare ``quantity(method)(z)`` with brute force for all methods in one compiled program."""
    every = {**methods, "brute": brute}
    quick = {"xla_backend_optimization_level": 0}  # compiling is nearly all the time of a test
    outcomes = jax.jit(
        lambda z: {name: quantity(method)(z) for name, method in every.items()},
        compiler_options=quick,
    )(z)
    exact = outcomes.pop("brute")
    for name, outcome in outcomes.items():
        compare = functools.partial(assert_allclose, rtol=rtol, atol=atol, err_msg=name)
        jax.tree.map(compare, outcome, exact)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_laplacian_is_the_trace_of_the_hessian(activation):
    lacking = {"taylor"} if activation == "softplus" else set()
    methods = {name: method for name, method in METHODS.items() if name not in lacking}
    u, v = (field(VALUES[value], 3, ACTIVATIONS[activation]) for value in ("scalar", "vector"))
    all_agree(
        methods,
        point(3),
        lambda method: lambda z: (laplacian(u, method=method)(z), laplacian(v, method=method)(z)),
    )


@every_value
def test_methods_return_the_gradient_along_the_axes_and_the_laplacian(value):
    u, z, axes = field(value), point(3), (2, 0)
    all_agree(METHODS, z, lambda method: lambda z: method(u, z, axes))
    like = jax.eval_shape(u, z)
    for method in METHODS.values():
        first, second = jax.eval_shape(lambda z, method=method: method(u, z, axes), z)
        assert (first.shape, second.shape) == ((len(axes), *like.shape), like.shape)
        assert first.dtype == second.dtype == like.dtype


@pytest.mark.slow
def test_axes_of_a_walker_count_its_flattened_coordinates():
    def log_psi(x):
        r = jnp.linalg.norm(x[:, None, :] - x[None, :, :] + jnp.eye(3)[:, :, None], axis=-1)
        return -0.5 * jnp.sum(x**2) + jnp.sum(jnp.triu(r / (1 + r), 1))

    all_agree({"default": None}, point(3, 2), lambda method: laplacian(log_psi, method=method))
    all_agree(METHODS, point(3, 2), lambda method: lambda x: method(log_psi, x, (5, 2)))


@pytest.mark.slow
@pytest.mark.parametrize("is_complex", [False, True], ids=["real", "complex"])
def test_determinants_agree_between_forward_and_linearised(is_complex):
    random = np.random.default_rng(6)
    W, C = random.normal(size=(2, 4)), random.normal(size=(4, 4))

    def log_psi(x):
        phase = x @ W
        orbitals = jnp.exp(1j * phase) if is_complex else jnp.tanh(phase)
        orbitals = (orbitals + 0.1 * jnp.sin(jnp.mean(phase, axis=0, keepdims=True))) @ C
        sign, log = jnp.linalg.slogdet(orbitals)
        return log + jnp.log(sign) if is_complex else log

    methods = {name: METHODS[name] for name in ("forward", "sparse", "linearised")}
    axes = tuple(range(8))
    quantity = lambda method: lambda x: method(log_psi, x, axes)
    all_agree(methods, point(4, 2), quantity, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("d", [1, 3, 4, 7])
def test_the_default_method_is_right_on_both_sides_of_its_threshold(d):
    fields = [field(value, d) for value in VALUES.values()]
    all_agree(
        {"default": None},
        point(d),
        lambda method: lambda z: [laplacian(u, method=method)(z) for u in fields],
    )


def test_jit_vmap_and_reverse_mode_in_the_parameters():
    network = MLP((4,), 2, activation=jnp.sin)
    params = random_params(network, 3)

    def training(method):
        def loss(params, points):
            u = lambda z: VALUES["complex vector"](network.apply(params, z))
            residuals = jax.vmap(laplacian(u, axes=(0, 2), method=method))(points)
            return jnp.mean(jnp.abs(residuals) ** 2)

        return lambda points: jax.value_and_grad(loss)(params, points)

    all_agree(METHODS, point(4, 3), training, rtol=1e-11, atol=1e-12)


def test_rows_of_a_residual_by_vmap_of_grad():
    network = MLP((4,))
    params = random_params(network, 2)

    def rows(method):
        def residual(params, z):
            u = functools.partial(network.apply, params)
            return laplacian(u, method=method)(z) + u(z) ** 3

        return lambda points: jax.vmap(jax.grad(residual), in_axes=(None, 0))(params, points)

    all_agree(METHODS, point(4, 2), rows, rtol=1e-11, atol=1e-12)


def test_a_field_that_ignores_its_coordinates():
    for value in (np.float64(2.0), np.array([1.0, 2j])):
        u = lambda z, value=value: jnp.asarray(value)
        all_agree(METHODS, point(2), lambda method, u=u: lambda z: method(u, z, (0, 1)))


@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2), (2,)], ids=str)
def test_a_field_that_ignores_some_coordinates(axes):
    u = lambda z: jnp.stack([jnp.sin(z[0]), z[1] ** 2, z[0] * jnp.exp(z[1])])
    all_agree(METHODS, point(3), lambda method: lambda z: method(u, z, axes))


@every_method
def test_float32_points_stay_float32(method):
    operator = laplacian(lambda z: jnp.sum(jnp.sin(z)), method=method)
    assert jax.eval_shape(operator, np.ones(2, np.float32)).dtype == jnp.float32


def tanh_loop(z):
    return jnp.sum(jax.lax.fori_loop(0, 3, lambda i, h: jnp.tanh(h), z))


def test_loops_inside_a_field():
    methods = {name: METHODS[name] for name in ("nested", "linearised")}
    all_agree(methods, point(2), lambda method: laplacian(tanh_loop, method=method))


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
        operator(np.ones((3, 2)) if lifted else np.ones(2))


@every_method
def test_errors_of_the_field_itself_come_through(method):
    def wrong(z):
        return {}["weights"] * z[0]

    with pytest.raises(KeyError, match="weights"):
        laplacian(wrong, method=method)(np.ones(2))
    with pytest.raises(ValueError, match="rank_promotion"):
        laplacian(lambda z: jnp.sum(z + jnp.ones((2, 2))), method=method)(np.ones(2))


@pytest.mark.parametrize("axes", [(), (0, 0), (0.5,), ("x",)], ids=str)
def test_axes_must_be_different_coordinate_indices(axes):
    with pytest.raises(ConfigurationError, match="expected"):
        laplacian(jnp.sum, axes=axes)(np.ones(2))


@every_method
def test_axes_must_be_coordinates_of_the_point(method):
    with pytest.raises(ShapeError, match=r"laplacian: expected axes from 0 to 1 .* got \[2\]"):
        laplacian(jnp.sum, axes=(0, 2), method=method)(np.ones(2))
