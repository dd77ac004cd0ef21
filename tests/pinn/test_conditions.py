"""Conditions vanish on fields that obey them, and on no others."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

BOX = pm.Box(t=(0, 2), x=(-1, 3))


def on_face(condition, field, n=6):
    """The residuals at points of the condition's own face, ``(n, ...)``."""
    residual = condition.operator(BOX)
    points = BOX.boundary(jax.random.key(0), n, condition.face)
    return np.asarray(jax.jit(jax.vmap(lambda z: residual(field, z)))(points))


def wave(z):
    """Of period 4 in x, with all derivatives; at t = 0 it is sin(πx/2)."""
    return jnp.sin(jnp.pi * z[1] / 2) * jnp.exp(z[0])


def test_dirichlet_with_a_number():
    parabola = lambda z: 5.0 + (z[1] + 1) * (z[1] - 3) * z[0]
    np.testing.assert_allclose(on_face(pm.dirichlet(5.0, on="x"), parabola), 0.0, atol=1e-14)
    np.testing.assert_allclose(on_face(pm.dirichlet(4.0, on="x"), parabola), 1.0, rtol=1e-14)
    assert np.abs(on_face(pm.dirichlet(5.0, on="t+"), parabola)).max() > 0.1


def test_dirichlet_with_a_function():
    condition = pm.dirichlet(lambda z: z[0] ** 2, on="x+")
    np.testing.assert_allclose(on_face(condition, lambda z: z[0] ** 2 * z[1] / 3), 0.0, atol=1e-14)
    assert np.abs(on_face(condition, lambda z: z[0] * z[1] / 3)).max() > 0.01


def test_initial_is_dirichlet_at_the_first_time():
    condition = pm.initial(lambda z: jnp.sin(jnp.pi * z[1] / 2))
    assert (condition.name, BOX.faces(condition.face)) == ("initial", BOX.faces("t-"))
    np.testing.assert_allclose(on_face(condition, wave), 0.0, atol=1e-14)
    assert np.abs(on_face(condition, lambda z: 1.1 * wave(z))).max() > 0.01


def test_neumann_takes_the_outward_normal():
    """For u = x² + 7x t, ∂u/∂n is −(2x + 7t) on the left and 2x + 7t on the right."""
    field = lambda z: z[1] ** 2 + 7 * z[0] * z[1]
    left = pm.pinn.neumann(lambda z: 2.0 - 7 * z[0], on="x-")
    right = pm.pinn.neumann(lambda z: 6.0 + 7 * z[0], on="x+")
    for condition in (left, right):
        np.testing.assert_allclose(on_face(condition, field), 0.0, atol=1e-13)
    assert np.abs(on_face(right._replace(face="x-"), field)).min() > 1.0
    both = on_face(pm.pinn.neumann(0.0, on="x"), lambda z: z[1])
    np.testing.assert_allclose(both, [-1.0, 1.0, -1.0, 1.0, -1.0, 1.0])


def test_neumann_of_a_time_derivative():
    condition = pm.pinn.neumann(0.0, on="t-", name="at rest")
    assert condition.name == "at rest"
    np.testing.assert_allclose(on_face(condition, lambda z: z[0] ** 2 + z[1]), 0.0, atol=1e-14)
    np.testing.assert_allclose(on_face(condition, lambda z: z[0]), -1.0, rtol=1e-14)


@pytest.mark.parametrize("derivatives", [0, 1, 2, 3])
def test_periodic_matches_derivatives_up_to_its_order(derivatives):
    """Of a field whose k-th derivative alone jumps, the k-th residual alone does not vanish."""
    condition = pm.pinn.periodic("x", derivatives=derivatives)
    assert (condition.name, condition.face) == ("periodic x", "x-")
    zero = on_face(condition, wave)
    assert zero.shape == (6, derivatives + 1)
    np.testing.assert_allclose(zero, 0.0, atol=1e-13)
    for order in range(derivatives + 1):
        jumps = on_face(condition, lambda z, k=order: bernoulli(k + 1, (z[1] + 1) / 4))
        expected = np.zeros(derivatives + 1)
        expected[order] = -1 / 4**order
        np.testing.assert_allclose(jumps, np.tile(expected, (6, 1)), atol=1e-13)


def bernoulli(n, s):
    """``B_n(s)/n!``: its derivative of order n − 1 jumps by 1 between the ends of [0, 1]."""
    return {
        1: s - 1 / 2,
        2: (s**2 - s + 1 / 6) / 2,
        3: (s**3 - 3 / 2 * s**2 + s / 2) / 6,
        4: (s**4 - 2 * s**3 + s**2 - 1 / 30) / 24,
    }[n]


def test_vector_fields():
    flow = lambda z: jnp.stack([z[1] - 3.0, z[0] * (z[1] - 3.0), wave(z)])
    for value in (0.0, lambda z: jnp.zeros(3)):
        residual = on_face(pm.dirichlet(value, on="x+"), flow)
        assert residual.shape == (6, 3)
        np.testing.assert_allclose(residual[:, :2], 0.0, atol=1e-14)
        assert np.abs(residual[:, 2]).max() > 0.1
    slopes = pm.pinn.neumann(lambda z: jnp.stack([1.0, z[0], 0.0 * z[0]]), on="x+")
    residual = on_face(slopes, flow)
    np.testing.assert_allclose(residual[:, :2], 0.0, atol=1e-14)
    assert on_face(pm.pinn.periodic("x"), flow).shape == (6, 6)


def test_a_value_of_another_shape_is_refused():
    for condition in (pm.dirichlet, pm.pinn.neumann):
        made = condition(lambda z: jnp.zeros(2), on="x+")
        with pytest.raises(
            pm.errors.ShapeError, match=r"x\+: value: expected .*\(\).*, got \(2,\)"
        ):
            on_face(made, wave)


def test_the_weight_reaches_the_condition_and_must_be_positive():
    assert pm.dirichlet(0.0, on="x", weight=3.0).weight == 3.0
    for make in (pm.dirichlet, pm.initial, pm.pinn.neumann):
        with pytest.raises(
            pm.errors.ConfigurationError, match="weight: expected a number > 0, got 0"
        ):
            make(0.0, on="x", weight=0.0)
    with pytest.raises(pm.errors.ConfigurationError, match="weight: expected a number > 0"):
        pm.pinn.periodic("x", weight=-1.0)


@pytest.mark.parametrize("derivatives", [-1, 4])
def test_periodic_has_orders_up_to_three(derivatives):
    with pytest.raises(pm.errors.ConfigurationError, match="derivatives: expected 0 to 3"):
        pm.pinn.periodic("x", derivatives=derivatives)


def test_robin_mixes_value_and_slope():
    """``2u + 3u_x`` of x² is 36 at x = 3; ``u − 2u_x`` of e^{x/2} is 0 where n points down."""
    made = pm.pinn.robin(2.0, 3.0, lambda z: 36.0 + 0 * z[0], on="x+")
    np.testing.assert_allclose(on_face(made, lambda z: z[1] ** 2), 0.0, atol=1e-13)
    lower = pm.pinn.robin(1.0, lambda z: 2.0 + 0 * z[0], 0.0, on="x-")
    np.testing.assert_allclose(on_face(lower, lambda z: jnp.exp(0.5 * (z[1] + 1))), 0.0, atol=1e-13)


def test_components_are_picked():
    flow = lambda z: jnp.stack([z[1], 7.0 + 0 * z[0], wave(z)])
    assert on_face(pm.dirichlet(7.0, "x+", component=1), flow).shape == (6,)
    np.testing.assert_allclose(on_face(pm.dirichlet(7.0, "x+", component=1), flow), 0.0)
    both = pm.dirichlet(lambda z: jnp.stack([z[1], 7.0]), "x", component=(0, 1))
    np.testing.assert_allclose(on_face(both, flow), np.zeros((6, 2)))
    np.testing.assert_allclose(
        on_face(pm.pinn.neumann(1.0, "x+", component=0), flow), 0.0, atol=1e-14
    )
    with pytest.raises(pm.errors.ShapeError, match="component"):
        on_face(pm.dirichlet(0.0, "x+", component=3), flow)
    with pytest.raises(pm.errors.ShapeError, match="component"):
        on_face(pm.dirichlet(0.0, "x+", component=0), wave)


def test_several_faces_make_one_term():
    made = pm.dirichlet(lambda z: jnp.sum(z), ("t-", "x"))
    assert made.name == "dirichlet t- x"
    np.testing.assert_allclose(on_face(made, lambda z: jnp.sum(z)), 0.0, atol=1e-14)
    with pytest.raises(pm.errors.ConfigurationError, match="got none"):
        pm.Problem(domain=BOX, equation=lambda u, z: u(z), conditions=[pm.dirichlet(0.0, ())])


@pytest.mark.parametrize("component", [True, [True, False], 0.5, [], -1, "1", [[0]]])
def test_what_is_no_component_is_refused(component):
    """A mask of truth values would be taken for numbers by some, for a mask by others."""
    points, values = np.zeros((1, 2)), np.zeros(1)
    for made in (
        lambda: pm.dirichlet(0.0, "x", component=component),
        lambda: pm.pinn.neumann(0.0, "x", component=component),
        lambda: pm.pinn.measured(points, values, component=component),
    ):
        with pytest.raises(pm.errors.ConfigurationError, match="component: expected"):
            made()


def test_a_velocity_is_given_on_one_face():
    with pytest.raises(pm.errors.ConfigurationError, match="on: expected one face"):
        pm.initial(0.0, on=("t-", "t+"), velocity=1.0)
