"""Atoms and molecules: Coulomb energies, cusps at nuclei, where electrons start, known energies."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.vmc.systems.nuclei import homes

NEON = pm.Atom(charge=10, n_up=5, n_down=5)
LITHIUM_HYDRIDE = pm.Molecule(
    charges=(3.0, 1.0), positions=((0.0, 0.0, 0.0), (0.0, 0.0, 3.015)), n_up=2, n_down=2
)


@pytest.mark.parametrize("system", [NEON, LITHIUM_HYDRIDE], ids=["neon", "LiH"])
def test_the_potential_is_coulomb_s(system):
    x = np.random.default_rng(0).normal(size=system.shape)
    charges = getattr(system, "charges", (10,))
    places = np.array(getattr(system, "positions", ((0.0, 0.0, 0.0),)))
    points = [(-1.0, r) for r in x] + list(zip(charges, places, strict=True))
    expected = sum(
        a * b / np.linalg.norm(r - s) for (a, r), (b, s) in itertools.combinations(points, 2)
    )
    np.testing.assert_allclose(system.potential_energy(jnp.asarray(x)), expected, rtol=1e-12)


@pytest.mark.parametrize("charge", [1, 2])
def test_hydrogen_is_an_atom(charge):
    """``e^{−Zr}`` has −Z²/2 hartree everywhere."""
    atom = pm.Atom(charge=charge, n_up=1, n_down=0)
    psi = pm.Slater(atom)
    x = atom.walkers(jax.random.key(0), 8)
    params = psi.init(jax.random.key(1), x[0])
    log_psi = lambda x: psi.apply(params, x).log
    energy = jax.jit(jax.vmap(lambda x: atom.local_energy(log_psi, x)))(x)
    np.testing.assert_allclose(energy, -(charge**2) / 2, rtol=1e-10)


@pytest.mark.parametrize("scale", [0.7, 1.0, 1.3])
def test_orbitals_meet_the_nucleus_in_its_cusp(scale):
    """−Z for 1s and 2s, −Z/2 for the radial part of 2p, by differences at r → 0."""
    direction = np.array([0.48, 0.6, 0.64])

    def at(r):
        values = NEON.electrons.orbitals(jnp.asarray(r * direction), jnp.asarray(scale))[1]
        return np.asarray(values) / np.array([1.0, 1.0, *(r * direction)])

    h = 1e-5
    slopes = (4 * at(h) - 3 * at(1e-12) - at(2 * h)) / (2 * h) / at(1e-12)
    np.testing.assert_allclose(slopes, [-10, -10, -5, -5, -5], rtol=1e-4)


def test_shells_by_slater_s_rules():
    np.testing.assert_allclose(NEON.exponents(), [9.7, (10 - 1.7 - 7 * 0.35) / 2])
    np.testing.assert_allclose(pm.Atom().exponents()[0], 1.7)


def test_electrons_start_near_their_nuclei():
    np.testing.assert_array_equal(homes(np.array([1.0, 1.0]), n_up=1, n_down=1), [0, 1])
    np.testing.assert_array_equal(homes(np.array([3.0, 1.0]), n_up=2, n_down=2), [0, 0, 0, 1])
    np.testing.assert_array_equal(homes(np.array([1.0, 1.0]), n_up=2, n_down=0), [0, 1])
    np.testing.assert_array_equal(homes(np.array([1.0]), n_up=1, n_down=1), [0, 0])
    walkers = LITHIUM_HYDRIDE.walkers(jax.random.key(0), 4000)
    assert walkers.shape == (4000, 4, 3)
    np.testing.assert_allclose(np.mean(walkers, axis=0)[:, 2], [0, 0, 0, 3.015], atol=0.1)
    np.testing.assert_allclose(np.std(walkers, axis=0)[:, 0], [1 / 3, 1, 1 / 3, 1], rtol=0.1)


def test_a_molecule_s_ansatz_has_both_cusps():
    """Local energies stay finite where an electron meets a nucleus or the other electron."""
    molecule = pm.Molecule()
    log_psi = lambda x: molecule.ansatz(lambda x: jnp.zeros(()), x)
    energy = jax.jit(lambda x: molecule.local_energy(log_psi, x))
    x = jnp.array([[0.3, 0.2, 0.1], [0.1, -0.4, 1.0]])
    shift = jnp.array([1e-5, 0.0, 0.0])
    for near in (x.at[0].set(shift), x.at[0].set(shift + jnp.array([0.0, 0.0, 1.401]))):
        assert abs(float(energy(near))) < 100.0
    assert abs(float(energy(x.at[1].set(x[0] + shift)))) < 100.0
    with pytest.raises(pm.errors.ConfigurationError, match="one electron of each spin"):
        LITHIUM_HYDRIDE.ansatz(lambda x: jnp.zeros(()), jnp.ones((4, 3)))


@pytest.mark.slow
def test_helium():
    """−2.9037 hartree: two electrons have no nodes to get wrong. −2.9021(10) after 150 steps."""
    helium = pm.Atom()
    step = pm.natural_gradient(0.03, damping=1e-3, momentum=0.9)
    psi = pm.SlaterJastrow(helium, widths=(8,))
    state = pm.ground_state(helium, psi, optimizer=step, walkers=256, steps=150, measurements=100)
    above = state.energy.mean - helium.reference.energy
    assert -4 * state.energy.error < above < 4 * state.energy.error + 0.01
    assert state.variance < 0.1


def test_references_belong_to_their_geometry():
    assert pm.Molecule().reference.energy == -1.17448
    assert LITHIUM_HYDRIDE.reference.energy == -8.070548
    stretched = pm.Molecule(positions=((0.0, 0.0, 0.0), (0.0, 0.0, 0.74 * pm.ANGSTROM)))
    assert stretched.reference is None
    assert stretched.positions[1][2] == pytest.approx(1.39840, abs=1e-5)
    assert pm.Atom(charge=3, n_up=2, n_down=1).reference.energy == -7.478060323
    assert pm.Atom(charge=3, n_up=3, n_down=0).reference is None


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: pm.Atom(charge=0), "charge: expected Z > 0, got 0"),
        (lambda: pm.Atom(charge=11, n_up=6, n_down=5), "n_up: expected 0 to 5 .* got 6"),
        (lambda: pm.Atom(n_up=0, n_down=0), "at least one electron"),
        (lambda: pm.Molecule(charges=(1.0, 0.0)), "charges: expected nuclei with Z > 0"),
        (lambda: pm.Molecule(charges=(1.0,)), r"positions: expected 1 times \(x, y, z\)"),
        (lambda: pm.Molecule(positions=((0.0,) * 3,) * 2), "nuclei in different places"),
        (lambda: pm.Molecule(n_up=-1), "at least one electron"),
    ],
)
def test_bad_numbers_are_named(build, message):
    with pytest.raises(pm.errors.ConfigurationError, match=message):
        build()
