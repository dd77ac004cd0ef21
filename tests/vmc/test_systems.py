"""Systems: exact states have no variance, and references stand up to other methods."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import eigh, eigh_tridiagonal

import physml as pm
from physml.vmc.systems.double_well import DoubleWell


def local_energies(system, log_psi, n=16):
    walkers = system.length * jax.random.normal(jax.random.key(0), (n, *system.shape))
    return np.asarray(jax.jit(jax.vmap(lambda x: system.local_energy(log_psi, x)))(walkers))


def separation(x):
    return jnp.linalg.norm(x[0] - x[1])


def dot_state(polynomial, omega):
    """``P(r₁₂) exp(−ω(r₁² + r₂²)/2)``, coefficients from the constant upwards."""

    def log_psi(x):
        powers = separation(x) ** jnp.arange(len(polynomial))
        return jnp.log(jnp.asarray(polynomial) @ powers) - 0.5 * omega * jnp.sum(x**2)

    return log_psi


def dot(omega, dimension=2):
    return pm.QuantumDot(omega=omega, dimension=dimension)


# Taut's states end where the recursion k(k + d − 2) a_k = a_{k−1} − (ε − (d/2 + k − 2) ω) a_{k−2}
# of the relative motion does, with E = ε + d ω/2.
EXACT = {
    "oscillator": (pm.vmc.HarmonicOscillator(omega=0.7), lambda x: -0.35 * jnp.sum(x**2)),
    "many oscillators": (
        pm.vmc.HarmonicOscillator(particles=3, dimension=2, omega=2.0),
        lambda x: -jnp.sum(x**2),
    ),
    "hydrogen": (pm.vmc.Hydrogen(), lambda x: -jnp.linalg.norm(x)),
    "helium ion": (pm.vmc.Hydrogen(charge=2.0), lambda x: -2 * jnp.linalg.norm(x)),
    "dot, 1": (dot(1.0), dot_state([1, 1], 1.0)),
    "dot, 1/6": (dot(1 / 6), dot_state([1, 1, 1 / 6], 1 / 6)),
    "dot in 3D, 1/2": (dot(1 / 2, 3), dot_state([1, 1 / 2], 1 / 2)),
    "dot in 3D, 1/10": (dot(1 / 10, 3), dot_state([1, 1 / 2, 1 / 20], 1 / 10)),
}


@pytest.mark.parametrize(("system", "log_psi"), EXACT.values(), ids=EXACT)
def test_exact_states_have_no_variance(system, log_psi):
    energy = system.reference.energy
    np.testing.assert_allclose(local_energies(system, log_psi), energy, rtol=1e-10)
    assert system.reference.error == 0.0
    wrong = local_energies(system, lambda x: 1.1 * log_psi(x))
    assert wrong.std() > 1e-3


def test_known_energies():
    assert pm.vmc.HarmonicOscillator(particles=4, dimension=3, omega=0.5).reference.energy == 3.0
    assert pm.vmc.Hydrogen(charge=3.0).reference.energy == -4.5
    np.testing.assert_allclose([dot(1.0).reference.energy, dot(1 / 6).reference.energy], [3, 2 / 3])
    six = pm.QuantumDot(n_up=3, n_down=3, omega=1.0).reference
    assert (six.energy, six.error) == (20.1525, 2e-3)
    assert pm.QuantumDot(omega=0.77).reference is None
    assert pm.QuantumDot(n_up=1, n_down=0).reference is None


def test_a_tabulated_dot_against_its_radial_equation():
    """ω = ½: H_rel = −∇² + ω²r²/4 + 1/r in two dimensions, u = √r f, on two grids, extrapolated."""
    omega, system = 0.5, dot(0.5)

    def relative(n):
        h = 24.0 / n
        r = (np.arange(n) + 0.5) * h
        # −(r f′)′/r by fluxes at the faces of the cells; symmetric for √r f.
        faces = np.arange(n + 1) * h
        diagonal = (faces[1:] + faces[:-1]) / (r * h**2) + omega**2 * r**2 / 4 + 1 / r
        off = -faces[1:-1] / np.sqrt(r[1:] * r[:-1]) / h**2
        values = eigh_tridiagonal(diagonal, off, eigvals_only=True, select="i", select_range=(0, 0))
        return values[0]

    coarse, fine = relative(4000), relative(8000)
    energy = omega + (4 * fine - coarse) / 3
    assert abs(energy - system.reference.energy) < 1.5 * system.reference.error


@pytest.mark.parametrize(
    ("quartic", "quadratic"),
    [(1.0, 1.0), (4.0, 0.0), (1.0, 6.0), (2.0, -3.0), (1e-4, 0.0), (50.0, 1.0)],
)
def test_double_well_against_a_spectral_basis(quartic, quadratic):
    """160 oscillator functions of a fitting width, the matrix of x truncated after its powers."""
    well = DoubleWell(quartic=quartic, quadratic=quadratic)
    omega = 2.0 * quartic ** (1 / 3)
    n = np.arange(1, 200)
    x = np.diag(np.sqrt(n / (2 * omega)), 1)
    x = x + x.T
    momentum = np.diag(np.sqrt(n * omega / 2), 1)
    kinetic = -0.5 * (momentum - momentum.T) @ (momentum - momentum.T)
    square = x @ x
    H = kinetic + quartic * square @ square / 4 - quadratic * square / 2
    lowest = eigh(H[:160, :160], eigvals_only=True)[0]
    assert abs(well.reference.energy - lowest) < 1e-8 * max(1.0, abs(lowest))
    assert well.reference.error < 1e-7


def test_double_well_known_answer():
    """p²/2 + x⁴: E₀ = 0.667986259155777 (Banerjee et al. 1978, doi:10.1098/rspa.1978.0086)."""
    well = DoubleWell(quartic=4.0, quadratic=0.0)
    np.testing.assert_allclose(well.reference.energy, 0.667986259155777, atol=1e-9)


def test_double_well_hamiltonian():
    """On the Gaussian e^{−x²/2}: ½ − x²/2 of kinetic energy, and the potential."""
    well = DoubleWell(quartic=3.0, quadratic=5.0)
    x = jnp.array([[0.7]])
    expected = 0.5 - 0.7**2 / 2 + 3 * 0.7**4 / 4 - 5 * 0.7**2 / 2
    np.testing.assert_allclose(well.local_energy(lambda x: -0.5 * jnp.sum(x**2), x), expected)


def test_repulsion_counts_each_pair_once():
    system = pm.QuantumDot(n_up=3, n_down=3)
    x = np.asarray(jax.random.normal(jax.random.key(1), system.shape))
    pairs = sum(1 / np.linalg.norm(x[i] - x[j]) for i in range(6) for j in range(i))
    expected = 6.0 + pairs  # of the Gaussian e^{−r²/2}: d/2 a particle, the trap compensated
    made = system.local_energy(lambda x: -0.5 * jnp.sum(x**2), jnp.asarray(x))
    np.testing.assert_allclose(made, expected, rtol=1e-12)


def test_a_system_of_a_plain_function():
    system = pm.System(lambda log_psi, x: 2.0 + log_psi(x), (2, 3), length=0.5)
    x = jnp.ones((2, 3))
    assert float(system.local_energy(lambda x: jnp.sum(x), x)) == 8.0
    network = lambda x: jnp.sum(x)
    assert float(system.ansatz(network, x)) == 6.0
    wrapped = pm.System(system.local_energy, (2, 3), envelope=lambda N, x: N(x) - jnp.sum(x**2))
    assert float(wrapped.ansatz(network, x)) == 0.0


@pytest.mark.parametrize("shape", [(1,), (1, 2, 3), (0, 1), (1.0, 1), 1, "ab"])
def test_a_system_has_particles_and_dimensions(shape):
    with pytest.raises(
        pm.errors.ConfigurationError, match=r"expected \(particles, dimension\), got"
    ):
        pm.System(lambda log_psi, x: 0.0, shape)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: pm.System(lambda f, x: 0.0, (1, 1), length=0.0),
            "length: expected a distance > 0",
        ),
        (lambda: pm.vmc.HarmonicOscillator(particles=0), "particles ≥ 1"),
        (lambda: pm.vmc.HarmonicOscillator(omega=0.0), "omega > 0"),
        (lambda: pm.vmc.Hydrogen(charge=0.0), "charge: expected a finite number Z > 0"),
        (lambda: DoubleWell(quartic=0.0), "quartic: expected a number > 0"),
        (lambda: pm.QuantumDot(omega=-1.0), "omega: expected ω > 0, got -1.0"),
        (lambda: pm.QuantumDot(dimension=1), "dimension: expected 2 or 3, got 1"),
        (
            lambda: pm.QuantumDot(n_up=2, n_down=1),
            r"n_up: expected a closed shell of 2 .*3.*, got 2",
        ),
        (lambda: pm.QuantumDot(n_down=3, dimension=3), r"n_down: .* 3 dimensions \(0, 1, 4"),
        (lambda: pm.QuantumDot(n_up=0, n_down=0), "at least one electron"),
    ],
)
def test_bad_numbers_are_named(build, message):
    with pytest.raises(pm.errors.ConfigurationError, match=message):
        build()
