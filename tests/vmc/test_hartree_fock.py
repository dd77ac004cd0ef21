"""Hartree–Fock by pyscf: its Gaussians, orbitals and energies as this library's functions."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.vmc.gaussian_basis import gaussians
from physml.vmc.hartree_fock import shells_of
from physml.vmc.systems.system import first_walkers

pyscf = pytest.importorskip("pyscf")

LITHIUM = pm.vmc.Atom(symbol="Li")
LITHIUM_HYDRIDE = pm.vmc.Molecule(name="LiH")
NITROGEN = pm.vmc.Molecule(name="N2", nuclei=("N", "N"), positions=((0, 0, 0), (0, 0, 2.07)))


def solved(system, basis):
    """The molecule and the unrestricted field of pyscf itself."""
    nuclei = list(zip(system.symbols, system.places.tolist(), strict=True))
    spin = system.n_up - system.n_down
    molecule = pyscf.gto.M(atom=nuclei, unit="bohr", basis=basis, spin=spin, verbose=0)
    return molecule, pyscf.scf.UHF(molecule).run(conv_tol=1e-11)


@pytest.mark.parametrize("basis", ["sto-3g", "6-31g", "cc-pvqz"])
def test_gaussians_are_pyscf_s(basis):
    """Of s, p, d, f and g functions, segmented and general contractions."""
    nuclei = [("O", (0.1, -0.2, 0.3)), ("H", (0.0, 1.4, 1.1)), ("H", (0.0, -1.4, 1.1))]
    molecule = pyscf.gto.M(atom=nuclei, unit="bohr", basis=basis, verbose=0)
    points = 2 * np.random.default_rng(0).normal(size=(200, 3))
    shells = shells_of(molecule)
    found = jax.jit(jax.vmap(lambda x: gaussians(shells, x)))(jnp.asarray(points))
    np.testing.assert_allclose(found, molecule.eval_gto("GTOval_sph", points), atol=1e-12)


@pytest.mark.parametrize("system", [LITHIUM, LITHIUM_HYDRIDE], ids=["Li", "LiH"])
def test_the_determinant_is_pyscf_s(system):
    """Up to its norm and the tolerance of the self-consistent field."""
    found = pm.vmc.hartree_fock(system, basis="cc-pvdz")
    molecule, field = solved(system, "cc-pvdz")
    assert found.energy == pytest.approx(field.e_tot, abs=1e-8)
    walkers = first_walkers(system, jax.random.key(0), 50)
    expected = np.zeros(len(walkers))
    spins = (slice(None, system.n_up), slice(system.n_up, None))
    for spin, vectors, filled in zip(spins, field.mo_coeff, field.mo_occ, strict=True):
        for i, walker in enumerate(np.asarray(walkers)):
            matrix = molecule.eval_gto("GTOval_sph", walker[spin]) @ vectors[:, filled > 0]
            expected[i] += np.linalg.slogdet(matrix)[1]
    apart = jax.vmap(lambda x: found(x).log)(walkers) - expected
    np.testing.assert_allclose(apart, np.mean(apart), atol=1e-3)


@pytest.mark.parametrize(
    ("system", "limit"),
    [
        (pm.vmc.Atom(symbol="He"), -2.86168),
        (pm.vmc.Atom(symbol="Be"), -14.57302),
        (pm.vmc.Molecule(name="H2"), -1.1336),
        (LITHIUM_HYDRIDE, -7.98735),
    ],
    ids=["He", "Be", "H2", "LiH"],
)
def test_energies_near_the_limit_of_large_bases(system, limit):
    """Limits: Bunge, Barrientos and Bunge (1993), doi:10.1006/adnd.1993.1003, for the atoms."""
    assert -1e-4 < pm.vmc.hartree_fock(system).energy - limit < 1e-3


@pytest.mark.parametrize("symbol", ["He", "Li"])
def test_walkers_of_the_determinant_have_its_energy(symbol):
    atom = pm.vmc.Atom(symbol=symbol)
    found = pm.vmc.hartree_fock(atom, basis="cc-pvdz")
    log_psi = lambda params, x: found(x).log
    moves = partial(
        pm.metropolis,
        pm.vmc.log_density(log_psi),
        lambda key: first_walkers(atom, key, 256),
        width=0.5 * atom.length,
        sweeps=20,
    )
    measured = pm.vmc.measure(
        log_psi, (), atom.local_energy, moves, key=jax.random.key(0), steps=100
    )
    assert measured.energy.error < 0.01 * abs(found.energy)
    assert abs(measured.energy.mean - found.energy) < 4 * measured.energy.error


def test_orbitals_keep_order_and_orientation_of_the_system_s():
    """Of carbon's p orbitals the first two are filled, as in the wave function."""
    carbon = pm.vmc.Atom(symbol="C")
    found = pm.vmc.hartree_fock(carbon, basis="cc-pvdz")
    x = jnp.asarray(np.random.default_rng(0).normal(size=carbon.shape))
    matrix = found.orbitals(x)
    assert matrix.shape == (6, 4)
    np.testing.assert_array_equal(matrix[4:, 2:], 0.0)
    own = jax.vmap(carbon.electrons.orbitals, in_axes=(0, None))(x, jnp.asarray(1.0))
    own = jnp.exp(own[0])[:, None] * own[1]
    np.testing.assert_allclose(matrix[:4], own[:4, :4], atol=0.2)
    for axis, column in ((0, 2), (1, 3)):
        mirrored = found.orbitals(x.at[:, axis].multiply(-1.0))
        np.testing.assert_allclose(mirrored[:4, column], -matrix[:4, column], atol=1e-5)


def test_one_spin_alone():
    triplet = pm.vmc.Atom(symbol="He", spin=2)
    found = pm.vmc.hartree_fock(triplet, basis="cc-pvdz")
    assert found.orbitals(jnp.ones((2, 3))).shape == (2, 2)
    assert found.energy == pytest.approx(solved(triplet, "cc-pvdz")[1].e_tot, abs=1e-8)


def test_bad_input_is_named(monkeypatch):
    with pytest.raises(pm.errors.ConfigurationError, match=r"basis: .* got 'cc-pvxx'"):
        pm.vmc.hartree_fock(LITHIUM, basis="cc-pvxx")
    with pytest.raises(pm.errors.ConfigurationError, match=r"got '', of 0 functions"):
        pm.vmc.hartree_fock(LITHIUM, basis="")
    with pytest.raises(pm.errors.ConfigurationError, match="resemble those from which"):
        pm.vmc.hartree_fock(NITROGEN, basis="sto-3g")
    with pytest.raises(pm.errors.ShapeError, match=r"expected a walker \(3, 3\) of atom, got"):
        pm.vmc.hartree_fock(LITHIUM, basis="sto-3g").orbitals(jnp.ones((2, 3)))
    monkeypatch.setattr(pyscf.scf.hf.SCF, "max_cycle", 1)
    with pytest.raises(pm.errors.ConfigurationError, match=r"no self-consistent field .* 1 cycles"):
        pm.vmc.hartree_fock(LITHIUM)
