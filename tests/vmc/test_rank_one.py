"""Ratios and inverses of one-electron moves against a fresh evaluation of ψ."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.vmc.wavefunctions.rank_one import inverses, replace_row

GAS = pm.vmc.ElectronGas(n_up=7, n_down=1, rs=2.0)
TWISTED = pm.vmc.ElectronGas(n_up=7, n_down=7, rs=2.0, twist=(0.25, 0.25, 0.25))
STATES = {
    "dot": pm.SlaterJastrow(pm.QuantumDot(n_up=6, n_down=3), widths=(5,)),
    "atom": pm.SlaterJastrow(pm.vmc.Atom(symbol="Be"), widths=(5,)),
    "one spin": pm.SlaterJastrow(pm.QuantumDot(n_up=3, n_down=0), widths=()),
    "gas": pm.SlaterJastrow(GAS, widths=(5,)),
}


inverted = jax.jit(inverses, static_argnums=1)
replaced = jax.jit(replace_row, static_argnums=1)


def random_params(psi, seed=0):
    """Random numbers for every parameter, so that no part of ψ is zero."""
    shapes = jax.eval_shape(psi.init, jax.random.key(0), jnp.ones(psi.system.shape))
    draw = np.random.default_rng(seed).normal
    return jax.tree.map(lambda leaf: jnp.asarray(draw(scale=0.3, size=leaf.shape)), shapes)


def walked(psi, params, x, *, sweeps, seed=0):
    """Sweeps of accepted and refused moves from a walker, never begun afresh.

    Returns the last walker, the sum of accepted log ratios of ``|ψ|²``, the memory, and how many
    were accepted.
    """
    moves = pm.vmc.one_electron_moves(psi)
    n = len(x)

    def one(now, drawn):
        x, memory, total = now
        i, key = drawn
        key_move, key_accept = jax.random.split(key)
        place = x[i] + psi.system.length * jax.random.normal(key_move, x[i].shape)
        ratio, changed = moves.move(params, memory, x, i, place)
        yes = jnp.log(jax.random.uniform(key_accept)) < ratio
        new = (x.at[i].set(place), changed, total + ratio)
        return jax.tree.map(lambda a, b: jnp.where(yes, a, b), new, now), yes

    @jax.jit
    def walk(x):
        keys = jax.random.split(jax.random.key(seed), sweeps * n)
        start = (x, moves.begin(params, x), jnp.zeros(()))
        return jax.lax.scan(one, start, (jnp.tile(jnp.arange(n), sweeps), keys))

    (x, memory, total), accepted = walk(x)
    return x, total, memory, int(accepted.sum())


@pytest.mark.slow
@pytest.mark.parametrize("psi", STATES.values(), ids=STATES)
def test_many_moves_agree_with_a_fresh_evaluation(psi):
    """Without a fresh start for 40 sweeps: log ψ and inverses to rounding."""
    params = random_params(psi)
    start = psi.system.length * jax.random.normal(jax.random.key(1), psi.system.shape)
    x, total, memory, accepted = walked(psi, params, start, sweeps=40)
    assert 4 * len(start) < accepted < 39 * len(start)
    log = jax.jit(psi.apply)
    fresh = 2 * (log(params, x).log - log(params, start).log)
    np.testing.assert_allclose(total, fresh, rtol=1e-9, atol=1e-9)
    begin = jax.jit(partial(psi.apply, method="begin"))
    np.testing.assert_allclose(memory, begin(params, x), rtol=1e-7, atol=1e-8)


def test_complex_orbitals_have_a_complex_inverse():
    psi = pm.vmc.Slater(TWISTED)
    params = random_params(psi)
    x, total, memory, _ = walked(psi, params, TWISTED.walkers(jax.random.key(0), 1)[0], sweeps=10)
    assert jnp.iscomplexobj(memory) and not jnp.iscomplexobj(total)
    begin = jax.jit(partial(psi.apply, method="begin"))
    np.testing.assert_allclose(memory, begin(params, x), rtol=1e-8, atol=1e-9)


def test_an_inverse_is_of_each_spin():
    random = np.random.default_rng(0)
    orbitals = jnp.asarray(random.normal(size=(5, 4)))
    found = inverted(orbitals, 3)
    assert found.shape == (5, 3)
    np.testing.assert_allclose(found[:3], np.linalg.inv(orbitals[:3, :3]).T, rtol=1e-10)
    np.testing.assert_allclose(found[3:, :2], np.linalg.inv(orbitals[3:, :2]).T, rtol=1e-10)
    np.testing.assert_array_equal(found[3:, 2], 0.0)
    rows = jnp.asarray(random.normal(size=4))
    for i in (1, 4):
        log, moved = replaced(found, 3, jnp.array(i), rows)
        changed = orbitals.at[i].set(rows)
        np.testing.assert_allclose(moved, inverted(changed, 3), rtol=1e-9, atol=1e-12)
        spin, n = (slice(0, 3), 3) if i < 3 else (slice(3, 5), 2)
        before, after = (np.linalg.det(a[spin, :n]) for a in (orbitals, changed))
        np.testing.assert_allclose(log, np.log(abs(after / before)), rtol=1e-10)


@pytest.mark.slow
def test_a_walker_where_psi_is_zero_gets_away():
    """Two or three electrons of one spin at one place have no inverse; they are moved apart."""
    dot = pm.QuantumDot(n_up=3, n_down=3)
    psi = pm.vmc.Slater(dot)
    params = random_params(psi)
    start = jnp.tile(jax.random.normal(jax.random.key(0), (1, *dot.shape)), (20, 1, 1))
    start = start.at[:10, :2].set(0.3).at[10:, :3].set(0.3)
    log_psi = lambda params, x: psi.apply(params, x).log
    for how in (pm.vmc.one_electron_moves(psi), pm.vmc.log_density(log_psi)):
        sampler = pm.sampling.metropolis_one_electron(how, lambda key: start, sweeps=8)
        state = sampler.init(jax.random.key(1), params)
        _, walkers, _ = jax.jit(sampler.sample)(jax.random.key(2), state, params)
        assert np.isfinite(jax.vmap(lambda x: log_psi(params, x))(walkers)).all()


def test_a_move_onto_a_node_is_refused():
    psi = STATES["one spin"]
    params = random_params(psi)
    x = jax.random.normal(jax.random.key(0), (3, 2))
    moves = pm.vmc.one_electron_moves(psi)
    memory = jax.jit(moves.begin)(params, x)
    ratio, _ = jax.jit(moves.move)(params, memory, x, jnp.array(0), x[2])
    assert float(ratio) < -50.0


@pytest.mark.slow
def test_the_same_chain_with_and_without_updates():
    """Same keys, same proposals: what differs is rounding alone."""
    dot = pm.QuantumDot(n_up=3, n_down=1)
    psi = pm.SlaterJastrow(dot, widths=(3,))
    params = random_params(psi)
    start = lambda key: jax.random.normal(key, (30, *dot.shape))
    chains = []
    log_psi = lambda params, x: psi.apply(params, x).log
    for how in (pm.vmc.one_electron_moves(psi), pm.vmc.log_density(log_psi)):
        sampler = pm.sampling.metropolis_one_electron(how, start, sweeps=10)
        state = sampler.init(jax.random.key(1), params)
        chains.append(jax.jit(sampler.sample)(jax.random.key(2), state, params)[1])
    np.testing.assert_allclose(*chains, rtol=1e-12)


def test_two_fermions_have_their_moments():
    """In one dimension, in the lowest two orbitals of ω = ½: ``ψ² ∝ (x₁ − x₂)² e^{−½ Σ x²}``.

    ``⟨Σ x²⟩ = E/ω² = (½ + 3/2)/ω`` by the virial theorem, and ``⟨x₁ x₂⟩ = −|⟨0|x|1⟩|² = −1/2ω``.
    2000 walkers, all independent; the spreads are measured.
    """
    pair = pm.vmc.SpinlessFermions(particles=2, omega=0.5)
    psi = pm.vmc.Slater(pair)
    params = jax.tree.map(jnp.zeros_like, random_params(psi))
    start = lambda key: 3.0 * jax.random.normal(key, (2000, *pair.shape))
    sampler = pm.sampling.metropolis_one_electron(
        pm.vmc.one_electron_moves(psi), start, sweeps=5, burn_in=10
    )
    state = jax.jit(sampler.init)(jax.random.key(0), params)
    x = np.asarray(state.walkers)[..., 0]
    for found, exact in ((np.sum(x**2, axis=1), 4.0), (x[:, 0] * x[:, 1], -1.0)):
        assert abs(found.mean() - exact) < 4 * found.std() / 2000**0.5


@pytest.mark.slow
def test_a_ground_state_by_moves_of_one_electron():
    """The Hartree–Fock energy of the gas; and a network, whose log ψ is evaluated anew."""
    gas = pm.vmc.ElectronGas(n_up=5, n_down=5, rs=1.0, dimension=2)
    options = {"sampler": "metropolis-one-electron", "walkers": 128, "sweeps": 1}
    state = pm.ground_state(gas, pm.vmc.Slater(gas), steps=0, measurements=50, **options)
    assert abs(state.energy.mean - gas.hartree_fock_energy) < 4 * state.energy.error
    assert 0.4 < state.measurement.acceptance < 0.6
    trap = pm.vmc.HarmonicOscillator()
    state = pm.ground_state(trap, pm.MLP((8,)), steps=60, measurements=50, **options)
    assert abs(state.energy.mean - 0.5) < 0.01


def test_places_without_orbitals_are_refused_and_other_spins_keep_their_inverses():
    """A place where an orbital is not finite is no node of the state before; nor is the reverse."""
    random = np.random.default_rng(0)
    orbitals = jnp.asarray(random.normal(size=(6, 3)))
    inverse = inverted(orbitals, 3)
    log, _ = replaced(inverse, 3, 0, jnp.array([jnp.nan, 1.0, 1.0]))
    assert not log > -jnp.inf
    singular = inverted(orbitals.at[0].set(orbitals[1]), 3)
    log, changed = replaced(singular, 3, 0, orbitals[0])
    assert log == jnp.inf
    np.testing.assert_allclose(changed[3:], inverse[3:])
