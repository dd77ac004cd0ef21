"""Hamiltonians of the entries by hand and by known numbers; what else gives levels."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

from physml.errors import ConfigurationError
from physml.pmm import baselines
from physml.pmm.catalogue import (
    ENTRIES,
    AnharmonicOscillator,
    IsingLevels,
    Lipkin,
    Pairing,
    Trotter,
)
from physml.pmm.catalogue.heat_family import HeatFamily
from physml.pmm.hermitian import Hermitian
from physml.pmm.level_family import LevelFamily

X = np.array([0.0, 0.7, 2.0])


def test_one_pair_on_two_levels_by_hand():
    exact = np.stack([1 - X / 2 - np.sqrt(1 + X**2 / 4), 1 - X / 2 + np.sqrt(1 + X**2 / 4)], axis=1)
    found = Pairing(levels_of_one=2, pairs=1, kept=2).levels(X)
    np.testing.assert_allclose(found, exact, atol=1e-13)


def test_pairs_are_particles_of_second_quantisation():
    """The same by creation operators of hard-core bosons on four levels."""
    up = np.array([[0.0, 0.0], [1.0, 0.0]])

    def at(operator, place):
        parts = [operator if i == place else np.eye(2) for i in range(4)]
        whole = parts[0]
        for part in parts[1:]:
            whole = np.kron(whole, part)
        return whole

    create = [at(up, p) for p in range(4)]
    number = sum(c @ c.T for c in create)
    energy = sum(2 * p * c @ c.T for p, c in enumerate(create))
    energy = energy - 0.5 * 0.7 * sum(a @ b.T for a in create for b in create)
    two = np.isclose(np.diagonal(number), 2)
    exact = np.linalg.eigvalsh(energy[np.ix_(two, two)])[:3]
    found = Pairing(levels_of_one=4, pairs=2).levels(np.array([0.7]))[0]
    np.testing.assert_allclose(found, exact, atol=1e-12)


def test_the_size_of_the_pairing_entry():
    family = ENTRIES["pairing"].subject
    assert family.dimension == len(family.sectors[0].constant) == 252
    np.testing.assert_allclose(family.levels(np.array([0.0])), [[20.0, 22.0, 24.0]], atol=1e-12)
    np.testing.assert_allclose(family.levels(np.array([1.0]))[0, 0], 15.9014165, atol=1e-7)


def test_two_particles_of_lipkin_by_hand():
    found = Lipkin(particles=2, kept=(2, 1)).levels(X)
    root = np.sqrt(1 + X**2 / 4)
    np.testing.assert_allclose(found, np.stack([-root, root, 0 * X], axis=1), atol=1e-14)


def test_lipkin_is_the_spin_squared_of_its_matrices():
    j, n = 2.0, 4
    m = np.arange(-j, j + 1)
    up = np.diag(np.sqrt((j - m[:-1]) * (j + m[:-1] + 1)), -1)
    jx, jy = 0.5 * (up + up.T), -0.5j * (up - up.T)
    exact = np.linalg.eigvalsh(np.diag(m) + 0.9 / n * (jx @ jx - jy @ jy))
    found = Lipkin(particles=n, kept=(3, 2)).levels(np.array([0.9]))[0]
    np.testing.assert_allclose(np.sort(found), exact, atol=1e-12)


def test_the_oscillator_has_its_known_ground_state():
    """Bender and Wu (1969), doi:10.1103/PhysRev.184.1231, at g = 1; at g = 0 n + ½."""
    found = AnharmonicOscillator().levels(np.array([0.0, 1.0]))
    np.testing.assert_allclose(found[0], [0.5, 2.5, 1.5], atol=1e-9)
    np.testing.assert_allclose(found[1, 0], 0.803770651234, atol=1e-10)
    larger = AnharmonicOscillator(basis=100).levels(np.array([5.0]))
    np.testing.assert_allclose(AnharmonicOscillator().levels(np.array([5.0])), larger, rtol=1e-10)


def ring(h, n):
    """All levels of the ring, by products of Pauli matrices."""
    z, x = np.diag([1.0, -1.0]), np.array([[0.0, 1.0], [1.0, 0.0]])

    def at(operator, place):
        whole = np.eye(1)
        for i in range(n):
            whole = np.kron(whole, operator if i == place else np.eye(2))
        return whole

    energy = -sum(at(z, i) @ at(z, (i + 1) % n) + h * at(x, i) for i in range(n))
    return np.linalg.eigvalsh(energy)


def test_sectors_of_the_ring_hold_levels_of_the_whole_and_the_lowest_two():
    found = IsingLevels(spins=5, kept=(4, 3)).levels(np.array([0.6]))[0]
    every = ring(0.6, 5)
    assert np.abs(every[:, None] - found[None, :]).min(axis=0).max() < 1e-12
    np.testing.assert_allclose(np.sort(found)[:2], every[:2], atol=1e-12)


def test_the_ring_has_the_ground_state_of_free_fermions():
    """Pfeuty (1970), doi:10.1016/0003-4916(70)90270-8: half-whole momenta of Π σˣ = 1."""
    n, h = 10, np.array([0.3, 1.0, 1.7])
    k = np.pi * (2 * np.arange(n) + 1) / n
    exact = -np.sum(np.sqrt(1 + h[:, None] ** 2 + 2 * h[:, None] * np.cos(k)), axis=1)
    np.testing.assert_allclose(IsingLevels().levels(h)[:, 0], exact, atol=1e-11)


def test_continuation_is_exact_where_it_was_taken_and_never_too_low():
    family = Pairing(levels_of_one=6, pairs=3)
    seen, asked = np.linspace(0, 2, 5), np.linspace(0, 3, 7)
    there = baselines.eigenvector_continuation(family.sectors, [5], seen, seen).levels
    np.testing.assert_allclose(there, family.levels(seen), atol=1e-10)
    beyond = baselines.eigenvector_continuation(family.sectors, [3], seen, asked).levels
    assert (beyond >= family.levels(asked) - 1e-10).all()


def test_numbers_that_are_whole_are_taken_as_such():
    ring = IsingLevels(spins=4.0, points=8.0, kept=(1.0, 1.0))
    assert ring.levels(ring.seen).shape == (8, 2)
    assert Pairing(levels_of_one=4.0, pairs=2.0).dimension == 6
    assert Trotter(spins=4.0, points=4.0).levels(np.array([0.0])).shape == (1, 2)
    assert HeatFamily(places=3.0, points=5.0, amplitudes=(1.0,)).fields(np.zeros(1)).shape == (1, 3)
    assert isinstance(Hermitian(6, rank=2.0).rank, int)
    with pytest.raises(ConfigurationError, match="spins: expected a whole number"):
        IsingLevels(spins=4.5)


def test_what_is_asked_for_is_not_seen():
    """Of 21 values seen and the middles of 10 parts each middle is one of them."""
    for trained in ((0.0, 2.0), (1.0, 3.0)):
        family = Pairing(points=21, test_points=10, trained=trained)
        assert np.abs(family.asked[:, None] - family.seen).min() > 0.02
        assert family.asked.min() > 0 and family.asked.max() < 2
    np.testing.assert_array_equal(Pairing().asked, np.linspace(0, 2, 201)[1::2])


def test_polynomials_and_processes_interpolate():
    seen, asked = np.linspace(-1, 1, 25), np.linspace(-0.9, 0.9, 7)
    levels = np.stack([np.exp(seen), np.cos(2 * seen)], axis=1)
    exact = np.stack([np.exp(asked), np.cos(2 * asked)], axis=1)
    for find in (baselines.chebyshev, baselines.gaussian_process):
        np.testing.assert_allclose(find(seen, levels, asked).levels, exact, atol=2e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pairing(pairs=10), "pairs: expected at most 9"),
        (lambda: Pairing(trained=(2.0, 0.0)), "trained: expected two ends"),
        (lambda: Lipkin(points=3), "points: expected at least 4"),
        (lambda: Lipkin(points=None), "points: expected a whole number, got None"),
        (lambda: Lipkin(kept=(2, 1, 2)), "kept: expected 2 numbers of levels, one a symmetry"),
        (lambda: IsingLevels(kept=(2,)), "kept: expected 2 numbers"),
        (lambda: AnharmonicOscillator(kept=(2, 0)), "kept: expected at least 1"),
        (lambda: Pairing(levels_of_one=20, pairs=10).sectors, "at most 4096 rows"),
        (lambda: Pairing(levels_of_one=2, pairs=1).sectors, "at least 3 rows"),
        (lambda: check("lipkin", blocks=(7,)), r"blocks: expected 2 sizes, one a symmetry \(even"),
        (lambda: check("pairing", blocks=(2,)), "needs a matrix of size 3"),
        (lambda: replace(ENTRIES["pairing"].recipe, starts=0), "starts"),
        (lambda: replace(ENTRIES["pairing"].recipe, blocks=()), "size"),
    ],
)
def test_families_and_blocks_that_do_not_fit_are_refused(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make()


def check(name, **changed):
    entry = ENTRIES[name]
    entry.check(entry.subject, replace(entry.recipe, **changed))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name, entry in ENTRIES.items() if isinstance(entry.subject, LevelFamily)]
)
def test_entries_keep_to_their_figures(name, tmp_path):
    """With the seed of the page, by bounds far above its figures; one start may end elsewhere."""
    entry = ENTRIES[name]
    recipe = entry.recipe
    entry.check(entry.subject, recipe)
    study = entry.solve(entry.subject, recipe, key=jax.random.key(0))
    found = study.numbers()
    assert {"mean_error", "max_error", "parameters", "seconds", "reference"} <= set(found)
    if name == "anharmonic-oscillator":
        assert found["max_relative_error"] < 0.05 and found["inside_90_everywhere"] >= 0.8
        assert found["chebyshev_max_relative_error"] > 1e3
    else:
        bound, parameters = {"pairing": (2e-5, 50), "lipkin": (2e-4, 150)}.get(name, (1e-3, 200))
        assert found["mean_error"] < bound and found["parameters"] <= parameters
        assert found["mean_error"] < found["eigenvector_continuation_mean_error"]
    study.save(tmp_path / "kept")
    assert entry.load(entry.subject, recipe, tmp_path / "kept").numbers() == found
    assert study.plot(tmp_path / "figure.png").exists()
