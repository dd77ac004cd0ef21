"""Electrons about several nuclei: starts share them in all ways, and the order is no matter."""

from __future__ import annotations

from functools import partial
from math import comb

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.vmc.amplitude import log_psi_of
from physml.vmc.moves import between_nuclei
from physml.vmc.systems.nuclei import crossings, homes, shares

# Two molecules of hydrogen, 300 bohr apart.
PLACES = np.array([[0.0, 0, 0], [0.0, 0, 1.4], [300.0, 0, 0], [300.0, 0, 1.4]])
ORDERS = {"A, A, B, B": [0, 1, 2, 3], "A, B, A, B": [0, 2, 1, 3], "B, A, A, B": [3, 1, 0, 2]}


def pair(order):
    """The two molecules, their nuclei listed in this order."""
    positions = tuple(map(tuple, PLACES[order].tolist()))
    return pm.vmc.Molecule(nuclei=("H",) * 4, positions=positions, name="2 H2")


def counts_of(near, nuclei, n_up):
    """Electrons with spin up and down about each nucleus, ``(count, M)`` each."""
    each = np.asarray(near)[..., None] == np.arange(nuclei)
    return each[:, :n_up].sum(axis=1), each[:, n_up:].sum(axis=1)


@pytest.mark.parametrize(
    ("charges", "n_up", "n_down", "core"),
    [
        ([1, 1], 1, 1, [0, 0]),
        ([1, 1, 1, 1], 2, 2, [0, 0, 0, 0]),
        ([1, 1, 1], 3, 0, [0, 0, 0]),
        ([3, 1], 2, 2, [1, 0]),
        ([1, 7, 2], 5, 5, [0, 1, 0]),
        ([3, 3], 6, 0, [0, 0]),
    ],
)
def test_starts_are_neutral_and_share_spins_in_all_ways(charges, n_up, n_down, core):
    """Every nucleus has its charge in electrons; u up of v outer ones by Π C(v, u)/C(V, U).

    Each frequency of 4,000 walkers within 5 deviations.
    """
    near = homes(jax.random.key(0), 4000, charges=np.array(charges), n_up=n_up, n_down=n_down)
    up, down = counts_of(near, len(charges), n_up)
    np.testing.assert_array_equal(up + down, np.broadcast_to(charges, up.shape))
    assert (up >= core).all() and (down >= core).all()
    outer, found = np.array(charges) - 2 * np.array(core), {}
    for one in up - core:
        found[tuple(one)] = found.get(tuple(one), 0) + 1
    total = comb(int(outer.sum()), n_up - sum(core))
    chances = {
        one: np.prod([comb(v, u) for v, u in zip(outer, one, strict=True)]) / total
        for one in np.ndindex(*(outer + 1))
        if sum(one) == n_up - sum(core)
    }
    assert set(found) <= set(chances)
    for one, chance in chances.items():
        deviation = (4000 * chance * (1 - chance)) ** 0.5
        assert abs(found.get(one, 0) - 4000 * chance) <= 5 * deviation


@pytest.mark.parametrize(
    ("charges", "n_up", "n_down"), [([1, 1], 1, 0), ([1, 1], 2, 1), ([2, 3], 3, 3), ([2, 1], 2, 2)]
)
def test_ions_lack_or_have_electrons_at_random_nuclei(charges, n_up, n_down):
    """No nucleus is always the one; their numbers differ from the charges by the ion's in all."""
    near = homes(jax.random.key(1), 2000, charges=np.array(charges), n_up=n_up, n_down=n_down)
    excess = sum(counts_of(near, len(charges), n_up)) - np.array(charges)
    assert (excess.sum(axis=1) == n_up + n_down - sum(charges)).all()
    assert np.abs(excess).sum(axis=1).max() == abs(n_up + n_down - sum(charges))
    assert ((excess != 0).mean(axis=0) > 0.2).all()


@pytest.mark.slow
def test_first_walkers_do_not_depend_on_the_order_of_nuclei():
    """How often each of the six ways to point two of four spins up comes, in each order.

    A sixth each of 6,000 walkers, within 5 deviations, by the place and not by its number.
    """
    for order in ORDERS.values():
        walkers = pair(order).walkers(jax.random.key(3), 6000)
        # A nucleus by its place on the line through both molecules, 1.4 bohr and a spread of 1.
        near = homes(jax.random.key(3), 6000, charges=np.ones(4), n_up=2, n_down=2)
        up, _ = counts_of(np.asarray(order)[np.asarray(near)], 4, 2)
        ways, found = np.unique(up, axis=0, return_counts=True)
        assert len(ways) == 6
        assert (np.abs(found - 1000) < 5 * (1000 * 5 / 6) ** 0.5).all()
        far = np.asarray(walkers)[:, :, 0] > 150
        triplets = np.mean(far[:, :2].sum(axis=1) != 1)
        assert abs(triplets - 1 / 3) < 5 * (2 / 9 / 6000) ** 0.5
        assert (far.sum(axis=1) == 2).all()


@pytest.mark.slow
def test_orbitals_do_not_depend_on_the_order_of_nuclei():
    """To rounding, hetero-nuclear ones too, although overlaps are found by Monte Carlo."""
    places, symbols = [(0.0, 0, 0), (1.8, 0, 0), (-0.4, 1.7, 0)], ["O", "H", "H"]
    x, values = jax.random.normal(jax.random.key(0), (10, 3)), []
    for order in ([0, 1, 2], [1, 0, 2], [2, 1, 0]):
        water = pm.vmc.Molecule(
            nuclei=tuple(symbols[i] for i in order),
            positions=tuple(places[i] for i in order),
            name="water",
        )
        psi = log_psi_of(water, pm.vmc.Slater(water))
        params = {"params": {"log_scale": jnp.zeros(())}}
        values.append(float(psi(params, x)))
    np.testing.assert_allclose(values, values[0], rtol=1e-9)


@pytest.mark.slow
def test_the_energy_does_not_depend_on_the_order_of_nuclei():
    """Two molecules far apart have twice the energy of one, −2.2505(9) hartree, within 4σ.

    A third of the walkers start as triplet and triplet; listed A, B, A, B all did, electrons got
    lost between the molecules, and the energy was −1.693(4). Listed A, A, B, B it was right.
    """
    far = pair(ORDERS["A, B, A, B"])
    state = pm.ground_state(
        far,
        pm.vmc.Slater(far),
        walkers=64,
        sweeps=5,
        steps=0,
        measurements=100,
        key=jax.random.key(1),
    )
    assert abs(state.energy.mean + 2.2505) < 4 * state.energy.error < 0.2
    assert state.energy.converged
    right = np.asarray(state.measurement.walkers)[:, :, :, 0] > 150
    assert (right[:, :, :2].sum(axis=2) == 1).all() and (right.sum(axis=2) == 2).all()


@pytest.mark.slow
def test_walkers_that_stay_as_they_started_are_no_equilibrium():
    """Without jumps the third that start as triplets stay: R̂ between starts tells."""
    far = pair(ORDERS["A, B, A, B"])
    psi = pm.vmc.Slater(far)
    log_psi = log_psi_of(far, psi)
    params = {"params": {"log_scale": jnp.zeros(())}}
    start = partial(far.walkers, count=32)
    moves = partial(pm.metropolis, pm.vmc.log_density(log_psi), start, sweeps=1)
    groups = partial(shares, positions=far.places, n_up=2)
    labels = groups(start(jax.random.key(0)))
    assert len(np.unique(labels)) > 5
    with pytest.raises(pm.errors.SamplingError, match="no equilibrium"):
        pm.vmc.measure(
            log_psi, params, far.local_energy, moves, key=jax.random.key(4), steps=50, groups=groups
        )


def test_jumps_exist_only_between_nuclei_too_far_for_electrons():
    """Both ways between the molecules; none in lithium hydride, nor along a chain of atoms."""
    vectors = crossings(PLACES)
    assert len(vectors) == 2 * 2 * 2
    assert {tuple(v) for v in vectors} == {tuple(-v) for v in vectors}
    assert (np.abs(vectors[:, 0]) == 300).all()
    assert len(crossings(pm.vmc.Molecule(name="LiH").places)) == 0
    chain = np.zeros((10, 3))
    chain[:, 2] = 1.8 * np.arange(10)
    assert len(crossings(chain)) == 0


def test_moves_of_nuclei_close_by_are_left_as_they_are():
    """No jump, and so the same program and the same bits, in a molecule, a dot and an atom."""
    moves = partial(pm.metropolis, None, None)
    for system in (pm.vmc.Molecule(name="LiH"), pm.QuantumDot(), pm.vmc.Atom(symbol="Be")):
        assert between_nuclei(system, moves, None) is moves
    assert between_nuclei(pair(ORDERS["A, B, A, B"]), moves, None) is not moves


def test_labels_count_electrons_by_the_next_nucleus():
    x = np.zeros((3, 4, 3))
    x[:, :, 0] = [[0, 300, 300, 0], [300, 0, 0, 300], [0, 0, 300, 300]]
    labels = shares(x, positions=PLACES[::2], n_up=2)
    assert labels[0] == labels[1] != labels[2]
