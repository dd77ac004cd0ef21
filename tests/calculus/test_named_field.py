"""Coordinates by name: an operator over a field with time never takes time for space."""

from __future__ import annotations

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physml.calculus import divergence, hessian, kinetic_energy, laplacian, partial
from physml.calculus.named_field import NamedField, coordinates_at
from physml.errors import ConfigurationError, ShapeError, UnknownNameError

NAMES = ("x", "t", "y")
SPACE_TIME = SimpleNamespace(names=NAMES, time="t")
SPACE = SimpleNamespace(names=NAMES, time=None)
Z = jnp.array([2.0, 1.0, 3.0])


def plain(z):
    return z[0] ** 2 * z[1] ** 3 + jnp.sin(z[2])


u = NamedField(plain, SPACE_TIME)

# Functions of the point that a user makes of a field with names.
MADE = {
    "the field": u,
    "a function of it": lambda z: u(z) ** 2,
    "a component": lambda z: jnp.stack([u(z), 2 * u(z)])[1],
    "a derivative": partial(u, "t"),
    "a derivative of a function": partial(lambda z: u(z) * z[0], 1, "x"),
    "a Laplacian": laplacian(u, axes=("x", "y")),
    "a product with a derivative": lambda z: u(z) * partial(u, 0)(z),
}
made = pytest.mark.parametrize("field", MADE.values(), ids=MADE)


@made
def test_names_and_indices_of_axes_agree(field):
    at = jax.jit(lambda z: (partial(field, "y", "x")(z), partial(field, 2, 0)(z)))
    np.testing.assert_array_equal(*at(Z))
    at = jax.jit(lambda z: (laplacian(field, axes=("x", "y"))(z), laplacian(field, axes=(0, 2))(z)))
    np.testing.assert_array_equal(*at(Z))


@made
def test_a_sum_over_all_axes_is_refused_where_one_is_time(field):
    """Of the Laplacian, the kinetic energy and the divergence alike, by what to say instead."""
    flow = lambda z: jnp.stack([field(z), field(z), field(z)])
    for operator in (laplacian(field), kinetic_energy(field), divergence(flow)):
        with pytest.raises(ConfigurationError, match=r"'t' of .* is time: axes=\('x', 'y'\)"):
            jax.jit(operator)(Z)


def test_axes_in_space_or_in_all_are_accepted():
    inside = np.trace(np.asarray(hessian(plain)(Z))[np.ix_([0, 2], [0, 2])])
    assert float(laplacian(u, axes=("x", "y"))(Z)) == pytest.approx(inside)
    everywhere = float(laplacian(u, axes=NAMES)(Z))
    assert everywhere == pytest.approx(np.trace(hessian(plain)(Z)))
    assert abs(everywhere - inside) > 1.0
    slopes = jnp.array([partial(plain, axis)(Z) for axis in (0, 2)])
    log_psi = kinetic_energy(u, axes=("x", "y"))(Z)
    assert float(log_psi) == pytest.approx(-(inside + float(slopes @ slopes)) / 2)


def test_a_field_without_time_needs_no_axes():
    v = NamedField(plain, SPACE)
    assert float(laplacian(v)(Z)) == float(laplacian(plain)(Z))
    w = NamedField(lambda z: jnp.sin(z[0]), SimpleNamespace(names=("t",), time="t"))
    assert float(laplacian(w)(Z[:1])) == pytest.approx(-np.sin(2.0))


def test_the_divergence_of_components_in_space():
    flow = lambda z: jnp.stack([z[0] ** 2 * z[1], u(z) * z[2]])
    expected = partial(lambda z: flow(z)[0], 0)(Z) + partial(lambda z: flow(z)[1], 2)(Z)
    for axes in (("x", "y"), (0, 2)):
        assert float(divergence(flow, axes=axes)(Z)) == pytest.approx(float(expected))
    assert float(divergence(flow, axes=("y", "x"))(Z)) != pytest.approx(float(expected))
    with pytest.raises(ShapeError, match=r"divergence: .* value \(1,\), got a value \(2,\)"):
        divergence(flow, axes=("x",))(Z)


def test_other_points_than_the_field_s_have_no_names():
    """Of some of the coordinates, or of shuffled ones: a name would be another axis."""
    in_space = lambda x: u(jnp.stack([x[0], Z[1], x[1]]))
    assert float(laplacian(in_space)(Z[jnp.array([0, 2])])) == pytest.approx(
        float(laplacian(u, axes=("x", "y"))(Z))
    )
    shuffled = lambda z: u(z[::-1])
    assert coordinates_at(shuffled, Z) is None
    for field in (shuffled, plain):
        with pytest.raises(ConfigurationError, match="u carries no names of coordinates"):
            partial(field, "x")(Z)


def test_a_name_that_is_no_coordinate_lists_those_there_are():
    for derivative in (partial(u, "z"), laplacian(u, axes=("z",)), partial(lambda z: u(z), "z")):
        with pytest.raises(UnknownNameError, match=r"coordinate 'z'.* Known: t, x, y"):
            derivative(Z)


def test_names_cost_nothing_at_run_time():
    """The compiled program is that of indices."""
    by_name, by_index = (
        str(jax.make_jaxpr(lambda z, f=f, axes=axes: partial(f, *axes)(z))(Z))
        for f, axes in ((u, ("t", "x")), (plain, (1, 0)))
    )
    assert by_name == by_index
