"""Spin chains against exact diagonalisation; the samplers against the exact |ψ|²."""

from __future__ import annotations

import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, ShapeError

PAULI = {
    "x": np.array([[0, 1], [1, 0]], complex),
    "y": np.array([[0, -1j], [1j, 0]]),
    "z": np.array([[1, 0], [0, -1]], complex),
}


def operator(sites, n):
    """A product of Pauli matrices, ``{site: name}``, on n spins; site 0 is the first factor."""
    matrix = np.eye(1)
    for i in range(n):
        matrix = np.kron(matrix, PAULI[sites[i]] if i in sites else np.eye(2))
    return matrix


def ising(chain):
    n = chain.sites
    bonds = sum(operator({i: "z", (i + 1) % n: "z"}, n) for i in range(n))
    flips = sum(operator({i: "x"}, n) for i in range(n))
    return -chain.coupling * bonds - chain.field * flips


def heisenberg(chain):
    n = chain.sites
    total = 0
    for step, coupling in ((1, chain.coupling), (2, chain.next_coupling)):
        for i, name in itertools.product(range(n), "xyz"):
            total = total + coupling * operator({i: name, (i + step) % n: name}, n)
    return total


def configurations(n):
    """All spins ``(2ⁿ, n, 1)`` in the order of the Kronecker product: +1 before −1."""
    return np.array(list(itertools.product((1.0, -1.0), repeat=n)))[..., None]


CHAINS = {
    "ising": (pm.vmc.IsingChain(sites=6, field=0.7), ising),
    "heisenberg": (pm.vmc.HeisenbergChain(sites=6), heisenberg),
    "frustrated": (pm.vmc.HeisenbergChain(sites=6, next_coupling=0.3), heisenberg),
}


@pytest.mark.parametrize(("chain", "matrix"), CHAINS.values(), ids=CHAINS)
def test_local_energies_are_those_of_the_matrix(chain, matrix):
    """``(Hψ)(σ)/ψ(σ)`` of a random ψ, after Marshall's signs where the system takes them."""
    H, spins = matrix(chain).real, configurations(6)
    signs = np.ones(len(spins))
    if isinstance(chain, pm.vmc.HeisenbergChain):
        keep = spins.sum(axis=(1, 2)) == 0
        signs = (-1.0) ** (spins[:, ::2, 0] < 0).sum(axis=1)
        H, spins, signs = H[np.ix_(keep, keep)], spins[keep], signs[keep]
    psi = pm.vmc.RBM(density=1)
    params = psi.init(jax.random.key(0), jnp.asarray(spins[0]))
    params = jax.tree.map(lambda p: p + 0.3 * jax.random.normal(jax.random.key(1), p.shape), params)
    log_psi = partial(psi.apply, params)
    amplitudes = signs * np.exp(np.asarray(jax.jit(jax.vmap(log_psi))(spins)))
    local = jax.jit(jax.vmap(partial(chain.local_energy, log_psi)))(spins)
    np.testing.assert_allclose(local, H @ amplitudes / amplitudes, rtol=1e-10)


def test_references_are_exact():
    """Of even and odd numbers of sites, which have other waves."""
    for sites in (5, 8):
        for field in (0.7, 1.0, 1.6):
            chain = pm.vmc.IsingChain(sites=sites, field=field)
            exact = np.linalg.eigvalsh(ising(chain))[0]
            assert chain.reference.energy == pytest.approx(exact, abs=1e-10)
    critical = pm.vmc.IsingChain(sites=20)
    assert critical.reference.energy == pytest.approx(-2 / np.sin(np.pi / 40), abs=1e-10)
    assert pm.vmc.HeisenbergChain(sites=6).reference is None


@pytest.mark.parametrize(
    ("propose", "balanced"),
    [(pm.sampling.flip, False), (pm.sampling.exchange, True)],
    ids=["flip", "exchange"],
)
def test_samplers_draw_the_exact_distribution(propose, balanced):
    """Frequencies of all configurations of four spins: χ² per degree of freedom near 1."""
    weights = jnp.array([0.3, -0.2, 0.5, 0.1])
    log_psi = lambda params, s: jnp.dot(weights, s[:, 0]) + 0.4 * s[0, 0] * s[2, 0]
    spins = configurations(4)
    if balanced:
        spins = spins[spins.sum(axis=(1, 2)) == 0]
    exact = np.exp(2 * np.asarray(jax.vmap(partial(log_psi, None))(spins)))
    exact /= exact.sum()
    first = jnp.asarray(np.tile([[1.0], [-1.0]], (2, 1)))
    sampler = pm.sampling.spin_metropolis(
        pm.vmc.log_density(log_psi),
        lambda key: jnp.tile(first, (4000, 1, 1)),
        propose=propose,
        sweeps=20,
    )
    state = sampler.init(jax.random.key(0), None)
    _, drawn, metrics = jax.jit(sampler.sample)(jax.random.key(1), state, None)
    found = [np.sum(np.all(np.asarray(drawn) == s, axis=(1, 2))) for s in spins]
    assert sum(found) == 4000
    chi = np.sum((np.array(found) - 4000 * exact) ** 2 / (4000 * exact)) / (len(spins) - 1)
    assert chi < 2.5
    assert 0 < metrics["acceptance"] < 1


@pytest.mark.slow
def test_a_small_chain_finds_its_ground_state(tmp_path):
    """Eight spins at criticality: within 4σ above the exact energy, relative 1e-3."""
    chain = pm.vmc.IsingChain(sites=8)
    state = pm.ground_state(
        chain,
        pm.vmc.RBM(density=2, translations=True),
        optimizer=pm.natural_gradient(0.1, damping=1e-3, max_norm=0.2),
        walkers=256,
        sweeps=1,
        steps=100,
        measurements=100,
    )
    exact = chain.reference.energy
    assert exact - 4 * state.energy.error < state.energy.mean < exact * (1 - 1e-3)
    found = pm.vmc.spin_correlation(state.measurement.walkers)
    ground = np.linalg.eigh(ising(chain))[1][:, 0]
    spins = configurations(8)[..., 0]
    expected = [np.sum(ground**2 * np.mean(spins * np.roll(spins, -r, 1), 1)) for r in range(5)]
    assert np.all(np.abs(found.values - expected) < 4 * found.errors + 0.02)
    assert state.plot(tmp_path / "chain.png").stat().st_size > 10_000


def test_translations_leave_the_state_alone():
    psi = pm.vmc.RBM(density=2, translations=True)
    spins = jnp.array([1.0, -1.0, -1.0, 1.0, 1.0])[:, None]
    params = psi.init(jax.random.key(0), spins)
    moved = psi.apply(params, jnp.roll(spins, 2, axis=0))
    np.testing.assert_allclose(moved, psi.apply(params, spins), rtol=1e-12)


def test_bad_numbers_are_named():
    for make, message in (
        (lambda: pm.vmc.IsingChain(sites=2), "at least 3"),
        (lambda: pm.vmc.IsingChain(field=0.0), "field: expected a number > 0"),
        (lambda: pm.vmc.HeisenbergChain(sites=7), "even number"),
        (lambda: pm.vmc.HeisenbergChain(coupling=-1.0), "J₁ > 0"),
        (lambda: pm.sampling.spin_metropolis(None, None, sweeps=0), "at least 1"),
        (lambda: pm.vmc.RBM(density=0).init(jax.random.key(0), jnp.ones((3, 1))), "density"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            make()
    with pytest.raises(ShapeError, match=r"\(snapshots, walkers, N, 1\)"):
        pm.vmc.spin_correlation(np.ones((3, 4, 2)))
