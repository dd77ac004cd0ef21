"""Operators take one point: many points at once are refused, whatever the operator."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.calculus import forward_laplacian, linearised, nested_forward, taylor

OPERATORS = {
    "gradient": pm.gradient,
    "jacobian": pm.jacobian,
    "hessian": pm.hessian,
    "divergence": pm.divergence,
    "partial": lambda u: pm.partial(u, 0),
    "partial of second order": lambda u: pm.partial(u, 0, 1),
    "laplacian": pm.laplacian,
    "laplacian along one axis": lambda u: pm.laplacian(u, axes=(0,)),
    "kinetic_energy": pm.kinetic_energy,
}
for method in (nested_forward, taylor, forward_laplacian, linearised):
    OPERATORS[method.__name__] = functools.partial(pm.laplacian, method=method)
    OPERATORS[f"{method.__name__} by itself"] = lambda u, method=method: (
        lambda z: method(u, jnp.asarray(z), (0,))
    )

# Functions of a batch (n, 2), and functions of one point that broadcast over one silently.
BATCHED = {
    "a value a row": lambda z: z[:, 0] ** 2 * z[:, 1],
    "a column a row": lambda z: z[:, :1] ** 2,
    "three components a row": lambda z: jnp.stack([z[:, 0], z[:, 1], z[:, 0] * z[:, 1]], axis=1),
    "rows taken for coordinates": lambda z: z[0] ** 2 * z[1],
}


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
@pytest.mark.parametrize("u", BATCHED.values(), ids=BATCHED)
def test_a_batch_given_for_one_point_is_refused(operator, u):
    """Taken for one walker it gave the slopes along the first row's coordinate: (-2.162, 0, 0)."""
    with pytest.raises(pm.errors.ShapeError, match=r"got (a value )?\(.*jax\.vmap\("):
        operator(u)(np.ones((3, 2)))


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_a_solution_is_refused_with_the_way_to_its_derivatives(operator):
    problem = pm.Problem(
        domain=pm.Box(x=(0, 1), y=(0, 1)), equation=lambda u, z: u(z), components=2
    )
    network = pm.MLP((2,), outputs=2)
    solution = pm.Solution(problem, network, problem.initial_params(network, jax.random.key(0)))
    for points in (np.ones((3, 2)), np.ones(2)):
        with pytest.raises(pm.errors.PhysmlError, match=r"u\.field.*u\.derivative|one point"):
            operator(solution)(points)


def test_one_walker_with_a_scalar_field_and_a_vector_field_of_a_point_are_no_batch():
    walker, point = np.ones((3, 2)), np.array([1.0, 2.0])
    u = lambda x: jnp.sum(x**3)
    assert jax.jit(pm.partial(u, 1))(walker) == 3.0
    assert jax.eval_shape(pm.hessian(u), walker).shape == (6, 6)
    assert jax.jit(pm.laplacian(u))(walker) == 36.0
    assert jax.jit(pm.divergence(lambda x: x**2))(walker) == 12.0
    np.testing.assert_array_equal(jax.jit(pm.partial(lambda z: z**2, 1))(point), [0.0, 4.0])
    batch = np.stack([walker, 2 * walker])
    np.testing.assert_array_equal(jax.jit(jax.vmap(pm.laplacian(u)))(batch), [36.0, 72.0])
