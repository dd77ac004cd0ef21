"""The Fourier series whose amplitudes are Chebyshev polynomials."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.polynomial.chebyshev import chebval, chebval2d

import physml as pm


def embedded(*y, theta):
    return jnp.array([*y, np.cos(theta), np.sin(theta)])


def drawn(network, z, seed=0):
    """Parameters of size one: those of ``init`` are zero."""
    params = network.init(jax.random.key(seed), z)
    leaves, tree = jax.tree.flatten(params)
    assert not any(leaf.any() for leaf in leaves)
    key = jax.random.key(seed)
    return jax.tree.unflatten(tree, [jax.random.normal(key, leaf.shape) for leaf in leaves])


@pytest.mark.parametrize("outputs", [None, 2])
def test_it_has_the_period_and_no_higher_waves(outputs):
    network = pm.networks.FourierSeries(8, waves=5, outputs=outputs)
    params = drawn(network, embedded(0.3, theta=0.2))
    angles = 2 * np.pi * np.arange(64) / 64
    values = np.array([network.apply(params, embedded(0.3, theta=angle)) for angle in angles])
    assert values.shape == ((64,) if outputs is None else (64, outputs))
    spectrum = np.abs(np.fft.rfft(values, axis=0)) / 64
    assert spectrum[1:6].max() > 1e-2
    np.testing.assert_allclose(spectrum[6:], 0, atol=1e-12)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_its_amplitudes_are_chebyshev_sums(count):
    """Against numpy's sums of the same coefficients, of one coordinate and of two."""
    one, two = pm.networks.FourierSeries(count, waves=1), pm.networks.FourierSeries(count, waves=1)
    z = embedded(0.3, theta=0.7)
    params = drawn(one, z)
    table = params["params"]["amplitudes"][0]
    expected = np.array([chebval(0.3, row) for row in table]) @ [1, np.cos(0.7), np.sin(0.7)]
    np.testing.assert_allclose(one.apply(params, z), expected, rtol=1e-12)
    z = embedded(0.3, -0.8, theta=0.7)
    params = drawn(two, z)
    table = params["params"]["amplitudes"][0].reshape(3, count, count)
    expected = [chebval2d(0.3, -0.8, np.asarray(row)) for row in table]
    expected = np.array(expected) @ [1, np.cos(0.7), np.sin(0.7)]
    np.testing.assert_allclose(two.apply(params, z), expected, rtol=1e-12)


def test_derivatives_along_the_circle_are_exact():
    """``∂⁴/∂θ⁴`` of a wave is k⁴ times the wave."""
    network = pm.networks.FourierSeries(4, waves=3)
    params = drawn(network, embedded(0.0, theta=0.0), seed=1)
    field = lambda z: network.apply(params, jnp.stack([z[0], jnp.cos(z[1]), jnp.sin(z[1])]))
    z = jnp.array([0.4, 2.9])
    angles = 2 * np.pi * np.arange(16) / 16
    values = np.array([field(z.at[1].set(angle)) for angle in angles])
    c, k = np.fft.rfft(values) / 16, np.arange(9)
    waves = c * np.exp(1j * k * 2.9) * np.where(k > 0, 2, 1)
    np.testing.assert_allclose(pm.partial(field, 1, 1, 1, 1)(z), np.sum(k**4 * waves).real)


@pytest.mark.slow
def test_a_linear_equation_takes_two_steps():
    """``u_t + u_x = 0`` from sin x: the trust region holds back the first step alone."""
    problem = pm.Problem(
        domain=pm.Box(t=(0, 1), x=(0, 2 * np.pi)),
        equation=lambda u, z: pm.partial(u, 0)(z) + pm.partial(u, 1)(z),
        ansatz=pm.pinn.hard_initial(lambda z: jnp.sin(z[1])),
        periodic="x",
    )
    solution = pm.solve(
        problem,
        pm.networks.FourierSeries(12, waves=2),
        optimizer=pm.gauss_newton(),
        points=256,
        steps=2,
    )
    z = solution.grid()
    np.testing.assert_allclose(solution(z), np.sin(z[:, 1] - z[:, 0]), atol=1e-7)


def test_what_does_not_fit_is_named():
    with pytest.raises(pm.errors.ShapeError, match="cos θ, sin θ"):
        pm.networks.FourierSeries(4, waves=2).init(jax.random.key(0), jnp.ones(2))
    with pytest.raises(pm.errors.ConfigurationError, match="waves"):
        pm.networks.FourierSeries(4, waves=0)
    with pytest.raises(pm.errors.ConfigurationError, match="polynomials"):
        pm.networks.FourierSeries(0, waves=3)
