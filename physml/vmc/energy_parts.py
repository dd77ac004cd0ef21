"""The energy of a measured state by parts: how much moves, how much attracts and repels."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import check_unmasked
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.sampling import Estimate, estimate
from physml.types import Field
from physml.vmc.left_out import bearable, filled
from physml.vmc.local_energies import local_energies
from physml.vmc.systems.system import QuantumSystem, check_system


class EnergyParts(NamedTuple):
    """``⟨T⟩`` and ``⟨V⟩`` in hartree, each with its own error bar; they fluctuate together.

    Attributes:
        kinetic: ``E_L − V``.
        potential: ``V``.
    """

    kinetic: Estimate
    potential: Estimate


def energy_parts(system: QuantumSystem, log_psi: Field, walkers: np.ndarray) -> EnergyParts:
    """Kinetic and potential energy over snapshots of ``|ψ|²``.

    Where particles attract and repel by ``1/r`` alone, an exact state in open space obeys the
    virial theorem ``2⟨T⟩ = −⟨V⟩``; with nuclei held at ``R_A`` by forces, a stretched molecule,
    ``2⟨T⟩ = −⟨V⟩ + Σ_A R_A · F_A`` with the forces ``F_A = −dE/dR_A`` of ``nuclear_forces``.

    Args:
        system: with a ``potential_energy``, ``walker (N, d) -> V``.
        log_psi: ``walker (N, d) -> log ψ``, as ``GroundState.log_psi``.
        walkers: ``(snapshots, walkers, N, d)`` in bohr, as ``GroundState.measurement.walkers``.

    Returns:
        Estimates whose error bars come from blocking over the snapshots.

    Raises:
        ConfigurationError: for a system that does not tell its potential energy.
        ShapeError: for walkers of another system, or fewer than four snapshots.
        NonFiniteError: more than one walker in 10⁴, or one in all, without a finite energy; fewer
            are left out as by ``measure``.

    >>> import jax.numpy as jnp, numpy as np, physml as pm
    >>> trap = pm.vmc.HarmonicOscillator()
    >>> x = np.random.default_rng(0).normal(scale=0.5**0.5, size=(50, 100, 1, 1))
    >>> parts = pm.vmc.energy_parts(trap, lambda x: -0.5 * jnp.sum(x**2), x)
    >>> abs(parts.kinetic.mean - 0.25) < 4 * parts.kinetic.error
    True
    """
    check_system(system, "energy_parts")
    potential_energy = system.potential_energy
    if potential_energy is None:
        raise ConfigurationError(
            f"energy_parts: {system.name} tells no potential_energy(x); give it that method"
        )
    check_unmasked("walkers", walkers)
    if walkers.ndim != 4 or walkers.shape[2:] != system.shape:
        raise ShapeError(
            f"walkers: expected (snapshots, walkers, {', '.join(map(str, system.shape))}) of "
            f"{system.name}, got {walkers.shape}"
        )

    # ψ as it was given: as a function of parameters, which it has none of, it would lose its sign.
    def both(_: Field, x: Array) -> Array:
        potential = potential_energy(x)
        kinetic = jnp.real(system.local_energy(log_psi, x)) - potential
        return jnp.stack([kinetic, potential])

    def snapshot(x: Array) -> Array:
        return local_energies(both, lambda params, y: log_psi(y), (), x)

    found = np.asarray(jax.lax.map(snapshot, jnp.asarray(walkers)), np.float64)
    bad = ~np.isfinite(found).all(axis=-1)
    if bad.sum() > bearable(bad.size):
        raise NonFiniteError(
            f"energy_parts: {bad.sum()} of {bad.size} walkers have an energy that is not finite; "
            f"first at {walkers[tuple(np.argwhere(bad)[0])].tolist()}. Expected finite numbers "
            "away from coinciding particles"
        )
    found, kept = filled(found, walkers), bad.size - int(bad.sum())
    kinetic, potential = (estimate(found[..., i])._replace(samples=kept) for i in range(2))
    return EnergyParts(kinetic, potential)
