"""Pre-training: orbitals of wave functions, and how they come to those of Hartree–Fock."""

from __future__ import annotations

import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

import physml as pm
from physml.vmc import SYSTEMS
from physml.vmc.recipe import VMCRecipe
from physml.vmc.wavefunctions.determinants import slater_determinants
from physml.vmc.wavefunctions.neural_slater import orbital_matrices

LITHIUM = pm.vmc.Atom(symbol="Li")


@pytest.mark.slow
@pytest.mark.parametrize("kind", [pm.vmc.MessagePassing, pm.vmc.FermiNet, pm.vmc.PsiFormer])
def test_orbitals_are_those_in_the_determinants(kind):
    """ψ over their determinants is the Jastrow factor, which no node changes."""
    psi = kind(LITHIUM, width=4, iterations=1, determinants=2)
    x = LITHIUM.walkers(jax.random.key(0), 1)[0]
    params = jax.jit(psi.init)(jax.random.key(1), x)
    assert set(params) == {"params"}

    @jax.jit
    def jastrow(key):
        flat, unravel = ravel_pytree(params["params"])
        moved = unravel(flat + 0.1 * jax.random.normal(key, flat.shape))
        moved["jastrow"] = params["params"]["jastrow"]
        matrices = orbital_matrices(psi, {"params": moved}, x)
        log, sign = slater_determinants(matrices, LITHIUM.n_up)
        whole = psi.apply({"params": moved}, x)
        return whole.log - log, whole.sign * sign, matrices

    (first, sign, matrices), (second, *_) = jastrow(jax.random.key(2)), jastrow(jax.random.key(3))
    assert matrices.shape[:2] == (2, 3)
    assert sign == 1
    assert abs(first) > 1e-3
    np.testing.assert_allclose(first, second, atol=1e-12)


def test_orbitals_come_to_hartree_fock_s():
    """Within a few percent in the mean, after 100 steps of Adam."""
    pytest.importorskip("pyscf")
    target = pm.vmc.hartree_fock(LITHIUM, basis="cc-pvdz")
    psi = pm.vmc.MessagePassing(LITHIUM, width=4, iterations=1)
    result = pm.vmc.pretrain(
        LITHIUM,
        psi,
        target,
        optimizer=optax.adam(0.01),
        walkers=64,
        sweeps=5,
        steps=100,
    )
    losses = result.history["loss"]
    assert losses.shape == (100,)
    assert np.mean(losses[-10:]) < 0.1 * losses[0]
    walkers = LITHIUM.walkers(jax.random.key(5), 200)
    found = jax.vmap(lambda x: orbital_matrices(psi, result.params, x)[0, :2, :2])(walkers)
    expected = jax.vmap(lambda x: target.orbitals(x)[:2, :2])(walkers)
    assert jnp.mean((found - expected) ** 2) < 0.01 * jnp.mean(expected**2)


@pytest.mark.slow
def test_beryllium_starts_near_hartree_fock():
    """−14.573 hartree; seed 0: −14.218(22) at the start, −14.547(12) after 300 steps."""
    pytest.importorskip("pyscf")
    beryllium = pm.vmc.Atom(symbol="Be")
    target = pm.vmc.hartree_fock(beryllium)
    psi = pm.vmc.MessagePassing(beryllium, width=16, determinants=4)
    found = pm.vmc.pretrain(beryllium, psi, target, steps=300)
    measured = partial(pm.ground_state, beryllium, psi, walkers=256, steps=0, measurements=100)
    start, after = measured().energy, measured(params=found.params).energy
    assert start.mean > target.energy + 0.2
    assert abs(after.mean - target.energy) < 0.05 + 3 * after.error


@pytest.mark.slow
def test_a_ground_state_starts_from_given_parameters():
    atom = pm.vmc.Atom(symbol="H")
    psi = pm.vmc.Slater(atom)
    given = {"params": {"log_scale": jnp.asarray(0.1)}}
    small = {"walkers": 16, "steps": 0, "measurements": 8, "sweeps": 2}
    state = pm.ground_state(atom, psi, params=given, **small)
    assert state.params == given
    with pytest.raises(pm.errors.ShapeError, match="needs the same network"):
        pm.ground_state(atom, psi, params={"params": {"log_scale": jnp.ones(2)}}, **small)


def test_a_recipe_pretrains_first(tmp_path):
    """In a phase of its own; hydrogen's orbital is exact from the start."""
    pytest.importorskip("pyscf")
    entry = SYSTEMS["atom"]
    atom = pm.vmc.Atom(symbol="H")
    recipe = VMCRecipe(
        wavefunction=pm.vmc.WavefunctionSettings(name="message-passing"),
        walkers=16,
        sweeps=2,
        pretrain=3,
        steps=2,
        measurements=8,
    )
    with pm.Run.create(tmp_path) as run:
        state = entry.solve(atom, recipe, key=jax.random.key(1), run=run)
        before, after = run.rows("metrics.jsonl", "pretrain"), run.rows("metrics.jsonl", "train")
    assert (len(before), len(after)) == (3, 2)
    assert "acceptance" in before[0]
    assert state.energy.mean == pytest.approx(-0.5, abs=0.01)


def test_bad_input_is_named(monkeypatch):
    target = pm.vmc.HartreeFock(0.0, "none", 2, lambda x: jnp.zeros((3, 2)))
    with pytest.raises(pm.errors.ConfigurationError, match="message-passing, ferminet or psiform"):
        pm.vmc.pretrain(LITHIUM, pm.SlaterJastrow(LITHIUM), target, optimizer=optax.sgd(0.1))
    with pytest.raises(pm.errors.ConfigurationError, match="walkers: expected at least 2, got 1"):
        pm.vmc.pretrain(LITHIUM, pm.vmc.FermiNet(LITHIUM), target, walkers=1)
    with pytest.raises(pm.errors.ConfigurationError, match="those of 2 electrons with spin up"):
        pm.vmc.pretrain(LITHIUM, pm.vmc.FermiNet(LITHIUM), target._replace(n_up=1))
    with pytest.raises(pm.errors.ConfigurationError, match="an Atom or a Molecule, got quantum-do"):
        pm.vmc.hartree_fock(pm.QuantumDot())
    with pytest.raises(pm.errors.ConfigurationError, match="pretrain: expected at least 0, got -1"):
        VMCRecipe(pretrain=-1)
    monkeypatch.setitem(sys.modules, "pyscf", None)
    with pytest.raises(pm.errors.MissingDependencyError, match=r"physml\[chem\]"):
        pm.vmc.hartree_fock(LITHIUM)
