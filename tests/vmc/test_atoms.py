"""Atoms and molecules: Coulomb energies, cusps at nuclei, where electrons start, known energies."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

NEON = pm.vmc.Atom(symbol="Ne")
LITHIUM_HYDRIDE = pm.vmc.Molecule(name="LiH")


@pytest.mark.parametrize("system", [NEON, LITHIUM_HYDRIDE], ids=["neon", "LiH"])
def test_the_potential_is_coulomb_s(system):
    x = np.random.default_rng(0).normal(size=system.shape)
    charges = getattr(system, "charges", (10,))
    places = getattr(system, "places", np.zeros((1, 3)))
    points = [(-1.0, r) for r in x] + list(zip(charges, places, strict=True))
    expected = sum(
        a * b / np.linalg.norm(r - s) for (a, r), (b, s) in itertools.combinations(points, 2)
    )
    np.testing.assert_allclose(system.potential_energy(jnp.asarray(x)), expected, rtol=1e-12)


@pytest.mark.slow
def test_moves_are_short_near_nuclei():
    """``(1/Z + r)/(1 + r)`` of the nearest: a tenth at neon's, a third at lithium's, 1 far away."""
    x = np.zeros((2, 10, 3))
    x[1, :, 0] = 1.0
    np.testing.assert_allclose(NEON.stride(jnp.asarray(x))[..., 0], [[0.1] * 10, [0.55] * 10])
    x = np.stack([*LITHIUM_HYDRIDE.places, np.full(3, 1e6), np.full(3, -1e6)])
    found = LITHIUM_HYDRIDE.stride(jnp.asarray(x)[None])[0, :, 0]
    np.testing.assert_allclose(found[0], 1 / 3)
    np.testing.assert_allclose(found[1], (1 / 3 + 3.015) / 4.015)
    np.testing.assert_allclose(found[2:], 1, rtol=1e-5)


@pytest.mark.parametrize("sampler", ["metropolis", "metropolis-one-electron"])
def test_a_system_s_stride_is_used(sampler):
    class Odd(pm.vmc.HarmonicOscillator):
        def stride(self, x):
            return x[..., 0]

    with pytest.raises(pm.errors.ShapeError, match="stride: expected"):
        pm.ground_state(Odd(), pm.MLP((4,)), sampler=sampler, walkers=8, steps=1)


@pytest.mark.parametrize(("symbol", "charge"), [("H", 0), ("He", 1), ("Be", 3)])
def test_hydrogen_is_an_atom(symbol, charge):
    """``e^{−Zr}`` has −Z²/2 hartree everywhere."""
    atom = pm.vmc.Atom(symbol=symbol, charge=charge)
    psi = pm.vmc.Slater(atom)
    x = atom.walkers(jax.random.key(0), 8)
    params = psi.init(jax.random.key(1), x[0])
    log_psi = lambda x: psi.apply(params, x).log
    energy = jax.jit(jax.vmap(lambda x: atom.local_energy(log_psi, x)))(x)
    np.testing.assert_allclose(energy, -(atom.nuclear_charge**2) / 2, rtol=1e-10)


@pytest.mark.parametrize("scale", [0.7, 1.0, 1.3])
def test_orbitals_meet_the_nucleus_in_its_cusp(scale):
    """−Z for 1s and 2s, −Z/2 for the radial part of 2p, by differences at r → 0."""
    direction = np.array([0.48, 0.6, 0.64])

    def at(r):
        log, values = NEON.electrons.orbitals(jnp.asarray(r * direction), jnp.asarray(scale))
        return np.asarray(values * np.exp(log)) / np.array([1.0, 1.0, *(r * direction)])

    h = 1e-5
    slopes = (4 * at(h) - 3 * at(1e-12) - at(2 * h)) / (2 * h) / at(1e-12)
    np.testing.assert_allclose(slopes, [-10, -10, -5, -5, -5], rtol=1e-4)


def test_shells_by_slater_s_rules():
    np.testing.assert_allclose(NEON.exponents(), [9.7, (10 - 1.7 - 7 * 0.35) / 2])
    np.testing.assert_allclose(pm.vmc.Atom().exponents()[0], 1.7)


@pytest.mark.slow
def test_electrons_start_near_their_nuclei():
    """The inner two of lithium by itself, its third and that of hydrogen of either spin."""
    walkers = LITHIUM_HYDRIDE.walkers(jax.random.key(0), 4000)
    assert walkers.shape == (4000, 4, 3)
    half = 3.015 / 2
    np.testing.assert_allclose(np.mean(walkers, axis=0)[:, 2], [0, half, 0, half], atol=0.1)
    np.testing.assert_allclose(np.std(walkers, axis=0)[:, 0], [1 / 3, 1, 1 / 3, 1], rtol=0.1)


def test_a_molecule_s_ansatz_has_both_cusps():
    """Local energies stay finite where an electron meets a nucleus or the other electron."""
    molecule = pm.vmc.Molecule()
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
    helium = pm.vmc.Atom()
    step = pm.natural_gradient(0.03, damping=1e-3, momentum=0.9)
    psi = pm.SlaterJastrow(helium, widths=(8,))
    state = pm.ground_state(helium, psi, optimizer=step, walkers=256, steps=150, measurements=100)
    above = state.energy.mean - helium.reference.energy
    assert -4 * state.energy.error < above < 4 * state.energy.error + 0.01
    assert state.variance < 0.1


@pytest.mark.slow
def test_orbitals_of_a_molecule_come_from_its_atoms():
    """The lowest of H₂ is even and has both cusps; the core of LiH stays at lithium."""
    molecule = pm.vmc.Molecule()
    up = lambda z: molecule.electrons.orbitals(jnp.array([0.0, 0.0, z]), jnp.asarray(1.0))
    for z in (-0.7, 0.3):
        log, value = up(z)
        mirror_log, mirror = up(1.401 - z)
        np.testing.assert_allclose(value * jnp.exp(log), mirror * jnp.exp(mirror_log), rtol=0.05)
    at = lambda z: float(jnp.log(jnp.abs(up(z)[1][0]))) + float(up(z)[0])
    # The mean of both sides cancels the slope of the other nucleus's tail.
    np.testing.assert_allclose(at(1e-6) + at(-1e-6) - 2 * at(0.0), -2e-6, rtol=1e-3)
    log, values = LITHIUM_HYDRIDE.electrons.orbitals(jnp.array([0.0, 0.0, 3.015]), jnp.asarray(1.0))
    assert abs(values[0]) < 0.1 * abs(values[1])


def test_spins_by_hund_s_rules():
    assert (pm.vmc.Atom(symbol="N").n_up, pm.vmc.Atom(symbol="N").n_down) == (5, 2)
    ion = pm.vmc.Atom(symbol="H", charge=-1)
    assert (ion.n_up, ion.n_down, ion.shape) == (1, 1, (2, 3))
    place = ((0.0, 0.0, 0.0), (0.0, 0.0, 2.0))
    triplet = pm.vmc.Molecule(name="BeH+", nuclei=("Be", "H"), positions=place, charge=1, spin=2)
    assert (triplet.n_up, triplet.n_down) == (3, 1)


def test_references_belong_to_their_geometry():
    assert pm.vmc.Molecule().reference.energy == -1.17448
    assert LITHIUM_HYDRIDE.reference.energy == -8.070548
    stretched = pm.vmc.Molecule(positions=((0.0, 0.0, 0.0), (0.0, 0.0, 0.74 * pm.vmc.ANGSTROM)))
    assert stretched.reference is None
    assert stretched.places[1][2] == pytest.approx(1.39840, abs=1e-5)
    assert pm.vmc.Atom(symbol="Li").reference.energy == -7.478060324  # …323910
    assert pm.vmc.Atom(symbol="Li", spin=3).reference is None


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: pm.vmc.Atom(symbol="Xx"), "element"),
        (lambda: pm.vmc.Atom(symbol="Ne", charge=-1), "at most 5 electrons of a spin"),
        (lambda: pm.vmc.Atom(symbol="He", charge=2), "charge: expected at least one electron"),
        (lambda: pm.vmc.Atom(symbol="Li", spin=2), "one of 1, 3; got 2"),
        (lambda: pm.vmc.Molecule(name="XeF2"), "molecule"),
        (
            lambda: pm.vmc.Molecule(positions=((0.0,) * 3,)),
            r"positions: expected 2 times \(x, y, z\)",
        ),
        (lambda: pm.vmc.Molecule(positions=((0.0,) * 3,) * 2), "nuclei in different places"),
        (lambda: pm.vmc.Molecule(charge=-3, spin=5), "as many as orbitals"),
        (lambda: pm.vmc.Molecule(charge=2), "at least one electron"),
    ],
)
def test_bad_numbers_are_named(build, message):
    with pytest.raises(pm.errors.PhysmlError, match=message):
        build()
