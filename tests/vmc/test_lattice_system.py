"""Lattice Hamiltonians of one's own by their rows: exact levels, checks, and the search."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError
from physml.sampling.site_moves import change, transfer
from physml.vmc.systems.lattice import check_rows
from physml.vmc.systems.system import first_walkers

LatticeSystem, Row = pm.vmc.LatticeSystem, pm.vmc.Row
EDGES = np.array([(0, 1), (1, 2), (2, 0), (2, 3), (3, 4)])  # a triangle with a tail


@dataclass(frozen=True)
class XXZ(LatticeSystem):
    """``Σ_edges S_x S_x + S_y S_y + Δ S_z S_z`` on a graph: no lattice, no sign rule."""

    anisotropy: float = 0.5
    total: float | None = 1.0
    slope: float = 0.0

    @property
    def shape(self):
        return 5, 1

    def row(self, x):
        i, j = EDGES.T
        swapped = jax.vmap(lambda i, j: x.at[i].set(x[j]).at[j].set(x[i]))(i, j)
        products = x[i, 0] * x[j, 0]
        elements = jnp.where(products < 0, 0.5 + self.slope * (x[i, 0] > 0), 0.0)
        return Row(self.anisotropy * jnp.sum(products) / 4, swapped, elements)


@dataclass(frozen=True)
class BoseHubbard(LatticeSystem):
    """``−Σ b†_i b_j + h.c. + ½U Σ n(n−1)`` on an open chain of four, up to three a site."""

    repulsion: float = 2.0
    values = (0.0, 1.0, 2.0, 3.0)
    total = 4.0

    @property
    def shape(self):
        return 4, 1

    def row(self, x):
        i = jnp.array([0, 1, 2, 1, 2, 3])
        j = jnp.array([1, 2, 3, 0, 1, 2])
        moved = jax.vmap(lambda i, j: x.at[i].add(-1.0).at[j].add(1.0))(i, j)
        n = x[:, 0]
        allowed = (n[i] > 0) & (n[j] < 3)
        elements = jnp.where(allowed, -jnp.sqrt(jnp.maximum(n[i], 0.0) * (n[j] + 1.0)), 0.0)
        return Row(self.repulsion * jnp.sum(n * (n - 1)) / 2, moved, elements)


def spin_matrix(anisotropy):
    """The same XXZ graph by Kronecker products, every ``S_z`` together; +1 comes before −1."""
    plus = np.array([[0.0, 1.0], [0.0, 0.0]])
    z = np.diag([0.5, -0.5])

    def at(parts):
        matrix = np.eye(1)
        for site in range(5):
            matrix = np.kron(matrix, parts.get(site, np.eye(2)))
        return matrix

    total = 0.0
    for i, j in EDGES:
        hop = at({i: plus, j: plus.T})
        total = total + (hop + hop.T) / 2 + anisotropy * at({i: z, j: z})
    return total


@pytest.mark.parametrize("total", [-3.0, 1.0, 5.0])
def test_levels_of_a_graph_are_those_of_the_kronecker_products(total):
    """In each sector of ``S_z``, the states too."""
    spins = np.array(list(itertools.product((1.0, -1.0), repeat=5)))
    keep = spins.sum(axis=1) == total
    exact = np.linalg.eigvalsh(spin_matrix(0.5)[np.ix_(keep, keep)])
    found = pm.vmc.exact_diagonalisation(XXZ(total=total), levels=len(exact))
    np.testing.assert_allclose(found.energies, exact, atol=1e-12)
    np.testing.assert_allclose(found.states @ found.states.T, np.eye(len(exact)), atol=1e-12)


def test_all_sectors_together_where_nothing_is_kept():
    exact = np.linalg.eigvalsh(spin_matrix(0.5))
    found = pm.vmc.exact_diagonalisation(XXZ(total=None), levels=32)
    np.testing.assert_allclose(found.energies, exact, atol=1e-12)


def test_degenerate_levels_of_a_large_matrix_are_all_found():
    """The Ising chain without a field to speak of: 2 and 132 states of one energy, of 4,096."""
    found = pm.vmc.exact_diagonalisation(pm.vmc.IsingChain(sites=12, field=1e-12), levels=5)
    np.testing.assert_allclose(found.energies, [-12, -12, -8, -8, -8], atol=1e-9)


@pytest.mark.parametrize(
    ("system", "energy"),
    [
        (pm.vmc.IsingChain(sites=10, field=0.7), None),
        (pm.vmc.HeisenbergSquare(side=4, next_coupling=0.5), None),
        (pm.vmc.HeisenbergChain(sites=4), -8.0),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_references_of_built_in_lattices(system, energy):
    exact = system.reference.energy if energy is None else energy
    found = pm.vmc.exact_diagonalisation(system).energies[0]
    np.testing.assert_allclose(found, exact, rtol=1e-9)


def test_the_gap_to_the_triplet_is_between_two_sectors():
    """Four spins in a ring: −8 and −4 in Pauli matrices; the reference is that of S_z = 0 alone."""
    chain = pm.vmc.HeisenbergChain(sites=4)
    triplet = replace(chain, total=2.0)
    assert triplet.reference is None
    np.testing.assert_allclose(pm.vmc.exact_diagonalisation(triplet).energies[0], -4.0, atol=1e-12)


@pytest.mark.parametrize("system", [XXZ(), BoseHubbard(), XXZ(total=None)], ids=["xxz", "bose", ""])
def test_moves_and_first_walkers_keep_what_the_system_keeps_and_reach_all_of_it(system):
    """Every configuration comes up within 400 moves of 64 walkers, and no other."""
    every = {x.tobytes() for x in pm.vmc.exact_diagonalisation(system).configurations}
    walkers = first_walkers(system, jax.random.key(0), 64)

    def move(x, key):
        x = jax.vmap(system.proposal)(jax.random.split(key, 64), x)
        return x, x

    _, seen = jax.lax.scan(move, walkers, jax.random.split(jax.random.key(1), 400))
    met = {np.asarray(x).tobytes() for x in np.asarray(seen).reshape(-1, *system.shape) + 0.0}
    assert met == every


@pytest.mark.parametrize("propose", [change((0.0, 1.0, 2.0)), transfer((0.0, 1.0, 2.0))])
def test_moves_are_as_likely_as_the_way_back(propose):
    """The matrix of 20,000 moves from each configuration of two sites is symmetric to 5σ."""
    states = np.array(list(itertools.product((0.0, 1.0, 2.0), repeat=2)))
    keys = jax.random.split(jax.random.key(0), 20_000)
    counts = np.zeros((9, 9))
    for i, state in enumerate(states):
        moved = jax.vmap(propose, (0, None))(keys, jnp.asarray(state)[:, None])
        numbers = np.asarray(moved[:, 0, 0] * 3 + moved[:, 1, 0]).astype(int)
        counts[i] = np.bincount(numbers, minlength=9)
    error = np.sqrt(np.maximum(counts + counts.T, 1))
    assert np.all(np.abs(counts - counts.T) < 5 * error)


@pytest.mark.slow
def test_bosons_are_found_by_the_defaults():
    """Within 2% of the exact energy and not below it."""
    system = BoseHubbard()
    exact = pm.vmc.exact_diagonalisation(system).energies[0]
    state = pm.ground_state(system, pm.MLP((16,)), walkers=128, sweeps=2, steps=60, measurements=20)
    assert exact - 4 * state.energy.error < state.energy.mean < exact + 0.02 * abs(exact)


def few(system):
    return first_walkers(system, jax.random.key(0), 8)


def test_rows_of_no_hermitian_matrix_are_refused():
    with pytest.raises(ConfigurationError, match=r"Hermitian matrix, got H_xy = .* x = \["):
        check_rows(XXZ(slope=0.1), few(XXZ()))
    with pytest.raises(ConfigurationError, match="Hermitian"):
        pm.vmc.exact_diagonalisation(XXZ(slope=0.1))
    with pytest.raises(ConfigurationError, match="Hermitian"):
        pm.ground_state(XXZ(slope=0.1), pm.vmc.RBM(), walkers=16, steps=1)


def test_whole_numbers_do_not_round_the_elements():
    """Spins of ``rademacher`` are integers, and a field of −0.7 in their type would be 0."""

    class Whole(pm.vmc.IsingChain):
        def walkers(self, key, count):
            return jax.random.rademacher(key, (count, self.sites, 1))

    chain = Whole(sites=4, field=0.7)
    walkers = few(chain)
    assert walkers.dtype == float
    flat = lambda params, x: 0.0 * jnp.sum(x)
    found = pm.vmc.local_energies(chain.local_energy, flat, None, walkers.astype(int))
    bonds = jnp.sum(walkers * jnp.roll(walkers, 1, axis=1), axis=(1, 2))
    np.testing.assert_allclose(found, -bonds - 4 * 0.7)


def test_a_diagonal_that_is_not_real_is_refused():
    class Lossy(XXZ):
        def row(self, x):
            diagonal, others, elements = super().row(x)
            return Row(diagonal + 0.1j, others, elements)

    with pytest.raises(ConfigurationError, match=r"Hermitian matrix, got a diagonal of .*\+0\.1j"):
        check_rows(Lossy(), few(XXZ()))


def test_rows_that_leave_the_configurations_are_refused():
    """A flip where the total is kept; a fourth boson on a site."""

    class Flips(XXZ):
        def row(self, x):
            flipped = jax.vmap(lambda i: x.at[i].multiply(-1))(jnp.arange(5))
            return Row(0.0 * jnp.sum(x), flipped, jnp.ones(5))

    class Crowded(BoseHubbard):
        values = (0.0, 1.0)

    with pytest.raises(ConfigurationError, match=r"row: expected sites .* with the total 1.0, got"):
        check_rows(Flips(), few(XXZ()))
    with pytest.raises(ConfigurationError, match="row: expected sites with values of"):
        pm.vmc.exact_diagonalisation(Flips())
    with pytest.raises(
        ConfigurationError, match=r"row: expected sites with values of \(0.0, 1.0\)"
    ):
        check_rows(Crowded(), few(BoseHubbard()))


def test_rows_of_other_shapes_are_refused():
    class Flat(XXZ):
        def row(self, x):
            diagonal, others, elements = super().row(x)
            return Row(diagonal, others[..., 0], elements)

    with pytest.raises(ConfigurationError, match=r"others \(K, 5, 1\)"):
        check_rows(Flat(), few(XXZ()))


@pytest.mark.parametrize("total", [0.0, 7.0, -7.0])
def test_a_total_that_no_configuration_has_is_refused(total):
    """Five spins of ±1 have an odd sum."""
    with pytest.raises(ConfigurationError, match="total"):
        few(XXZ(total=total))
    with pytest.raises(ConfigurationError, match="got none"):
        pm.vmc.exact_diagonalisation(XXZ(total=total))
