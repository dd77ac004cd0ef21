"""Lattices of one's own, by the defaults of ``ground_state``: they ended in NaN at step 3 or 14.

Ratios of ψ on a lattice have no bound: a long step made them infinite.
"""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.vmc.by_recipe import adopt

SITES = 6


def tall_field(log_psi, x):
    """Ising's chain in a field of three couplings."""
    flipped = lambda i: pm.vmc.psi_ratio(log_psi, x.at[i].multiply(-1), x)
    ratios = jax.vmap(flipped)(jnp.arange(SITES))
    return -jnp.sum(x * jnp.roll(x, 1, axis=0)) - 3.0 * jnp.sum(ratios)


def easy_axis(log_psi, x):
    """Spins ½ of which every second one is turned, with twice the coupling along z."""
    i = jnp.arange(SITES)
    j = (i + 1) % SITES
    swapped = lambda i, j: pm.vmc.psi_ratio(log_psi, x.at[i].set(x[j]).at[j].set(x[i]), x)
    products = x[i, 0] * x[j, 0]
    return jnp.sum(2.0 * products + jnp.where(products < 0, -2.0 * jax.vmap(swapped)(i, j), 0.0))


def bosons(log_psi, x):
    """Bose and Hubbard's chain: walkers are numbers of bosons on each site."""

    def hop(i, j):
        element = jnp.sqrt(jnp.maximum(x[i, 0], 0.0) * (x[j, 0] + 1.0))
        there = jnp.where(x[i, 0] > 0, x.at[i].add(-1.0).at[j].add(1.0), x)
        return element * pm.vmc.psi_ratio(log_psi, there, x)

    i = jnp.arange(SITES)
    j = (i + 1) % SITES
    hops = jax.vmap(hop)(i, j) + jax.vmap(hop)(j, i)
    return -jnp.sum(hops) + 2.0 * jnp.sum(x * (x - 1.0))


def hop(key, x):
    """One boson to a neighbour, if there is one."""
    key_site, key_way = jax.random.split(key)
    i = jax.random.randint(key_site, (), 0, SITES)
    j = (i + jnp.where(jax.random.bernoulli(key_way), 1, -1)) % SITES
    return jnp.where(x[i, 0] > 0, x.at[i].add(-1.0).at[j].add(1.0), x)


def alternating(key, count):
    return jnp.tile(jnp.array([1.0, -1.0] * (SITES // 2))[:, None], (count, 1, 1))


def ones(key, count):
    return jnp.ones((count, SITES, 1))


SPINS = np.array(list(itertools.product((1.0, -1.0), repeat=SITES)))
LATTICES = {
    "field": (tall_field, pm.sampling.flip, ones, SPINS),
    "easy axis": (easy_axis, pm.sampling.exchange, alternating, SPINS[SPINS.sum(axis=1) == 0]),
    "bosons": (
        bosons,
        hop,
        lambda key, count: ones(key, count).at[:, 3:].set(0.0),
        np.array([n for n in itertools.product(range(4), repeat=SITES) if sum(n) == 3], float),
    ),
}


def lowest(hamiltonian, states):
    """By diagonalisation of the matrix that local energies of ψ = 1 + δ are made of."""
    x = jnp.asarray(states)[..., None]

    def local(k, here):
        log_psi = lambda y: jnp.where(jnp.all(y == x[k]), jnp.log(2.0), 0.0)
        return hamiltonian(log_psi, here)

    flat = jax.jit(jax.vmap(lambda here: hamiltonian(lambda y: 0.0 * jnp.sum(y), here)))(x)
    raised = jax.jit(jax.vmap(jax.vmap(local, (0, None)), (None, 0)))(jnp.arange(len(x)), x)
    H = np.array(raised - flat[:, None])
    np.fill_diagonal(H, 2 * np.diag(raised) - np.asarray(flat))
    np.testing.assert_allclose(H, H.T, atol=1e-12)
    return float(np.linalg.eigvalsh(H)[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hamiltonian", "proposal", "walkers", "states"), LATTICES.values(), ids=LATTICES
)
def test_defaults_find_its_ground_state(hamiltonian, proposal, walkers, states):
    """Within 2% of the exact energy, and not below it, after 60 steps."""
    exact = lowest(hamiltonian, states)
    system = pm.System(hamiltonian, (SITES, 1), proposal=proposal, walkers=walkers)
    state = pm.ground_state(system, pm.MLP((16,)), walkers=128, sweeps=2, steps=60, measurements=20)
    energies = np.asarray(state.result.history["energy"])
    assert np.all(np.isfinite(energies))
    assert exact - 4 * state.energy.error < state.energy.mean < exact + 0.02 * abs(exact)


def test_a_lattice_in_a_file_has_the_short_steps_of_the_defaults():
    """By the long ones of electrons the easy axis ended 13% above its energy, with a small bar."""
    hamiltonian, proposal, walkers, _ = LATTICES["easy axis"]
    system = pm.System(hamiltonian, (SITES, 1), proposal=proposal, walkers=walkers)
    optimizer = adopt(system).recipe.optimizer
    assert (optimizer.learning_rate, optimizer.max_norm) == (0.05, 0.2)
    assert adopt(pm.vmc.HarmonicOscillator()).recipe == pm.vmc.VMCRecipe()


def test_without_walkers_a_lattice_is_refused():
    """Moves of its own keep the values that walkers start with, which no default can know."""
    with pytest.raises(pm.errors.ConfigurationError, match="walkers: expected a function"):
        pm.System(tall_field, (SITES, 1), proposal=pm.sampling.flip)
