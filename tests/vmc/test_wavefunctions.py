"""Wave functions: exchange, cusps, orbitals, and systems that they do not fit."""

from __future__ import annotations

import itertools
import math
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.vmc.systems.quantum_dot import closed_shells, harmonic_orbitals

DOTS = {
    "2D": pm.QuantumDot(n_up=3, n_down=3, omega=0.5),
    "3D": pm.QuantumDot(n_up=4, n_down=1, omega=0.8, dimension=3),
}


@cache
def random_state(system):
    """``(seed, walker) -> ψ``, compiled, with random numbers for every parameter."""
    wavefunction = pm.SlaterJastrow(system, widths=(5,))
    shapes = jax.eval_shape(wavefunction.init, jax.random.key(0), jnp.ones(system.shape))
    apply = jax.jit(wavefunction.apply)

    def psi(seed, x):
        draw = np.random.default_rng(seed).normal
        return apply(jax.tree.map(lambda leaf: draw(scale=0.4, size=leaf.shape), shapes), x)

    return psi


def walkers(system, n, seed=1):
    return system.length * np.random.default_rng(seed).normal(size=(n, *system.shape))


@pytest.mark.parametrize("system", DOTS.values(), ids=DOTS)
def test_exchange_of_like_spins_flips_the_sign_alone(system):
    psi, x = random_state(system), walkers(system, 1)[0]
    up = range(system.n_up)
    down = range(system.n_up, system.n_up + system.n_down)
    value = psi(0, x)
    assert abs(float(value.sign)) == 1.0

    def exchanged(i, j):
        swapped = x.copy()
        swapped[[i, j]] = x[[j, i]]
        return psi(0, swapped)

    for pair in (*itertools.combinations(up, 2), *itertools.combinations(down, 2)):
        np.testing.assert_allclose(exchanged(*pair).log, value.log, rtol=1e-11)
        assert float(exchanged(*pair).sign) == -float(value.sign)
    assert abs(float(exchanged(0, system.n_up).log - value.log)) > 1e-3  # unlike spins


def test_the_sign_changes_where_the_wave_function_does():
    """ψ = sign e^log passes a node as a straight line does; |ψ| would have a corner there."""
    system = DOTS["2D"]
    psi, (a, b) = random_state(system), walkers(system, 2)
    at = lambda s: [psi(0, a + t * (b - a)) for t in s]
    line = lambda s: pm.vmc.SignedLog(*map(np.array, zip(*at(s), strict=True)))
    coarse = np.linspace(0.0, 1.0, 41)
    flips = np.flatnonzero(np.diff(line(coarse).sign))
    assert len(flips) % 2 == 1
    value = line(coarse[flips[0]] + np.linspace(-0.005, 0.03, 41))
    assert set(value.sign) == {-1.0, 1.0}
    steps = np.diff(value.sign * np.exp(value.log - value.log.max()))
    assert np.abs(np.diff(steps)).max() < 0.1 * np.abs(steps).min()


def contact_slope(log_psi, place, *, node=False):
    """``∂/∂r`` at r → 0 of what is even in **r** of log ψ, less the log r of a node.

    From differences over [h, 2h], [h/2, h], [h/4, h/2], extrapolated twice.
    """
    d = place(0.0).shape[-1]
    direction = np.array([0.6, 0.8, 0.0])[:d]
    r = 4e-3 * 0.5 ** np.arange(4)
    both = [[float(log_psi(place(side * s * direction))) for s in r] for side in (1, -1)]
    even = np.mean(both, axis=0) - (np.log(r) if node else 0.0)
    first = np.diff(even) / np.diff(r)
    second = 2 * first[1:] - first[:-1]
    return (4 * second[1] - second[0]) / 3


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("system", DOTS.values(), ids=DOTS)
def test_electrons_meet_in_exact_cusps(system, seed):
    """1/(d + 1) for like spins and 1/(d − 1) for unlike ones, whatever the parameters."""
    d, x = system.dimension, walkers(system, 1, 5 + seed)[0]

    def placed(j):
        def place(r):
            moved = x.copy()
            moved[j] = x[0] + r
            return moved

        return place

    log_psi = lambda x: random_state(system)(seed, x).log
    like = contact_slope(log_psi, placed(1), node=True)
    unlike = contact_slope(log_psi, placed(system.n_up))
    np.testing.assert_allclose([like, unlike], [1 / (d + 1), 1 / (d - 1)], rtol=1e-5)


@pytest.mark.parametrize("charge", [1.0, 3.0])
def test_an_electron_meets_a_nucleus_in_an_exact_cusp(charge):
    psi = random_state(pm.vmc.Hydrogen(charge=charge))
    for seed in range(3):
        log_psi = lambda x, seed=seed: psi(seed, x).log
        slope = contact_slope(log_psi, lambda r: np.zeros((1, 3)) + r)
        np.testing.assert_allclose(slope, -charge, rtol=1e-5)


def test_local_energies_stay_finite_at_contact():
    """The cusps cancel the divergence of the repulsion, 1/r = 10⁴ hartree here."""
    system = DOTS["2D"]
    wavefunction, x = pm.SlaterJastrow(system, widths=(5,)), jnp.asarray(walkers(system, 1)[0])
    params = jax.jit(wavefunction.init)(jax.random.key(0), x)
    log_psi = lambda y: wavefunction.apply(params, y).log
    energy = jax.jit(lambda x: system.local_energy(log_psi, x))
    for j in (1, 3):
        near = x.at[j].set(x[0] + jnp.array([1e-4, 0.0]))
        assert abs(float(energy(near))) < 1000.0


def test_a_state_without_neural_part_is_its_formula():
    """Two electrons at start, scale and rate 1, the networks' last layer zero."""
    system = pm.QuantumDot(omega=1.0)
    wavefunction = pm.SlaterJastrow(system, widths=(3,))
    x = jnp.asarray(walkers(system, 1)[0])
    shapes = jax.eval_shape(wavefunction.init, jax.random.key(0), x)
    params = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), shapes)
    value = jax.jit(wavefunction.apply)(params, x)
    r = jnp.linalg.norm(x[0] - x[1])
    np.testing.assert_allclose(value.log, -0.5 * jnp.sum(x**2) + r / (1 + r), rtol=1e-13)
    assert float(value.sign) == 1.0


@pytest.mark.parametrize(("dimension", "count"), [(2, 10), (3, 10)])
def test_orbitals_are_eigenfunctions_of_the_trap(dimension, count):
    """``Hφ/φ = ω (n + d/2)`` with n rising by shells; and no two of them are alike."""
    omega = 0.7
    one = pm.vmc.HarmonicOscillator(dimension=dimension, omega=omega)
    x = jax.random.normal(jax.random.key(2), (5, 1, dimension))
    orbitals = partial(harmonic_orbitals, scale=jnp.ones(()), omega=omega, count=count)

    def log_orbital(k, x):
        envelope, values = orbitals(x[0])
        return envelope + jnp.log(jnp.abs(values[k]))

    def energies_at(x):
        each = lambda k: one.local_energy(partial(log_orbital, k), x)
        return jax.vmap(each)(jnp.arange(count))

    energies = jax.jit(jax.vmap(energies_at))(x)
    shells = [n for n in range(4) for _ in range(math.comb(n + dimension - 1, dimension - 1))]
    expected = omega * (np.array(shells[:count]) + dimension / 2)
    np.testing.assert_allclose(energies, np.tile(expected, (5, 1)), rtol=1e-9)
    values = jax.vmap(lambda x: orbitals(x[0])[1])(
        jax.random.normal(jax.random.key(3), (count, 1, dimension))
    )
    assert np.linalg.matrix_rank(values) == count


def test_a_scale_stretches_an_orbital():
    x = jnp.array([0.3, -0.8])
    wide = harmonic_orbitals(x, jnp.array(0.25), omega=2.0, count=6)
    narrow = harmonic_orbitals(x, jnp.ones(()), omega=0.5, count=6)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-13), wide, narrow)


@pytest.mark.parametrize("dimension", [2, 3])
def test_closed_shells_fill_all_orbitals_of_an_energy(dimension):
    sizes = [math.comb(n + dimension - 1, dimension - 1) for n in range(6)]
    filled = tuple(np.cumsum([0, *sizes]).tolist())
    closed = closed_shells(dimension)
    assert closed == filled[: len(closed)]


def test_log_amplitude_of_every_kind_of_wave_function():
    log = jnp.array(0.3)
    assert float(pm.vmc.log_amplitude(log)) == 0.3
    assert float(pm.vmc.log_amplitude(pm.vmc.SignedLog(log, jnp.array(-1.0)))) == 0.3
    phase = pm.vmc.SignedLog(log, jnp.exp(1j * jnp.array(0.7)))
    np.testing.assert_allclose(pm.vmc.log_amplitude(phase), 0.3 + 0.7j, rtol=1e-14)


def test_a_system_without_electrons_is_refused():
    trap = pm.vmc.HarmonicOscillator()
    with pytest.raises(
        pm.errors.ConfigurationError, match="harmonic-oscillator tells no electrons"
    ):
        pm.SlaterJastrow(trap).init(jax.random.key(0), jnp.ones(trap.shape))


def test_a_walker_of_another_system_is_refused():
    for shape in [(4, 2), (6, 3), (6,)]:
        with pytest.raises(
            pm.errors.ShapeError, match=r"expected a walker \(6, 2\) of quantum-dot"
        ):
            pm.SlaterJastrow(DOTS["2D"]).init(jax.random.key(0), jnp.ones(shape))
    with pytest.raises(pm.errors.ShapeError, match=r"got \(6, 2\)"):
        pm.ground_state(DOTS["2D"], pm.SlaterJastrow(pm.QuantumDot()), steps=1)


def test_single_precision_stays():
    with jax.enable_x64(False):
        system = DOTS["2D"]
        psi, x = pm.SlaterJastrow(system), jnp.ones(system.shape)
        params = jax.eval_shape(psi.init, jax.random.key(0), x)
        energy = lambda params, x: system.local_energy(lambda y: psi.apply(params, y).log, x)
        made = jax.eval_shape(
            lambda params, x: (psi.apply(params, x), energy(params, x)), params, x
        )
        dtypes = {leaf.dtype for leaf in jax.tree.leaves((params, made))}
        assert dtypes == {jnp.dtype(jnp.float32)}
