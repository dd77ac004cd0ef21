"""Whatever is summed over a cell's vectors is summed over all of them, by length, in any cell."""

from __future__ import annotations

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError

CELLS = [
    (1.0, 1.0),
    (1.0, 9.0),
    (1.0, 1.0, 1.0),
    (1.0, 1.3, 12.0),
    (7.0, 1.0, 2.0),
    (1e5, 3e5),
    (4.0,),
]
FAR = {1: 60, 2: 60, 3: 40}


def every_wave(lengths, twist):
    """All wave vectors up to a reach that is far beyond what is asked for, shortest first."""
    nearest = np.rint(-np.asarray(twist)).astype(int)
    reach = range(-FAR[len(lengths)], FAR[len(lengths)] + 1)
    integers = np.array(list(itertools.product(reach, repeat=len(lengths)))) + nearest
    k = 2 * np.pi * (integers + np.asarray(twist)) / np.asarray(lengths)
    return k[np.argsort(np.sum(k**2, axis=1), kind="stable")]


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5, 3.0, -2.0, 0.9])
@pytest.mark.parametrize("lengths", CELLS, ids=str)
def test_no_wave_is_missing(lengths, shift):
    """Of the first shells against a long list; also with a twist, of whole numbers and others."""
    twist = (shift, *(0.0,) * (len(lengths) - 1))
    cell = pm.vmc.Cell(lengths)
    expected = every_wave(lengths, twist)
    shells = cell.shells(12, twist=twist)
    count = sum(map(len, shells))
    found = np.concatenate(shells)
    unit = min(lengths) ** 2
    squares, others = (np.sum(k**2, axis=1) * unit for k in (found, expected))
    np.testing.assert_allclose(squares, others[:count], rtol=1e-9, atol=1e-20)
    assert others[count] > others[count - 1] * (1 + 1e-9)
    assert len({tuple(k) for k in np.round(found * min(lengths), 6)}) == count
    np.testing.assert_array_equal(cell.waves(count, twist=twist), found)
    for shell in shells:
        assert np.ptp(np.linalg.norm(shell, axis=1)) < 1e-9 * np.linalg.norm(shell[0]) + 1e-30


@pytest.mark.parametrize("lengths", CELLS, ids=str)
def test_closed_shells_are_those_of_the_cell(lengths):
    cell = pm.vmc.Cell(lengths)
    ends = np.cumsum([len(shell) for shell in cell.shells(8)])
    for more in (1, 2, 5):
        assert cell.closed(int(ends[2]), shells=more) == ends[2 + more]
    assert cell.closed(2, shells=1) == ends[ends > 2][0]
    twist = (0.3,) * len(lengths)
    twisted = np.cumsum([len(shell) for shell in cell.shells(4, twist=twist)])
    assert cell.closed(int(twisted[0]), shells=3, twist=twist) == twisted[3]
    between = next((n for n in range(2, int(ends[-1])) if n not in ends), None)
    if between is not None:
        with pytest.raises(ConfigurationError, match=f"fills shells of .* got {between}"):
            cell.waves(between)


@pytest.mark.parametrize("twist", [(3, 0, 0), (-3.0, 1, 2), (0.0, 0.0, 5.0)])
@pytest.mark.parametrize(("n_up", "n_down"), [(1, 0), (7, 7), (19, 7)])
def test_a_whole_twist_is_none(n_up, n_down, twist):
    """One electron at r_s = 2 has ξ/2 = −0.440 hartree, with a twist of 3, too."""
    numbers = {"n_up": n_up, "n_down": n_down, "rs": 2.0}
    plain = pm.vmc.ElectronGas(**numbers)
    twisted = pm.vmc.ElectronGas(**numbers, twist=twist)
    assert twisted.hartree_fock_energy == pytest.approx(plain.hartree_fock_energy, rel=1e-9)
    assert twisted.reference == plain.reference
    if n_up == 1:
        assert round(twisted.hartree_fock_energy, 3) == -0.440


@pytest.mark.parametrize("whole", [(-1, 0, 0), (0, -1, 1)])
def test_a_twist_counts_up_to_whole_numbers(whole):
    """The same waves, and the same energy, for ``t`` and ``t + n``."""
    twist = np.array([0.3, 0.4, -0.2])
    moved = twist + whole
    energies = [
        pm.vmc.ElectronGas(n_up=5, n_down=5, twist=tuple(t)).hartree_fock_energy
        for t in (twist, moved)
    ]
    assert energies[0] == pytest.approx(energies[1], rel=1e-12)


BAD = [math.pi, math.pi / 2, -math.pi / 4, math.pi / 12, 5 * math.pi / 24, 1.3, -2.5]


@pytest.mark.parametrize("phase", BAD, ids=lambda phase: f"{phase:.4g}")
def test_a_twist_in_radians_is_refused(phase):
    cell = pm.vmc.Cell((1.0, 1.0))
    turns = f"{phase / (2 * math.pi):.6g}"
    for make in (
        lambda twist: pm.vmc.ElectronGas(n_up=1, n_down=0, dimension=2, twist=twist),
        lambda twist: pm.System(lambda f, x: f(x), (1, 2), cell=cell, twist=twist),
    ):
        with pytest.raises(ConfigurationError, match=rf"in units of 2π.*in radians.*2π, {turns}"):
            make((0.0, phase))


@pytest.mark.parametrize("twist", [(0.1,), (0.1, math.nan), (0.1, math.inf), (0.1, 1j), ("a", 0.1)])
def test_a_twist_is_one_finite_number_for_each_dimension(twist):
    with pytest.raises(ConfigurationError, match="electron-gas: twist: expected"):
        pm.vmc.ElectronGas(n_up=1, n_down=0, dimension=2, twist=twist)


def test_twists_by_chance_and_as_arrays_pass():
    """Those by which one averages, of which none is a part of π; as plain data afterwards."""
    for twist in np.random.default_rng(0).uniform(-0.5, 1.0, size=(300, 2)):
        gas = pm.vmc.ElectronGas(n_up=1, n_down=0, dimension=2, twist=twist)
        assert gas.twist == tuple(twist.tolist()) and hash(gas)


@pytest.mark.parametrize("lengths", [(), (1.0, 0.0), (1.0, math.inf), (1.0, math.nan), ("1", 2.0)])
def test_lengths_are_positive_and_finite(lengths):
    with pytest.raises(ConfigurationError, match="cell: expected lengths > 0 in bohr"):
        pm.vmc.Cell(lengths)


def test_lengths_as_an_array_are_plain_data():
    assert pm.vmc.Cell(np.array([1, 2])) == pm.vmc.Cell((1.0, 2.0))


@pytest.mark.slow
@pytest.mark.parametrize("lengths", [(1.0, 1.0, 6.0), (1.0, 8.0), (3.0, 1.0)], ids=str)
def test_the_coulomb_energy_of_an_oblong_cell(lengths):
    """It does not depend on how it is split; a cell told twice has twice the energy."""
    unit = np.random.default_rng(0).uniform(size=(3, len(lengths)))
    with jax.enable_x64(True):
        x = jnp.asarray(unit * lengths)
        energy = float(pm.vmc.Ewald(pm.vmc.Cell(lengths))(x))
        split = pm.vmc.Ewald(pm.vmc.Cell(lengths), split=5.5, waves=9)
        assert float(split(x)) == pytest.approx(energy, abs=1e-8)
        for axis, length in enumerate(lengths):
            longer = pm.vmc.Cell(tuple(2 * L if a == axis else L for a, L in enumerate(lengths)))
            twice = jnp.concatenate([x, x.at[:, axis].add(length)])
            assert float(pm.vmc.Ewald(longer)(twice)) == pytest.approx(2 * energy, abs=1e-7)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"split": 2.0}, "split: expected at least 4.32"),
        ({"split": math.nan}, "split: expected at least 4.32"),
        ({"waves": 4}, "waves: expected at least 7 for a split of 4.5"),
        ({"split": 9.0}, "waves: expected at least 14 for a split of 9.0"),
    ],
)
def test_a_coulomb_sum_that_is_cut_is_refused(numbers, message):
    with pytest.raises(ConfigurationError, match=message):
        pm.vmc.Ewald(pm.vmc.Cell((1.0, 1.0)), **numbers)


SHAPES = [(3.0, 3.0), (2.0, 5.0), (1.0, 1.0, 4.0), (2.0, 1.0, 3.0), (5.0,)]


def uniform(lengths, n=6, walkers=200, snapshots=3, seed=0):
    """Points without correlation."""
    unit = np.random.default_rng(seed).uniform(size=(snapshots, walkers, n, len(lengths)))
    return unit * lengths


@pytest.mark.parametrize("shells", [1, 5, 13, 20])
@pytest.mark.parametrize("lengths", SHAPES, ids=str)
def test_the_structure_factor_has_every_shell_whole(lengths, shells):
    """Lengths and values against a direct sum over all waves of each length."""
    walkers = uniform(lengths, walkers=5, snapshots=2)
    found = pm.vmc.structure_factor(walkers, pm.vmc.Cell(lengths), shells=shells)
    assert found.at.shape == (shells,)
    waves = every_wave(lengths, (0.0,) * len(lengths))[1:]
    sizes = np.linalg.norm(waves, axis=1)
    rest = sizes
    for at, value in zip(found.at, found.values, strict=True):
        assert at == pytest.approx(rest[0], rel=1e-9)
        shell = waves[np.abs(sizes - at) < 1e-6]
        power = np.abs(np.exp(1j * walkers @ shell.T).sum(axis=2)) ** 2 / walkers.shape[2]
        assert value == pytest.approx(power.mean(), rel=1e-9)
        rest = rest[rest > at + 1e-6]


@pytest.mark.parametrize("lengths", SHAPES, ids=str)
def test_points_by_chance_keep_the_sum_rules(lengths):
    """S is 1 on short waves; all partners of a particle are found, as far as the cell reaches."""
    walkers, cell = uniform(lengths), pm.vmc.Cell(lengths)
    factor = pm.vmc.structure_factor(walkers, cell, shells=3)
    assert factor.sum_rule.holds and factor.sum_rule.error < 0.05
    diagonal = math.hypot(*lengths) / 2
    for reach in (None, 0.8 * diagonal, diagonal):
        pairs = pm.vmc.pair_correlation(walkers, cell, n_up=4, bins=12, reach=reach)
        assert all(found.sum_rule.holds for found in pairs.values())
        assert sum(found.sum_rule.found for found in pairs.values()) == pytest.approx(5)
        for found in pairs.values():
            apart = np.abs(found.values - 1) / np.where(found.errors > 0, found.errors, np.inf)
            assert np.all(apart < 5)
    whole = found.values @ np.diff([cell.ball(r) for r in np.linspace(0, diagonal, 13)])
    assert whole / cell.volume == pytest.approx(1.0)


@pytest.mark.parametrize("wrong", [(2.5, 5.0), (2.0, 4.0)], ids=str)
def test_a_lattice_is_told_by_the_structure_factor_of_short_waves(wrong):
    """Points on a grid are no fluid: S of short waves is not 1, and the rule says so."""
    grid = np.stack(np.meshgrid(*[np.arange(4) / 4] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    start = np.random.default_rng(0).uniform(size=(1, 50, 1, 2))
    walkers = (grid + start) * wrong
    assert not pm.vmc.structure_factor(walkers, pm.vmc.Cell(wrong), shells=2).sum_rule.holds


def test_what_is_no_spin_breaks_its_rule():
    spins = np.where(np.random.default_rng(0).uniform(size=(3, 8, 6, 1)) < 0.5, -1.0, 1.0)
    assert pm.vmc.spin_correlation(spins).sum_rule.holds
    assert not pm.vmc.spin_correlation(spins / 2).sum_rule.holds


@pytest.mark.parametrize("reach", [0.0, -1.0, 1.9, math.nan])
def test_no_pair_is_farther_than_half_the_diagonal(reach):
    with pytest.raises(ConfigurationError, match=r"reach: .*half the cell's diagonal, 1\.80278"):
        pm.vmc.pair_correlation(uniform((2.0, 3.0)), pm.vmc.Cell((2.0, 3.0)), n_up=3, reach=reach)


@pytest.mark.parametrize("lengths", [(1.0, 1.0), (1.0, 3.0), (1.0, 1.0, 1.0), (1.3, 0.7, 2.2)])
def test_the_ball_in_a_cell_against_points_by_chance(lengths):
    cell = pm.vmc.Cell(lengths)
    x = (np.random.default_rng(0).uniform(size=(200_000, len(lengths))) - 0.5) * lengths
    r = np.linalg.norm(x, axis=1)
    for radius in np.linspace(0.2, 1.0, 9) * math.hypot(*lengths) / 2:
        share = np.mean(r < radius)
        error = math.sqrt(share * (1 - share) / len(r)) + 1e-9
        assert abs(cell.ball(radius) / cell.volume - share) < 5 * error
