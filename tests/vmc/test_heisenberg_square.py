"""The J₁–J₂ model on the square lattice against exact diagonalisation of 4 × 4 spins."""

from __future__ import annotations

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import coo_matrix, diags_array
from scipy.sparse.linalg import eigsh

import physml as pm
from physml.errors import ConfigurationError, ShapeError

SITES = 16
CODES = np.array([code for code in range(2**SITES) if code.bit_count() == SITES // 2])
"""Spins as bits, 1 for down; 12,870 with zero total spin."""


@cache
def hamiltonian(next_coupling):
    """``Σ J S_i·S_j`` between the configurations of ``CODES``, no sign turned, bond by bond."""
    index = np.zeros(2**SITES, int)
    index[CODES] = np.arange(len(CODES))
    diagonal, entries = np.zeros(len(CODES)), []
    for site in range(SITES):
        row, column = divmod(site, 4)
        for down, right, coupling in ((1, 0, 1.0), (0, 1, 1.0)) + tuple(
            (1, side, next_coupling) for side in (1, -1)
        ):
            other = (row + down) % 4 * 4 + (column + right) % 4
            unlike = np.flatnonzero((CODES >> site ^ CODES >> other) & 1)
            diagonal += 0.25 * coupling
            diagonal[unlike] -= 0.5 * coupling
            exchanged = index[CODES[unlike] ^ (1 << site) ^ (1 << other)]
            entries.append((np.full(len(unlike), 0.5 * coupling), unlike, exchanged))
    values, rows, columns = (np.concatenate(part) for part in zip(*entries, strict=True))
    shape = (len(CODES), len(CODES))
    return (coo_matrix((values, (rows, columns)), shape=shape) + diags_array(diagonal)).tocsr()


def marshall_signs():
    """−1 for an odd number of down spins on the black fields of the chessboard."""
    black = sum(1 << site for site in range(SITES) if sum(divmod(site, 4)) % 2 == 0)
    return (-1.0) ** np.array([int(code & black).bit_count() for code in CODES])


@cache
def lowest(next_coupling):
    """The ground state's energy, and its amplitudes after Marshall's signs."""
    signs = marshall_signs()
    start = signs * (1 + 0.01 * np.random.default_rng(0).normal(size=len(CODES)))
    values, vectors = eigsh(hamiltonian(next_coupling), k=1, which="SA", v0=start)
    amplitudes = signs * vectors[:, 0]
    return float(values[0]), amplitudes * np.sign(amplitudes.sum())


def spins_of(codes):
    return 1.0 - 2.0 * (codes[:, None] >> np.arange(SITES) & 1)[..., None]


def log_psi_of(amplitudes):
    """A wave function that looks its amplitude up; complex, so that it may be negative."""
    table = np.zeros(2**SITES, complex)
    with np.errstate(divide="ignore"):
        table[CODES] = np.log(amplitudes.astype(complex))

    def log_psi(x):
        bits = (x[:, 0] < 0).astype(int)
        return jnp.asarray(table)[jnp.dot(bits, 2 ** jnp.arange(SITES))]

    return log_psi


@pytest.mark.parametrize("next_coupling", [0.0, 0.5, -0.3])
def test_local_energies_are_those_of_the_matrix(next_coupling):
    """``(Hψ)(σ)/ψ(σ)`` of a random positive ψ, after Marshall's signs; their mean is ⟨H⟩."""
    square = pm.vmc.HeisenbergSquare(side=4, next_coupling=next_coupling)
    psi = pm.vmc.RBM(density=1, translations=True, lattice=square.lattice)
    params = psi.init(jax.random.key(0), jnp.ones(square.shape))
    params = jax.tree.map(lambda p: p + 0.1 * jax.random.normal(jax.random.key(1), p.shape), params)
    logs = np.asarray(jax.jit(jax.vmap(partial(psi.apply, params)))(jnp.asarray(spins_of(CODES))))
    local = jax.jit(jax.vmap(partial(square.local_energy, log_psi_of(np.exp(logs)))))
    signed = marshall_signs() * np.exp(logs)
    expected = hamiltonian(next_coupling) @ signed / signed
    found = np.asarray(local(spins_of(CODES)))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    weights = signed**2 / np.sum(signed**2)
    np.testing.assert_allclose(np.sum(weights * found.real), weights @ expected, rtol=1e-12)
    assert np.sum(weights * found.real) > lowest(next_coupling)[0]


@pytest.mark.parametrize("next_coupling", [0.0, 0.5])
def test_the_ground_state_has_no_variance(next_coupling):
    energy, amplitudes = lowest(next_coupling)
    square = pm.vmc.HeisenbergSquare(side=4, next_coupling=next_coupling)
    likely = np.argsort(-np.abs(amplitudes))[:500]
    local = jax.jit(jax.vmap(partial(square.local_energy, log_psi_of(amplitudes))))
    np.testing.assert_allclose(local(spins_of(CODES[likely])), energy, rtol=1e-7)


@pytest.mark.parametrize("next_coupling", [0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0])
def test_the_table_of_four_by_four(next_coupling):
    reference = pm.vmc.HeisenbergSquare(side=4, next_coupling=next_coupling).reference
    assert reference.energy == pytest.approx(lowest(next_coupling)[0], abs=2e-9)
    scaled = pm.vmc.HeisenbergSquare(
        side=4, coupling=2.0, next_coupling=2 * next_coupling
    ).reference
    assert scaled.energy == 2 * reference.energy


def test_references():
    """−0.7017802 J₁ a site on 4 × 4; on 6 × 6 as tabulated; a lowest energy is concave in J₂."""
    assert pm.vmc.HeisenbergSquare().reference.energy / 16 == pytest.approx(-0.7017802, abs=5e-8)
    assert pm.vmc.HeisenbergSquare(side=6).reference.energy / 36 == pytest.approx(
        -0.678872, abs=1e-9
    )
    couplings = [0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0]
    for side in (4, 6):
        squares = [pm.vmc.HeisenbergSquare(side=side, next_coupling=J) for J in couplings]
        slopes = np.diff([square.reference.energy for square in squares]) / np.diff(couplings)
        assert np.all(np.diff(slopes) < 0)
    assert pm.vmc.HeisenbergSquare(next_coupling=0.33).reference is None
    assert pm.vmc.HeisenbergSquare(side=8).reference is None


def test_where_marshall_s_rule_holds():
    """Exactly at J₂ = 0, on 4 × 4 still at 0.2, with 98.7% of the weight at 0.5, hardly at 1."""

    def obeying(next_coupling):
        amplitudes = lowest(next_coupling)[1]
        return np.sum(amplitudes[amplitudes > 0] ** 2)

    assert np.all(lowest(0.0)[1] > 0)
    np.testing.assert_allclose(obeying(0.2), 1.0, atol=1e-12)
    np.testing.assert_allclose([obeying(0.5), obeying(1.0)], [0.987, 0.532], atol=1e-3)
    energy, amplitudes = lowest(0.5)
    positive = np.abs(amplitudes) * marshall_signs()
    assert positive @ hamiltonian(0.5) @ positive > energy + 0.1


def test_bonds_are_counted_once():
    """Two to neighbours and two along diagonals of every site; none for a coupling of zero."""
    both = pm.vmc.HeisenbergSquare(side=6, next_coupling=0.5).bonds
    pairs = {frozenset(pair) for pair in zip(both.first, both.second, strict=True)}
    assert len(pairs) == len(both.first) == 4 * 36
    assert len(pm.vmc.HeisenbergSquare(side=6).bonds.first) == 2 * 36
    parity = np.indices((6, 6)).sum(axis=0).ravel() % 2
    np.testing.assert_array_equal(parity[both.first] != parity[both.second], both.across)
    np.testing.assert_array_equal(both.couplings, np.where(both.across, 0.25, 0.125))


def test_walkers_have_as_many_up_as_down():
    walkers = pm.vmc.HeisenbergSquare().walkers(jax.random.key(0), 5)
    assert walkers.shape == (5, 16, 1)
    np.testing.assert_array_equal(walkers.sum(axis=1), 0.0)


def test_translations_of_the_lattice_leave_the_state_alone():
    psi = pm.vmc.RBM(density=2, translations=True, lattice=(2, 3))
    spins = jnp.array([1.0, -1.0, -1.0, 1.0, 1.0, 1.0])
    params = psi.init(jax.random.key(0), spins[:, None])
    value = psi.apply(params, spins[:, None])
    for step in ((1, 0), (0, 1), (1, 2)):
        moved = jnp.roll(spins.reshape(2, 3), step, (0, 1)).reshape(6, 1)
        np.testing.assert_allclose(psi.apply(params, moved), value, rtol=1e-12)
    # A step along the row-major order is none of the lattice's translations.
    assert abs(psi.apply(params, jnp.roll(spins, 1)[:, None]) - value) > 1e-6


def test_correlations_along_both_axes():
    """Néel's state alternates with the distance; stripes average +1 and ±1 over the axes."""
    neel = (-1.0) ** np.indices((4, 4)).sum(axis=0).reshape(1, 1, 16, 1)
    stripes = (-1.0) ** np.indices((4, 4))[0].reshape(1, 1, 16, 1)
    found = [pm.vmc.spin_correlation(x, lattice=(4, 4)).values for x in (neel, stripes)]
    np.testing.assert_array_equal(found, [[1, -1, 1], [1, 0, 1]])
    with pytest.raises(ShapeError, match="product is N = 16"):
        pm.vmc.spin_correlation(neel, lattice=(4, 3))


@pytest.mark.slow
def test_a_network_comes_near_the_ground_state(tmp_path):
    """A positive state of 34 numbers: within 4σ above the exact energy, relative 3e-3."""
    square = pm.vmc.HeisenbergSquare(side=4)
    state = pm.ground_state(
        square,
        pm.vmc.RBM(density=2, translations=True, lattice=square.lattice),
        optimizer=pm.natural_gradient(0.05, damping=1e-3, momentum=0.8, max_norm=0.2),
        walkers=256,
        sweeps=1,
        steps=100,
        measurements=60,
    )
    exact = square.reference.energy
    assert exact - 4 * state.energy.error < state.energy.mean < exact * (1 - 3e-3)
    assert state.plot(tmp_path / "square.png").stat().st_size > 10_000


def test_bad_numbers_are_named():
    for make, message in (
        (
            lambda: pm.vmc.HeisenbergSquare(side=5),
            "side: expected an even number, at least 4, got 5",
        ),
        (lambda: pm.vmc.HeisenbergSquare(side=2), "at least 4"),
        (lambda: pm.vmc.HeisenbergSquare(coupling=0.0), "J₁ > 0, got 0"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            make()
    psi = pm.vmc.RBM(translations=True, lattice=(4, 4))
    with pytest.raises(ShapeError, match=r"expected spins \(16, 1\) on the lattice"):
        psi.init(jax.random.key(0), jnp.ones((12, 1)))


def test_translations_of_another_lattice_are_refused():
    square = pm.vmc.HeisenbergSquare(side=4)
    with pytest.raises(pm.errors.ConfigurationError, match=r"\(4, 4\), got those of \(16,\)"):
        pm.ground_state(square, pm.vmc.RBM(density=1, translations=True), steps=0)
