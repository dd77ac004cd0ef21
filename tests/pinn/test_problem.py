"""Problems: embedding, ansatz, terms, and what does not fit together."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

BOX = pm.Box(t=(0, 2), x=(-1, 3))
NETWORK = pm.MLP((5,))


class Sum(nn.Module):
    """A weighted sum of what the network sees."""

    @nn.compact
    def __call__(self, z):
        return nn.Dense(1, use_bias=False, param_dtype=z.dtype)(z)[0]


def transport(u, z):
    u_t, u_x = pm.gradient(u)(z)
    return u_t + u_x


def field_of(problem, network=NETWORK):
    params = problem.initial_params(network, jax.random.key(0))
    return problem.solution_field(network, params)


def test_periodic_coordinates_are_periodic_in_every_derivative():
    field = field_of(pm.Problem(domain=BOX, equation=transport, periodic="x"))
    z = jnp.array([[0.3, -1.0], [1.2, -0.3], [0.3, 1.0], [2.0, -1.0]])
    for order in range(4):
        u = pm.partial(field, *(1,) * order) if order else field
        here, a_period_on, elsewhere = (
            jax.jit(jax.vmap(u))(z + jnp.array([[0.0, shift]])) for shift in (0.0, 4.0, 1.0)
        )
        np.testing.assert_allclose(here, a_period_on, rtol=1e-11, atol=1e-12)
        assert np.min(np.abs(here - elsewhere)) > 1e-3
        assert abs(here[0] - here[3]) > 1e-3


def test_two_periodic_coordinates():
    field = field_of(pm.Problem(domain=BOX, equation=transport, periodic=("t", "x")))
    np.testing.assert_allclose(
        field(jnp.array([0.0, -1.0])), field(jnp.array([2.0, 3.0])), rtol=1e-12
    )


def test_the_network_sees_coordinates_between_minus_one_and_one():
    problem = pm.Problem(domain=BOX, equation=transport)
    np.testing.assert_allclose(problem.embed(jnp.array([0.0, 3.0])), [-1.0, 1.0])
    np.testing.assert_allclose(problem.embed(jnp.array([1.5, 0.0])), [0.5, -0.5])


def test_features_stand_after_the_coordinates():
    """The network sees them, derivatives go through them, and the ansatz is around both."""
    problem = pm.Problem(
        domain=BOX,
        equation=transport,
        periodic="x",
        features=lambda z: jnp.stack([z[0] ** 2, jnp.sin(3 * z[1])]),
        ansatz=lambda N, z: z[0] * N(z),
    )
    z = jnp.array([1.5, 0.5])
    embedded = [0.5, jnp.cos(0.75 * jnp.pi), jnp.sin(0.75 * jnp.pi), 2.25, jnp.sin(1.5)]
    np.testing.assert_allclose(problem.embed(z), embedded, rtol=1e-12)
    linear = lambda weights: {"params": {"Dense_0": {"kernel": jnp.array(weights)[:, None]}}}
    field = problem.solution_field(Sum(), linear([0.0, 0.0, 0.0, 1.0, 2.0]))
    expected = jnp.array([3 * 1.5**2 + 2 * jnp.sin(1.5), 1.5 * 6 * jnp.cos(1.5)])
    np.testing.assert_allclose(pm.gradient(field)(z), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("features", "got"),
    [
        (lambda z: z[0], r"float64 \(\)"),
        (lambda z: jnp.outer(z, z), r"float64 \(2, 2\)"),
        (lambda z: (z[0], z[1]), "tuple"),
        (lambda z: 1j * z, r"complex128 \(2,\)"),
        (lambda z: jnp.argsort(z), r"int\d+ \(2,\)"),
    ],
)
def test_features_of_another_shape_are_refused(features, got):
    with pytest.raises(pm.errors.ShapeError, match=f"features: expected real .* got {got}"):
        pm.Problem(domain=BOX, equation=transport, features=features)


def test_an_ansatz_is_the_solution_itself():
    """Whatever the parameters, the initial value holds, and derivatives see it."""
    problem = pm.Problem(
        domain=BOX,
        equation=transport,
        ansatz=lambda N, z: jnp.sin(z[1]) + z[0] * N(z),
        conditions=[pm.initial(lambda z: jnp.sin(z[1]))],
    )
    params = problem.initial_params(NETWORK, jax.random.key(1))
    rows = pm.pinn.residual_rows(problem, NETWORK)
    assert list(rows) == ["equation", "initial"]
    start = jnp.array([0.0, 0.4])
    assert float(rows["initial"](params, start)) == 0.0
    raw = NETWORK.apply(params, problem.embed(start))
    np.testing.assert_allclose(rows["equation"](params, start), raw + jnp.cos(0.4), rtol=1e-12)


def test_single_precision_stays():
    """Nothing of the library widens a float32 run, here one step of it."""
    problem = pm.Problem(
        domain=BOX,
        equation=transport,
        periodic="x",
        features=lambda z: np.float64([1.0, 3.0]) * z,
        ansatz=lambda N, z: -jnp.sin(jnp.pi * z[1]) + z[0] * N(z),
        conditions=[pm.pinn.neumann(0.0, on="t"), pm.dirichlet(1.0, on="x"), pm.pinn.periodic("x")],
    )
    with jax.enable_x64(False):
        params = problem.initial_params(NETWORK, jax.random.key(0))
        objective = pm.least_squares(pm.pinn.residual_rows(problem, NETWORK))
        sampler = pm.pinn.collocation(
            problem, NETWORK, points=8, redraw=pm.sampling.by_residual(every=1)
        )
        optimizer = pm.natural_gradient()
        step = pm.train.make_step(objective, sampler, optimizer)
        key = jax.random.key(1)
        state = pm.train.TrainState(
            jnp.int32(0),
            params,
            optimizer.init(params),
            objective.init(params),
            jax.eval_shape(sampler.init, key, params),
            key,
        )
        leaves = jax.tree.leaves(jax.eval_shape(step, state))
        floats = [x for x in leaves if jnp.issubdtype(x.dtype, jnp.floating)]
        assert len(floats) > 10
        assert {x.dtype for x in floats} == {jnp.dtype(jnp.float32)}


def test_a_network_with_the_wrong_output_is_refused():
    scalar = pm.Problem(domain=BOX, equation=transport, name="transport")
    vector = pm.Problem(domain=BOX, equation=transport, components=2)
    with pytest.raises(
        pm.errors.ShapeError, match=r"shape \(\) .*'transport', got \(2,\).*outputs=None"
    ):
        scalar.initial_params(pm.MLP((4,), outputs=2), jax.random.key(0))
    for network in (pm.MLP((4,)), pm.MLP((4,), outputs=3)):
        with pytest.raises(pm.errors.ShapeError, match=r"shape \(2,\) .*outputs=2"):
            vector.initial_params(network, jax.random.key(0))
    dot = pm.QuantumDot()
    point = pm.Problem(domain=BOX, equation=transport)
    with pytest.raises(pm.errors.PhysmlError):
        point.initial_params(pm.SlaterJastrow(dot), jax.random.key(0))


@pytest.mark.parametrize(
    ("equation", "got"),
    [
        (lambda u, z: jnp.outer(z, z) * u(z), r"\(2, 2\)"),
        (lambda u, z: (u(z), u(z)), "tuple"),
    ],
)
def test_a_residual_of_the_wrong_shape_is_refused(equation, got):
    problem = pm.Problem(domain=BOX, equation=equation)
    with pytest.raises(pm.errors.ShapeError, match=f"'equation': expected a residual .* got {got}"):
        pm.solve(problem, NETWORK, points=4, steps=1)


def test_a_complex_residual_is_refused():
    problem = pm.Problem(domain=BOX, equation=lambda u, z: 1j * u(z))
    with pytest.raises(pm.errors.ShapeError, match=r"'equation': expected real .* complex128"):
        pm.solve(problem, NETWORK, points=4, steps=1)


def test_terms_have_one_name_each():
    with pytest.raises(pm.errors.ConfigurationError, match="two terms named 'dirichlet x'"):
        pm.Problem(
            domain=BOX,
            equation=transport,
            conditions=[pm.dirichlet(0.0, on="x"), pm.dirichlet(1.0, on="x")],
        )
    with pytest.raises(pm.errors.ConfigurationError, match="two terms named 'equation'"):
        pm.Problem(
            domain=BOX, equation=transport, conditions=[pm.dirichlet(0.0, on="x", name="equation")]
        )


def test_names_of_coordinates_are_checked_at_once():
    with pytest.raises(pm.errors.UnknownNameError, match=r"face 'y\+'\. .*Known: boundary, final"):
        pm.Problem(domain=BOX, equation=transport, conditions=[pm.dirichlet(0.0, on="y+")])
    with pytest.raises(pm.errors.UnknownNameError, match="coordinate 'z'"):
        pm.Problem(domain=BOX, equation=transport, periodic="z")
    with pytest.raises(pm.errors.UnknownNameError, match=r"face 'initial'\. .*x, x\+, x-"):
        pm.Problem(domain=pm.Box(x=(0, 1)), equation=transport, conditions=[pm.initial(0.0)])
