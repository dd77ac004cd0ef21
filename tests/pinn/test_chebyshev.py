"""Polynomials in place of a field: equal to rounding with its derivatives, or none."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.pinn.chebyshev import chebyshev_interpolant, polynomials

LINE = pm.Box(t=(0, 1), x=(-2, 3))
PLANE = pm.Box(x=(0, 1), t=(0, 2), y=(-1, 1))


def test_the_polynomials_are_those_of_chebyshev():
    xi = np.linspace(-1, 1, 7)
    values = jax.vmap(lambda x: polynomials(x, 33))(jnp.asarray(xi))
    exact = np.cos(np.arange(33) * np.arccos(xi)[:, None])
    np.testing.assert_allclose(values, exact, atol=1e-13)


def network(dimension, outputs=None, seed=0):
    module = pm.MLP((12, 12), outputs=outputs)
    params = module.init(jax.random.key(seed), jnp.zeros(dimension))
    params = jax.tree.map(lambda p: 0.5 * p, params)  # its poles lie further from the line
    return lambda z: module.apply(params, z)


def derivatives(field, axis, points):
    """The values at the points and four derivatives along an axis, by one program."""
    fields = [field]
    for _ in range(4):
        fields.append(pm.partial(fields[-1], axis))
    return jax.jit(lambda z: [jax.vmap(f)(z) for f in fields])(points)


@pytest.mark.parametrize(
    ("field", "box", "axis"),
    [
        (network(2, outputs=2), LINE, 1),
        (lambda z: jnp.exp(3j * z[1]) * (1 + z[0]), LINE, 1),
        (lambda z: 2.0 * z[1] - 1.0, LINE, 1),
        (lambda z: jnp.sin(2 * z[0]) * jnp.exp(-z[2]) + z[1], PLANE, 0),
    ],
)
def test_it_is_the_field_with_four_derivatives(field, box, axis):
    """To 1e-12 of the largest value, derivatives to 1e-8 … 1e-3 of their own largest."""
    found = chebyshev_interpolant(field, box, at=0.7)
    points = np.array(box.lower + np.random.default_rng(0).uniform(size=(20, box.dimension)))
    held = jnp.asarray(points).at[:, box.time_axis].set(0.7)
    values = derivatives(found, axis, jnp.asarray(points))
    expected = derivatives(lambda z: field(z.at[box.time_axis].set(0.7)), axis, held)
    largest = 1.0
    for order, bound in enumerate((1e-12, 1e-8, 1e-8, 1e-5, 1e-3)):
        exact = np.asarray(expected[order])
        largest = max(np.abs(exact).max(), 1.0)
        difference = np.abs(np.asarray(values[order]) - exact).max()
        assert difference < bound * largest, order


@pytest.mark.parametrize(
    ("field", "box"),
    [
        (lambda z: jnp.abs(z[1] - 0.3), LINE),
        (lambda z: jnp.tanh(100 * z[1]), LINE),
        (lambda z: jnp.sum(z), pm.Box(t=(0, 1), x=(0, 1), y=(0, 1), z=(0, 1))),
        (lambda z: 1 / z[1], pm.Box(t=(0, 1), x=(0, 0.0001))),
        (lambda z: z[1].astype(jnp.float32), LINE),
    ],
)
def test_a_field_that_few_polynomials_are_not_is_left_as_it_is(field, box):
    assert chebyshev_interpolant(field, box, at=0.5) is None


@pytest.mark.slow
def test_later_slabs_of_a_march_cost_what_the_first_ones_do():
    """Operations in the residual of the second and of the last slab are nearly as many."""

    def heat(box, start):
        return pm.Problem(
            domain=box,
            equation=lambda u, z: pm.partial(u, 0)(z) - pm.partial(u, 1, 1)(z) / np.pi**2,
            ansatz=lambda N, z: start(z) + (z[0] - box.lower[0]) * z[1] * (1 - z[1]) * N(z),
        )

    march = pm.pinn.march(
        heat,
        pm.Box(t=(0, 1), x=(0, 1)),
        lambda z: jnp.sin(jnp.pi * z[1]),
        pm.MLP((6,)),
        slabs=3,
        points=8,
        steps=1,
        check=False,
    )

    def operations(slab):
        rows = pm.pinn.residual_rows(slab.problem, slab.network)
        jaxpr = jax.make_jaxpr(rows["equation"])(slab.params, jnp.array([0.5, 0.5]))
        return str(jaxpr).count("=")

    counts = [operations(slab) for slab in march.slabs]
    # A power of two more polynomials is a doubling more; a slab evaluated within is hundreds.
    assert counts[2] < counts[1] + 0.5 * counts[0]


def test_a_pulse_between_the_nodes_is_seen():
    """At the nodes it is 0 to rounding: the sum through them would leave it out."""

    def pulse(z):
        return jnp.sin(z[1]) + jnp.exp(-2e3 * (z[1] - 0.345) ** 2)

    assert chebyshev_interpolant(pulse, LINE, at=0.5) is None
