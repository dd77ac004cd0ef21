"""The double well: what its ansatz and its equation keep for any network, and its reference."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physml.errors import ConfigurationError
from physml.pinn.catalogue import ENTRIES, DoubleWell

ROUGH = lambda z: 3.0 * jnp.cos(7 * z[0] + 3 * z[1])


def density(well, network):
    return lambda z: well.ansatz(network, z)


@pytest.mark.parametrize("beta", [1.0, 3.0])
def test_any_network_is_positive_and_begins_right(beta):
    well = DoubleWell(beta=beta, tilt=-0.7)
    x, weights = np.polynomial.legendre.leggauss(200)
    x, weights = well.end * x, well.end * weights
    p = jax.jit(jax.vmap(density(well, ROUGH)))
    late = p(jnp.stack([jnp.full(200, 2.0), jnp.asarray(x)], axis=1))
    first = p(jnp.stack([jnp.zeros(200), jnp.asarray(x)], axis=1))
    assert (late > 0).all()
    assert weights @ first == pytest.approx(1.0, abs=1e-12)
    # One well has e^{2a} of the other, as far as tanh 2x is ±1 there.
    left = (weights * (x < 0)) @ first
    assert np.log((1 - left) / left) == pytest.approx(-1.4, abs=0.3)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(late, first, rtol=0.1)


def test_the_equation_is_that_of_the_density_over_the_density():
    well = DoubleWell(beta=2.0)
    p = density(well, ROUGH)
    z = jnp.array([0.3, 0.8])

    def current(z):
        return (4 * (z[1] ** 3 - z[1])) * p(z) + jax.grad(p)(z)[1] / 2.0

    by_hand = jax.jit(lambda z: (jax.grad(p)(z)[0] - jax.grad(current)(z)[1]) / p(z))(z)
    told = jax.jit(lambda z: well.equation({"density": p}, z))(z)
    assert float(told) == pytest.approx(float(by_hand), rel=1e-5)
    stationary = lambda z: jnp.exp(-2.0 * (z[1] ** 2 - 1) ** 2)
    assert abs(float(well.equation({"density": stationary}, z))) < 1e-4
    assert abs(float(told)) > 0.1


def test_the_reference_has_the_known_gaps_and_its_own_error():
    """The issue's figures; the relaxation rates of any text on the double well."""
    assert DoubleWell().reference.gap == pytest.approx(0.748681, abs=1e-6)
    assert DoubleWell(beta=3.0).reference.gap == pytest.approx(0.0806198, abs=1e-7)
    well = DoubleWell()
    x = np.linspace(-well.end, well.end, 41)
    at = lambda t: well.exact(np.stack([np.full(41, t), x], axis=1))
    p = jax.vmap(density(well, ROUGH))(jnp.stack([jnp.zeros(41), jnp.asarray(x)], axis=1))
    np.testing.assert_allclose(at(0.0), p, atol=1e-6)
    mean = [np.trapezoid(x * at(t), x) for t in (2.0, 3.0)]
    assert np.log(mean[0] / mean[1]) == pytest.approx(0.748681, rel=1e-4)
    first = lambda x: np.exp(-((x**2 - 1) ** 2) + np.tanh(2 * x))
    told = well.reference.density_error(first, np.array([0.1, 1.0]))
    assert (told < well.problem().reference_error).all()


def test_points_of_several_times_come_back_in_their_order():
    well = DoubleWell()
    points = np.array([[1.0, 0.5], [0.0, 0.5], [1.0, -0.5], [1.0, 0.5]])
    found = well.exact(points)
    assert found[0] == found[3] != found[2]
    np.testing.assert_allclose(found[1:2], well.exact(points[1:2]))


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"beta": 0.0}, "beta: expected a number from 0.2 to 5"),
        ({"tilt": 0.0}, "tilt: expected a number up to 2"),
        ({"time": float("inf")}, "time: expected a number > 0"),
    ],
)
def test_numbers_that_cannot_be_meant_are_named(numbers, message):
    with pytest.raises(ConfigurationError, match=message):
        DoubleWell(**numbers)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("beta", "time", "gap", "within"),
    [(1.0, 4.0, 0.748681, 1e-4), (3.0, 25.0, 0.0806198, 3e-3)],
)
@pytest.mark.filterwarnings("ignore:fokker-planck. the residual is small on the points")
def test_the_recipe_finds_density_and_gap(beta, time, gap, within):
    entry = ENTRIES["fokker-planck"]
    subject = replace(entry.subject, beta=beta, time=time)
    found = entry.solve(subject, entry.recipe, key=jax.random.key(0), progress=False)
    assert found.errors(unknown="density").relative_l2 < 1e-3
    assert float(found(np.array([[1.0, 0.0]]))["gap"][0]) == pytest.approx(gap, rel=within)
    assert found.check().terms["mass"].fresh < 1e-3
