"""Spinless fermions with a Gaussian interaction: exact limits, other ways to the same energies."""

from __future__ import annotations

import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import eigh
from scipy.sparse import coo_matrix, diags_array
from scipy.sparse.linalg import eigsh

import physml as pm


def exact(system, step, reach):
    """The lowest energy on a grid of sincs, whose determinants are sets of occupied points.

    A hop over other particles changes the sign; the kinetic energy between points is that of
    Colbert and Miller (1992), doi:10.1063/1.462100.
    """
    n, half = system.particles, round(reach / step)
    points = (np.arange(2 * half) - half + 0.5) * step
    count = len(points)
    apart = np.subtract.outer(np.arange(count), np.arange(count))
    hop = (-1.0) ** apart / np.where(apart == 0, 1, apart) ** 2 / step**2
    states = np.array(list(itertools.combinations(range(count), n)))
    codes = states @ count ** np.arange(n)[::-1]
    potential = jax.jit(jax.vmap(system.potential_energy))(points[states][..., None])
    diagonal = n * np.pi**2 / (6 * step**2) + np.asarray(potential)
    entries = []
    for which, target in itertools.product(range(n), range(count)):
        free = np.flatnonzero(np.all(states != target, axis=1))
        left, old = states[free], states[free, which]
        low, high = np.minimum(old, target), np.maximum(old, target)
        passed = np.sum((left > low[:, None]) & (left < high[:, None]), axis=1)
        left[:, which] = target
        found = np.searchsorted(codes, np.sort(left, axis=1) @ count ** np.arange(n)[::-1])
        entries.append((hop[old, target] * (-1.0) ** passed, free, found))
    values, rows, columns = (np.concatenate(part) for part in zip(*entries, strict=True))
    matrix = coo_matrix((values, (rows, columns)), shape=(len(codes),) * 2) + diags_array(diagonal)
    return float(eigsh(matrix.tocsr(), k=1, which="SA", tol=1e-10, ncv=40)[0][0])


def by_oscillators(system, count=60):
    """Two particles in odd oscillator functions of their distance, by Gauss–Hermite quadrature."""
    q, weights = np.polynomial.hermite.hermgauss(240)
    functions = [np.full_like(q, np.pi**-0.25), np.sqrt(2) * np.pi**-0.25 * q]
    for k in range(1, 2 * count - 1):
        higher = np.sqrt(2 / (k + 1)) * q * functions[k] - np.sqrt(k / (k + 1)) * functions[k - 1]
        functions.append(higher)
    odd = np.array(functions[1::2])
    r = q * np.sqrt(2 / system.omega)
    height = system.strength / (np.sqrt(2 * np.pi) * system.range)
    force = (odd * weights * height * np.exp(-(r**2) / (2 * system.range**2))) @ odd.T
    levels = system.omega * (2 * np.arange(count) + 2.0)  # with the centre of mass
    return eigh(np.diag(levels) + force, eigvals_only=True)[0]


@pytest.mark.parametrize(("particles", "omega"), [(1, 1.0), (2, 0.7), (5, 2.0)])
def test_free_fermions_have_no_variance(particles, omega):
    """``E₀ = N² ω/2`` at every walker, of the determinant alone."""
    system = pm.vmc.SpinlessFermions(particles=particles, strength=0.0, omega=omega)
    psi = pm.vmc.Slater(system)
    params = jax.jit(psi.init)(jax.random.key(0), jnp.ones(system.shape))
    log_psi = lambda x: psi.apply(params, x).log
    x = system.length * jax.random.normal(jax.random.key(1), (16, *system.shape))
    energy = jax.jit(jax.vmap(partial(system.local_energy, log_psi)))(x)
    np.testing.assert_allclose(energy, particles**2 * omega / 2, rtol=1e-8)
    assert system.reference.energy == pytest.approx(particles**2 * omega / 2, rel=1e-14)
    assert system.reference.error == 0.0


@pytest.mark.parametrize(
    ("strength", "width", "omega"),
    [(10.0, 0.5, 1.0), (20.0, 1.0, 0.5), (-3.0, 0.7, 1.0), (4.0, 0.8, 2.0)],
)
def test_two_particles_by_two_methods(strength, width, omega):
    system = pm.vmc.SpinlessFermions(particles=2, strength=strength, range=width, omega=omega)
    assert system.reference.energy == pytest.approx(by_oscillators(system), abs=1e-8)
    assert system.reference.error < 1e-9


def test_two_particles_on_the_grid_of_determinants():
    for strength in (10.0, -10.0):
        system = pm.vmc.SpinlessFermions(particles=2, strength=strength)
        assert exact(system, 0.2, 6.0) == pytest.approx(system.reference.energy, abs=1e-8)


def test_a_weak_interaction_is_felt_to_first_order():
    """``⟨V⟩ = V₀/(√(2π) σ₀) [ω/(ω + 1/σ₀²)]^{3/2}`` between free fermions."""
    ratio = (1.3 / (1.3 + 1 / 0.6**2)) ** 1.5 / (np.sqrt(2 * np.pi) * 0.6)
    up, down = (
        pm.vmc.SpinlessFermions(strength=v, range=0.6, omega=1.3).reference.energy
        for v in (1e-4, -1e-4)
    )
    assert (up - down) / 2e-4 == pytest.approx(ratio, rel=1e-6)


def test_the_trap_sets_the_scale():
    """``E(ω, V₀, σ₀) = ω E(1, V₀/√ω, σ₀√ω)``."""
    wide = pm.vmc.SpinlessFermions(strength=6.0, range=0.5, omega=4.0).reference.energy
    assert wide == pytest.approx(
        4 * pm.vmc.SpinlessFermions(strength=3.0, range=1.0).reference.energy
    )


@pytest.mark.parametrize("strength", [10.0, 20.0, -10.0])
def test_the_table_of_three(strength):
    """A coarse grid of 4,960 determinants, within its own error; the table is converged."""
    system = pm.vmc.SpinlessFermions(particles=3, strength=strength)
    assert exact(system, 0.3, 4.8) == pytest.approx(system.reference.energy, abs=2e-5)


def test_where_nothing_is_tabulated():
    assert pm.vmc.SpinlessFermions(particles=3, strength=11.0).reference is None
    assert pm.vmc.SpinlessFermions(particles=3, strength=10.0, range=0.6).reference is None
    assert pm.vmc.SpinlessFermions(particles=7, strength=10.0).reference is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "make", [pm.SlaterJastrow, pm.vmc.MessagePassing], ids=lambda m: m.__name__
)
def test_wave_functions_are_smooth_where_particles_meet(make):
    """``ψ(… x_i … x_j …) = −ψ``, and ``log|ψ/Δ|`` without a term linear in ``|Δ|``."""
    system = pm.vmc.SpinlessFermions(particles=3)
    psi = make(system, **({"widths": (6,)} if make is pm.SlaterJastrow else {"width": 6}))
    x = jnp.array([[0.3], [-0.8], [1.1]])
    params = psi.init(jax.random.key(0), x)
    params = jax.tree.map(lambda p: p + 0.3 * jax.random.normal(jax.random.key(1), p.shape), params)
    value, turned = psi.apply(params, x), psi.apply(params, x[jnp.array([1, 0, 2])])
    np.testing.assert_allclose(turned.log, value.log, rtol=1e-10)
    assert float(turned.sign) == -float(value.sign)

    @jax.jit
    def regular(apart):
        x = jnp.array([[0.2], [0.2], [1.1]]) + apart * jnp.array([[0.5], [-0.5], [0.0]])
        return psi.apply(params, x).log - jnp.log(apart)

    slope = jax.grad(regular)
    assert abs(slope(1e-3)) < 1e-2
    np.testing.assert_allclose(slope(1e-3), 0.5 * slope(2e-3), rtol=0.02)


@pytest.mark.slow
def test_two_particles_are_found():
    """A short run of Slater–Jastrow: within 4σ not below the exact energy, nor 1e-3 above."""
    system = pm.vmc.SpinlessFermions(particles=2, strength=10.0)
    state = pm.ground_state(
        system,
        pm.SlaterJastrow(system, widths=(8,)),
        optimizer=pm.natural_gradient(0.1, damping=1e-3, max_norm=0.3),
        walkers=256,
        sweeps=5,
        steps=80,
        measurements=80,
    )
    above = state.energy.mean - system.reference.energy
    assert -4 * state.energy.error < above < 4 * state.energy.error + 1e-3
    assert state.energy.error < 2e-3
    assert state.variance < 0.02


@pytest.mark.slow
@pytest.mark.parametrize(("particles", "strength"), [(2, -10.0), (3, 10.0), (3, -20.0)])
def test_the_recipe_finds_what_diagonalisation_does(particles, strength):
    entry = pm.vmc.SYSTEMS["spinless-fermions"]
    system = pm.vmc.SpinlessFermions(particles=particles, strength=strength)
    state = entry.solve(system, entry.recipe, key=jax.random.key(0))
    above = state.energy.mean - system.reference.energy
    assert -4 * state.energy.error < above < 4 * state.energy.error + 2e-3


def test_a_network_without_a_sign_is_refused():
    with pytest.raises(pm.errors.ConfigurationError, match=r"spinless-fermions: .* by -1 when two"):
        pm.ground_state(pm.vmc.SpinlessFermions(), pm.MLP((4,)), steps=1)


def test_a_walker_of_another_number_is_refused():
    system = pm.vmc.SpinlessFermions(particles=3)
    with pytest.raises(pm.errors.ShapeError, match=r"expected a walker \(3, 1\) of spinless-ferm"):
        pm.SlaterJastrow(system).init(jax.random.key(0), jnp.ones((2, 1)))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: pm.vmc.SpinlessFermions(particles=0), "particles: expected at least 1, got 0"),
        (lambda: pm.vmc.SpinlessFermions(strength=np.inf), "strength: expected a finite number"),
        (lambda: pm.vmc.SpinlessFermions(range=0.0), "range: expected a number > 0, got 0"),
        (lambda: pm.vmc.SpinlessFermions(omega=-1.0), "omega: expected a number > 0"),
    ],
)
def test_bad_numbers_are_named(build, message):
    with pytest.raises(pm.errors.ConfigurationError, match=message):
        build()


def test_the_grid_of_two_reaches_where_they_are_repelled_to():
    """A wide repulsion puts them far apart, where the potential is nearly harmonic."""
    pair = pm.vmc.SpinlessFermions(particles=2, strength=1000.0, range=5.0)
    height = 1000 / (np.sqrt(2 * np.pi) * 5)
    ratio = 2 * height / 5**2  # the minimum lies where the Gaussian is 1/ratio
    apart = 5 * np.sqrt(2 * np.log(ratio))
    bottom, curvature = apart**2 / 4 + height / ratio, apart**2 / 5**2 / 2
    expected = 0.5 + bottom + np.sqrt(curvature / 2)
    assert abs(pair.reference.energy - expected) < 0.01
    assert pm.vmc.SpinlessFermions(particles=2, strength=1.0, range=1e-3).reference is None
