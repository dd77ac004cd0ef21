"""Wave functions: exchange, cusps, orbitals, and systems that they do not fit."""

from __future__ import annotations

import itertools
import math
from functools import partial

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


def random_state(system):
    """``(seed, walker) -> ψ`` with every parameter, scales and rates included, away from zero."""
    wavefunction = pm.SlaterJastrow(system, widths=(5,))

    def psi(seed, x):
        key = jax.random.key(seed)
        leaves, tree = jax.tree.flatten(wavefunction.init(key, jnp.ones(system.shape)))
        keys = jax.random.split(key, len(leaves))
        moved = [a + 0.3 * jax.random.normal(k, a.shape) for a, k in zip(leaves, keys, strict=True)]
        return wavefunction.apply(tree.unflatten(moved), x)

    return psi


def walkers(system, n, seed=1):
    return system.length * jax.random.normal(jax.random.key(seed), (n, *system.shape))


@pytest.mark.parametrize("system", DOTS.values(), ids=DOTS)
def test_exchange_of_like_spins_flips_the_sign_alone(system):
    x = walkers(system, 1)[0]
    up = range(system.n_up)
    down = range(system.n_up, system.n_up + system.n_down)
    like = [*itertools.combinations(up, 2), *itertools.combinations(down, 2)]
    pairs = np.array([*like, (0, system.n_up)])
    swapped = jnp.stack([x.at[pair].set(x[pair[::-1]]) for pair in pairs])
    psi = random_state(system)
    value = jax.jit(jax.vmap(partial(psi, 0)))(jnp.concatenate([x[None], swapped]))
    sign = float(value.sign[0])
    assert abs(sign) == 1.0
    np.testing.assert_allclose(value.log[1:-1], np.full(len(like), value.log[0]), rtol=1e-11)
    np.testing.assert_array_equal(value.sign[1:-1], np.full(len(like), -sign))
    assert abs(float(value.log[-1] - value.log[0])) > 1e-3  # unlike spins


def test_the_sign_changes_where_the_wave_function_does():
    """ψ = sign e^log passes a node as a straight line does; |ψ| would have a corner there."""
    system = DOTS["2D"]
    a, b = walkers(system, 2)
    psi = random_state(system)
    line = jax.jit(jax.vmap(lambda s: psi(0, a + s * (b - a))))
    coarse = jnp.linspace(0.0, 1.0, 41)
    flips = np.flatnonzero(np.diff(line(coarse).sign))
    assert len(flips) % 2 == 1
    s = coarse[flips[0]] + jnp.linspace(-0.005, 0.03, 41)
    value = line(s)
    assert set(np.asarray(value.sign)) == {-1.0, 1.0}
    psi = np.asarray(value.sign * jnp.exp(value.log - value.log.max()))
    steps = np.diff(psi)
    assert np.abs(np.diff(steps)).max() < 0.1 * np.abs(steps).min()


def contact_slopes(log_psi, places, *, nodes):
    """``∂/∂r`` at r → 0 of what is even in **r** of log ψ, less the log r of a node.

    From differences over [h, 2h], [h/2, h], [h/4, h/2], extrapolated twice.

    Args:
        log_psi: function of seed and walker.
        places: for each contact, the walker where the two are apart by **r**.
        nodes: for each contact, whether ψ vanishes there.

    Returns:
        Two seeds for each contact, ``(contacts, 2)``.
    """
    d = places[0](0.0).shape[-1]
    direction = jnp.zeros(d).at[:2].set(jnp.array([0.6, 0.8]))

    def even(seed, r):
        both = [
            log_psi(seed, place(r * direction)) + log_psi(seed, place(-r * direction))
            for place in places
        ]
        return 0.5 * jnp.stack(both) - jnp.log(r) * jnp.array(nodes, float)

    r = 4e-3 * 0.5 ** jnp.arange(4)
    over_r = jax.vmap(even, in_axes=(None, 0), out_axes=1)
    values = np.asarray(jax.jit(jax.vmap(over_r, in_axes=(0, None), out_axes=2))(jnp.arange(2), r))
    first = np.diff(values, axis=1) / np.diff(r)[None, :, None]
    second = 2 * first[:, 1:] - first[:, :-1]
    return (4 * second[:, 1] - second[:, 0]) / 3


@pytest.mark.parametrize("system", DOTS.values(), ids=DOTS)
def test_electrons_meet_in_exact_cusps(system):
    """1/(d + 1) for like spins and 1/(d − 1) for unlike ones, whatever the parameters."""
    d, x, psi = system.dimension, walkers(system, 1, 5)[0], random_state(system)
    like = lambda r: x.at[1].set(x[0] + r)
    unlike = lambda r: x.at[system.n_up].set(x[0] + r)
    slopes = contact_slopes(lambda seed, x: psi(seed, x).log, [like, unlike], nodes=[True, False])
    np.testing.assert_allclose(slopes[0], 1 / (d + 1), rtol=2e-4)
    np.testing.assert_allclose(slopes[1], 1 / (d - 1), rtol=2e-4)


@pytest.mark.parametrize("charge", [1.0, 3.0])
def test_an_electron_meets_a_nucleus_in_an_exact_cusp(charge):
    psi = random_state(pm.Hydrogen(charge=charge))
    place = lambda r: jnp.zeros((1, 3)).at[0].set(r)
    slopes = contact_slopes(lambda seed, x: psi(seed, x).log, [place], nodes=[False])
    np.testing.assert_allclose(slopes, -charge, rtol=1e-4)


@pytest.mark.slow
def test_local_energies_stay_finite_at_contact():
    """The cusps cancel the divergence of the repulsion, 1/r = 10⁴ hartree here."""
    system = DOTS["2D"]
    psi, x = random_state(system), walkers(system, 1)[0]
    energy = jax.jit(lambda x: system.local_energy(lambda y: psi(0, y).log, x))
    for j in (1, 3):
        near = x.at[j].set(x[0] + jnp.array([1e-4, 0.0]))
        assert abs(float(energy(near))) < 1000.0


def test_a_state_without_neural_part_is_its_formula():
    """Two electrons at start, scale and rate 1, the networks' last layer zero."""
    system = pm.QuantumDot(omega=1.0)
    wavefunction = pm.SlaterJastrow(system, widths=(3,))
    x = walkers(system, 1)[0]
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
    one = pm.HarmonicOscillator(dimension=dimension, omega=omega)
    x = jax.random.normal(jax.random.key(2), (5, 1, dimension))
    orbitals = partial(harmonic_orbitals, scale=jnp.ones(()), omega=omega, count=count)

    def log_orbital(k, x):
        envelope, values = orbitals(x[0])
        return envelope + jnp.log(jnp.abs(values[k]))

    energies = jax.jit(
        jax.vmap(
            lambda x: jnp.stack(
                [one.local_energy(partial(log_orbital, k), x) for k in range(count)]
            )
        )
    )(x)
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
    assert float(pm.log_amplitude(log)) == 0.3
    assert float(pm.log_amplitude(pm.SignedLog(log, jnp.array(-1.0)))) == 0.3
    phase = pm.SignedLog(log, jnp.exp(1j * jnp.array(0.7)))
    np.testing.assert_allclose(pm.log_amplitude(phase), 0.3 + 0.7j, rtol=1e-14)


def test_a_system_without_electrons_is_refused():
    trap = pm.HarmonicOscillator()
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
