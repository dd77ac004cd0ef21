import functools

import jax
import jax.numpy as jnp
import numpy as np
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


def walkers(n, N, d):
    return np.random.default_rng(1).normal(size=(n, N, d))


def energies(log_psi, x):
    """Kinetic energies by all methods, ``(5, n)``, in one compiled program."""
    by_method = [jax.vmap(kinetic_energy(log_psi, method=method)) for method in METHODS]
    return np.array(jax.jit(lambda x: jnp.stack([kinetic(x) for kinetic in by_method]))(x))


@pytest.mark.parametrize(("N", "d"), [(1, 1), (3, 2)])
def test_harmonic_ground_state_has_zero_variance(N, d):
    omega, x = 0.7, walkers(4, N, d)
    kinetic = energies(lambda x: -0.5 * omega * jnp.sum(x**2), x)
    potential = 0.5 * omega**2 * np.sum(x**2, axis=(1, 2))
    close(kinetic + potential, np.full((5, 4), 0.5 * omega * N * d))


def test_hydrogen_ground_state_has_zero_variance():
    x = walkers(4, 1, 3)
    kinetic = energies(lambda x: -jnp.linalg.norm(x), x)
    close(kinetic - 1 / np.linalg.norm(x, axis=(1, 2)), np.full((5, 4), -0.5))


def test_plane_wave_keeps_the_kinetic_energy_of_its_phase():
    k = np.array([[0.4, -1.1], [2.0, 0.3]])
    kinetic = energies(lambda x: 1j * jnp.sum(k * x), walkers(4, 2, 2))
    assert np.iscomplexobj(kinetic)
    close(kinetic, np.full((5, 4), 0.5 * np.sum(k**2)))


def test_kinetic_energy_is_minus_half_the_laplacian_of_psi_over_psi():
    network, x = MLP((5,), 2), walkers(3, 3, 2)
    params = jax.jit(network.init)(jax.random.key(0), x[0])

    def log_psi(x):
        amplitude, phase = network.apply(params, x)
        return amplitude + 1j * phase

    def exact(x):
        psi = lambda s: jnp.exp(log_psi(s.reshape(x.shape)))
        s = x.reshape(-1)
        return -0.5 * jnp.trace(jax.jacfwd(jax.jacfwd(psi))(s)) / psi(s)

    close(energies(log_psi, x), np.broadcast_to(jax.jit(jax.vmap(exact))(x), (5, 3)))


def test_gradient_of_the_mean_in_the_parameters():
    network, x = MLP((4,)), walkers(3, 2, 2)
    params = jax.jit(network.init)(jax.random.key(0), x[0])

    def mean_kinetic(params, method):
        log_psi = functools.partial(network.apply, params)
        return jnp.mean(jax.vmap(kinetic_energy(log_psi, method=method))(x))

    def brute(log_psi, x, axes):
        flat = lambda s: log_psi(s.reshape(x.shape))
        s = x.reshape(-1)
        return jax.jacfwd(flat)(s), jnp.trace(jax.jacfwd(jax.jacfwd(flat))(s))

    methods = [None, linearised, brute]
    *outcomes, exact = jax.jit(
        lambda params: [jax.grad(mean_kinetic)(params, method) for method in methods]
    )(params)
    for outcome in outcomes:
        jax.tree.map(close, outcome, exact)


def test_wave_functions_must_be_scalar_fields():
    with pytest.raises(ShapeError, match=r"kinetic_energy: .* value \(\), got \(2,\)"):
        kinetic_energy(lambda x: x[0])(np.ones((1, 2)))
    with pytest.raises(ShapeError, match=r"one array, not a tuple.*log ψ"):
        kinetic_energy(lambda x: (1.0, jnp.sum(x)))(np.ones((1, 2)))
    with pytest.raises(ConfigurationError, match="expected a field"):
        kinetic_energy(np.ones(2))
