"""Kinetic and potential energy: known parts of exact states, and what is refused."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm


def test_parts_of_an_oscillator():
    """Half and half, whatever ω; together the energy, without any error of its own."""
    trap = pm.vmc.HarmonicOscillator(particles=2, dimension=2, omega=2.0)
    x = np.random.default_rng(0).normal(scale=0.5, size=(40, 200, 2, 2))
    parts = pm.vmc.energy_parts(trap, lambda x: -jnp.sum(x**2), x)
    for part in parts:
        assert abs(part.mean - 2.0) < 4 * part.error
        assert 0 < part.error < 0.05
    np.testing.assert_allclose(parts.kinetic.mean + parts.potential.mean, 4.0, rtol=1e-12)


def test_the_virial_theorem_of_hydrogen():
    """``⟨T⟩ = ½`` and ``⟨V⟩ = −1``: radii of ``e^{−2r} r²`` are gamma distributed."""
    rng = np.random.default_rng(1)
    direction = rng.normal(size=(40, 200, 1, 3))
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    x = direction * rng.gamma(3.0, 0.5, size=(40, 200, 1, 1))
    parts = pm.vmc.energy_parts(pm.vmc.Hydrogen(), lambda x: -jnp.linalg.norm(x), x)
    assert abs(parts.kinetic.mean - 0.5) < 4 * parts.kinetic.error
    assert abs(parts.potential.mean + 1.0) < 4 * parts.potential.error


def test_one_walker_that_is_not_finite_does_not_spoil_the_parts_of_all():
    """An electron on the nucleus is left out and not counted; two of 400 are refused."""
    x = np.random.default_rng(1).normal(size=(10, 40, 1, 3))
    whole = pm.vmc.energy_parts(pm.vmc.Hydrogen(), lambda x: -jnp.linalg.norm(x), x)
    x[3, 7] = 0.0
    parts = pm.vmc.energy_parts(pm.vmc.Hydrogen(), lambda x: -jnp.linalg.norm(x), x)
    for part, before in zip(parts, whole, strict=True):
        assert part.samples == 399
        assert 0 < abs(part.mean - before.mean) < before.error
    x[4, 8] = 0.0
    with pytest.raises(pm.errors.NonFiniteError, match="2 of 400 walkers"):
        pm.vmc.energy_parts(pm.vmc.Hydrogen(), lambda x: -jnp.linalg.norm(x), x)


@pytest.mark.parametrize(
    "system",
    [
        pm.vmc.DoubleWell(),
        pm.vmc.Hydrogen(),
        pm.QuantumDot(n_up=3, n_down=1),
        pm.vmc.ElectronGas(n_up=1, n_down=1),
        pm.vmc.Calogero(particles=3),
        pm.vmc.TrappedBosons(particles=3),
        pm.vmc.Atom(),
        pm.vmc.Molecule(),
    ],
    ids=lambda system: system.name,
)
def test_a_flat_state_has_the_potential_alone(system):
    x = jnp.asarray(np.random.default_rng(2).normal(size=system.shape))
    flat = lambda x: 0.0 * jnp.sum(x)
    np.testing.assert_allclose(system.local_energy(flat, x), system.potential_energy(x), rtol=1e-12)


def test_what_does_not_fit_is_refused():
    trap = pm.vmc.HarmonicOscillator()
    with pytest.raises(pm.errors.ShapeError, match=r"\(snapshots, walkers, 1, 1\) of harmonic"):
        pm.vmc.energy_parts(trap, lambda x: jnp.sum(x), np.ones((5, 1, 1)))
    bare = pm.System(lambda log_psi, x: 0.0, (1, 1))
    with pytest.raises(pm.errors.ConfigurationError, match="tells no potential_energy"):
        pm.vmc.energy_parts(bare, lambda x: jnp.sum(x), np.ones((5, 5, 1, 1)))
