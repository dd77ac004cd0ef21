import functools

import jax
import jax.numpy as jnp
import pytest
from numpy.testing import assert_allclose

from physml.calculus import (
    forward_laplacian,
    kinetic_energy,
    linearised,
    nested_forward,
    taylor,
)
from physml.errors import ConfigurationError, ShapeError
from physml.networks import MLP

close = functools.partial(assert_allclose, rtol=1e-12, atol=1e-12)
METHODS = [None, nested_forward, taylor, forward_laplacian, linearised]
every_method = pytest.mark.parametrize("method", METHODS)


def walkers(n, N, d):
    return jax.random.normal(jax.random.key(1), (n, N, d))


@every_method
@pytest.mark.parametrize(("N", "d"), [(1, 1), (3, 2)])
def test_harmonic_ground_state_has_zero_variance(N, d, method):
    omega = 0.7
    log_psi = lambda x: -0.5 * omega * jnp.sum(x**2)
    x = walkers(5, N, d)
    kinetic = jax.jit(jax.vmap(kinetic_energy(log_psi, method=method)))(x)
    close(kinetic + 0.5 * omega**2 * jnp.sum(x**2, axis=(1, 2)), jnp.full(5, 0.5 * omega * N * d))


@every_method
def test_hydrogen_ground_state_has_zero_variance(method):
    log_psi = lambda x: -jnp.linalg.norm(x)
    x = walkers(5, 1, 3)
    kinetic = jax.vmap(kinetic_energy(log_psi, method=method))(x)
    close(kinetic - 1 / jnp.linalg.norm(x, axis=(1, 2)), jnp.full(5, -0.5))


@every_method
def test_plane_wave_keeps_the_kinetic_energy_of_its_phase(method):
    k = jnp.array([[0.4, -1.1], [2.0, 0.3]])
    x = walkers(1, 2, 2)[0]
    kinetic = kinetic_energy(lambda x: 1j * jnp.sum(k * x), method=method)(x)
    assert jnp.iscomplexobj(kinetic)
    close(kinetic, 0.5 * jnp.sum(k**2))


@every_method
def test_kinetic_energy_is_minus_half_the_laplacian_of_psi_over_psi(method):
    network = MLP((6,), 2)
    x = walkers(1, 3, 2)[0]
    params = network.init(jax.random.key(0), x)

    def log_psi(x):
        amplitude, phase = network.apply(params, x)
        return amplitude + 1j * phase

    flat = lambda s: jnp.exp(log_psi(s.reshape(x.shape)))
    curvature = jnp.trace(jax.jacfwd(jax.jacfwd(flat))(x.reshape(-1)))
    close(kinetic_energy(log_psi, method=method)(x), -0.5 * curvature / jnp.exp(log_psi(x)))


@every_method
def test_gradient_of_the_energy_in_the_parameters(method):
    network = MLP((4,))
    x = walkers(3, 2, 2)
    params = network.init(jax.random.key(0), x[0])

    def mean_kinetic(params, method):
        log_psi = functools.partial(network.apply, params)
        return jnp.mean(jax.vmap(kinetic_energy(log_psi, method=method))(x))

    got = jax.jit(jax.grad(functools.partial(mean_kinetic, method=method)))(params)
    exact = jax.jit(jax.grad(functools.partial(mean_kinetic, method=brute)))(params)
    jax.tree.map(close, got, exact)


def brute(log_psi, x, axes):
    flat = lambda s: log_psi(s.reshape(x.shape))
    s = x.reshape(-1)
    return jax.jacfwd(flat)(s), jnp.trace(jax.jacfwd(jax.jacfwd(flat))(s))


def test_wave_functions_must_be_scalar_fields():
    with pytest.raises(ShapeError, match=r"kinetic_energy: .* value \(\), got \(2,\)"):
        kinetic_energy(lambda x: x[0])(jnp.ones((1, 2)))
    with pytest.raises(ShapeError, match=r"one array, not a tuple.*log ψ"):
        kinetic_energy(lambda x: (1.0, jnp.sum(x)))(jnp.ones((1, 2)))
    with pytest.raises(ConfigurationError, match="expected a field"):
        kinetic_energy(jnp.ones(2))
