"""The electron gas: cell, Ewald sums, plane waves, and the energy of their determinant."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError

GAS = pm.vmc.ElectronGas(n_up=7, n_down=7, rs=2.0)
TINY = pm.vmc.ElectronGas(n_up=1, n_down=1, rs=1.0)


def test_the_cell_holds_the_density():
    assert GAS.cell.volume == pytest.approx(14 * 4 * np.pi / 3 * 2.0**3)
    flat = pm.vmc.ElectronGas(n_up=5, n_down=5, rs=2.0, dimension=2)
    assert flat.cell.volume == pytest.approx(10 * np.pi * 2.0**2)


def test_nearest_image_and_wrapping():
    cell = pm.vmc.Cell((2.0, 3.0))
    x = jnp.array([[1.9, -0.1], [-5.0, 7.4]])
    np.testing.assert_allclose(cell.wrap(x), [[1.9, 2.9], [1.0, 1.4]], atol=1e-12)
    np.testing.assert_allclose(cell.nearest(x), [[-0.1, -0.1], [-1.0, 1.4]], atol=1e-12)


@pytest.mark.parametrize(("dimension", "known"), [(3, -2.837297479480620), (2, -3.900264920001955)])
def test_madelung_constants(dimension, known):
    """Of the simple cubic and the square lattice; they scale as 1/L."""
    assert pm.vmc.Ewald(pm.vmc.Cell((1.0,) * dimension)).madelung == pytest.approx(known, abs=1e-10)
    assert pm.vmc.Ewald(pm.vmc.Cell((2.5,) * dimension)).madelung == pytest.approx(
        known / 2.5, abs=1e-10
    )


@pytest.mark.slow
@pytest.mark.parametrize("lengths", [(3.0, 3.0, 3.0), (3.0, 2.5, 4.0), (3.0, 2.5)])
def test_the_energy_depends_neither_on_the_split_nor_on_the_image(lengths):
    cell = pm.vmc.Cell(lengths)
    x = np.random.default_rng(0).uniform(size=(5, len(lengths))) * 3
    energies = [pm.vmc.Ewald(cell, split=s, waves=w)(x) for s, w in ((4.5, 7), (5.5, 9), (6.0, 11))]
    np.testing.assert_allclose(energies, energies[-1], rtol=3e-10)
    moved = x + np.array(lengths) * np.random.default_rng(1).integers(-2, 3, x.shape)
    np.testing.assert_allclose(pm.vmc.Ewald(cell)(moved), energies[0], rtol=1e-11)


def test_madelung_s_constant_of_rock_salt():
    """An alternating lattice: as many charges of either sign, so that the backgrounds cancel."""
    side = 2.0
    corners = np.array(list(itertools.product((0.0, 0.5), repeat=3))) * side
    charge = np.where(corners.sum(axis=1) / (0.5 * side) % 2 == 0, 1.0, -1.0)
    ewald = pm.vmc.Ewald(pm.vmc.Cell((side,) * 3))
    pair = lambda i, j: float(ewald(corners[[i, j]]) - ewald.madelung)
    n = len(corners)
    energy = 0.5 * n * ewald.madelung
    energy += sum(
        charge[i] * charge[j] * pair(i, j) for i, j in itertools.combinations(range(n), 2)
    )
    # −M/a for each pair of ions, with Madelung's constant M and a the distance of neighbours.
    assert energy == pytest.approx(-1.747564594633182 * (n / 2) / (side / 2), abs=1e-8)


@pytest.mark.parametrize(
    ("count", "kinetic", "potential"), [(7, 1.120913, -0.514378), (27, 1.063420, -0.494176)]
)
def test_the_hartree_fock_energy(count, kinetic, potential):
    """``T₀/r_s² + V₀/r_s`` an electron, of the table of the (7, 7) and (27, 27) gases."""
    for rs in (1.0, 2.0, 5.0):
        gas = pm.vmc.ElectronGas(n_up=count, n_down=count, rs=rs)
        expected = kinetic / rs**2 + potential / rs
        assert gas.hartree_fock_energy / (2 * count) == pytest.approx(expected, abs=2e-6)


def test_orbitals_fill_shells_and_have_the_period_of_the_cell():
    side = GAS.cell.lengths[0]
    x = jax.random.normal(jax.random.key(0), (3,))
    values = GAS.electrons.orbitals(x, jnp.ones(()))[1]
    assert values.shape == (7,)
    moved = GAS.electrons.orbitals(x + side * jnp.array([1.0, -2.0, 0.0]), jnp.ones(()))[1]
    np.testing.assert_allclose(moved, values, atol=1e-12)
    k = GAS.occupied(7)
    np.testing.assert_allclose(np.sum(k**2, axis=1)[1:], (2 * np.pi / side) ** 2)
    np.testing.assert_allclose(k[1::2], -k[2::2])


@pytest.mark.slow
def test_a_twist_turns_the_phase_across_the_cell():
    gas = pm.vmc.ElectronGas(n_up=1, n_down=1, rs=1.0, twist=(0.25, 0.1, 0.0))
    psi = pm.SlaterJastrow(gas, widths=(4,))
    x = gas.walkers(jax.random.key(0), 1)[0]
    params = jax.jit(psi.init)(jax.random.key(1), x)
    moved = x.at[0, 0].add(gas.cell.lengths[0])
    one, other = psi.apply(params, x), psi.apply(params, moved)
    np.testing.assert_allclose(other.log, one.log, atol=1e-12)
    np.testing.assert_allclose(other.sign / one.sign, np.exp(2j * np.pi * 0.25), atol=1e-12)


@pytest.mark.slow
def test_the_kinetic_energy_of_the_determinant_is_that_of_its_waves():
    """Plane waves are eigenstates: no variance, T = Σ k²/2."""
    psi = pm.vmc.Slater(GAS)
    x = GAS.walkers(jax.random.key(0), 3)
    params = jax.jit(psi.init)(jax.random.key(1), x[0])
    kinetic = jax.vmap(pm.kinetic_energy(lambda y: psi.apply(params, y).log))(x)
    np.testing.assert_allclose(kinetic, np.sum(GAS.occupied(7) ** 2), rtol=1e-7)


@pytest.mark.slow
def test_two_free_electrons_have_their_hartree_fock_energy():
    """Walkers of |1|² are uniform; the potential alone fluctuates."""
    state = pm.ground_state(
        TINY, pm.vmc.Slater(TINY), walkers=256, sweeps=3, steps=0, measurements=100
    )
    assert abs(state.energy.mean - TINY.hartree_fock_energy) < 4 * state.energy.error
    assert state.energy.error < 0.02
    assert state.energy_per_particle.mean == pytest.approx(state.energy.mean / 2)
    walkers = state.measurement.walkers
    assert walkers.min() >= 0.0
    assert walkers.max() <= TINY.cell.lengths[0]


def test_uniform_points_do_not_correlate():
    cell = pm.vmc.Cell((2.0, 3.0))
    walkers = np.random.default_rng(0).uniform(size=(20, 200, 6, 2)) * cell.lengths
    for found in pm.vmc.pair_correlation(walkers, cell, n_up=3, bins=10).values():
        assert np.all(np.abs(found.values - 1) < 4 * found.errors)
    found = pm.vmc.structure_factor(walkers, cell, shells=5)
    assert np.all(np.abs(found.values - 1) < 4 * found.errors)
    assert found.at[0] == pytest.approx(2 * np.pi / 3)
    with pytest.raises(pm.errors.ShapeError, match=r"expected \(snapshots, walkers, N, 2\)"):
        pm.vmc.structure_factor(walkers[0], cell)


@pytest.mark.slow
def test_the_structure_factor_of_free_electrons(tmp_path):
    """``S(k) = 1 − Σ_σ |{q, q + k occupied}|/N`` of a determinant of plane waves."""
    gas = pm.vmc.ElectronGas(n_up=5, n_down=1, rs=1.0, dimension=2)
    state = pm.ground_state(
        gas, pm.vmc.Slater(gas), walkers=512, sweeps=5, steps=0, measurements=100
    )
    found = pm.vmc.structure_factor(state.measurement.walkers, gas.cell, shells=4)
    expected = []
    for k in ((1, 0), (1, 1), (2, 0), (2, 1)):
        both = 0
        for count in (5, 1):
            n = np.rint(gas.occupied(count) * gas.cell.lengths[0] / (2 * np.pi)).astype(int)
            occupied = {tuple(q) for q in n.tolist()}
            both += sum(tuple(np.add(q, k).tolist()) in occupied for q in occupied)
        expected.append(1 - both / 6)
    assert np.all(np.abs(found.values - expected) < 4 * found.errors)
    assert np.all(found.errors < 0.01)
    assert state.plot(tmp_path / "gas.png").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.parametrize(("rs", "measurements"), [(1.0, 4000), (2.0, 1200), (5.0, 400)])
def test_the_determinant_has_the_hartree_fock_energy(rs, measurements):
    """Within 2σ of the exact value, σ ≤ 1e-4 an electron, a key of its own for each density."""
    gas = pm.vmc.ElectronGas(n_up=7, n_down=7, rs=rs)
    state = pm.ground_state(
        gas,
        pm.vmc.Slater(gas),
        walkers=1024,
        sweeps=30,
        steps=0,
        measurements=measurements,
        key=jax.random.key(int(rs)),
    )
    found = state.energy_per_particle
    print(rs, found, gas.hartree_fock_energy / 14)
    assert found.error < 1e-4
    assert abs(found.mean - gas.hartree_fock_energy / 14) < 2 * found.error


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"n_up": 8}, r"n_up: expected a number .* fills shells .*1, 7, 19, 27.* got 8"),
        ({"n_up": 0, "n_down": 0}, "at least one electron"),
        ({"rs": 0.0}, r"r_s > 0"),
        ({"dimension": 1}, "expected 2 or 3"),
        ({"twist": (0.5,)}, "expected 3 numbers"),
    ],
)
def test_bad_numbers_are_named(numbers, message):
    with pytest.raises(ConfigurationError, match=message):
        pm.vmc.ElectronGas(**{"n_up": 7, "n_down": 7, **numbers})
