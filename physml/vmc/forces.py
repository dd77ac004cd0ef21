"""Forces on nuclei at rest, by an estimator whose variance is finite.

    F_A = Σ_B Z_A Z_B (R_A − R_B)/R_AB³
          + Z_A ⟨Σ_i (1 − r̂_iA r̂_iAᵀ) ∇_i log ψ / r_iA⟩ + 2 ⟨(E_L − E) Q_A⟩

The pull of the electrons by Hellmann and Feynman, ``Z_A Σ_i (r_i − R_A)/r_iA³``, has an infinite
variance. The mean of ``(H − E_L)(Qψ)/ψ`` over ``|ψ|²`` is zero for any ``Q``. With

    Q_A = −Z_A Σ_i (r_i − R_A)/r_iA,

which is ``−∂ log ψ/∂R_A`` near the nucleus, it takes the divergence away and leaves the second
term. The third is the part of the bias of an inexact ψ that such a ``Q`` can tell.
"""

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
from physml.vmc.signed_log import check_one_number
from physml.vmc.systems.system import QuantumSystem, check_system


class NuclearForces(NamedTuple):
    """Forces in hartree/bohr, ``(M, 3)`` for M nuclei.

    Attributes:
        values: ``−dE/dR_A``.
        errors: one standard deviation of each, by blocking.
        tau: autocorrelation times, in snapshots.
        rhat: split-R̂.
        not_finite: walkers left out since their local energy or force is not finite.
    """

    values: np.ndarray
    errors: np.ndarray
    tau: np.ndarray
    rhat: np.ndarray
    not_finite: int = 0


def nuclear_forces(system: QuantumSystem, log_psi: Field, walkers: np.ndarray) -> NuclearForces:
    """The force on each nucleus over snapshots of ``|ψ|²``, from ``∇log ψ`` and local energies.

    Its variance is finite, and zero where ``Q`` is the exact ``−∂ log ψ/∂R_A`` of an exact ψ, as
    for a hydrogen-like atom. Of an inexact ψ the force has an error of first order in that of ψ,
    part of which the term ``2 ⟨(E_L − E) Q⟩`` removes; the energy's is of second order.

    Args:
        system: an ``Atom`` or a ``Molecule``.
        log_psi: ``walker (N, 3) -> log ψ``, real, with the cusps at the nuclei, such as
            ``GroundState.log_psi``.
        walkers: ``(snapshots, walkers, N, 3)`` in bohr, as ``GroundState.measurement.walkers``.

    Returns:
        Forces whose error bars come from blocking over the snapshots.

    Raises:
        ConfigurationError: for a system without nuclei, or in a periodic cell.
        ShapeError: for walkers of another system, or fewer than four snapshots; a log ψ that is
            not one number.
        NonFiniteError: for electrons on a nucleus, or another place without a local energy, if
            more than one in 10⁴ or one in all; fewer are left out as by ``measure``.

    Source: Assaraf and Caffarel (2003), doi:10.1063/1.1621615 (zero variance, and zero bias).

    >>> import jax.numpy as jnp, numpy as np, physml as pm
    >>> x = np.random.default_rng(0).normal(size=(20, 50, 1, 3))
    >>> found = pm.vmc.nuclear_forces(pm.vmc.Atom(symbol="H"), lambda x: -jnp.linalg.norm(x), x)
    >>> float(np.abs(found.values).max()) < 1e-6
    True
    """
    check_system(system, "nuclear_forces")
    places, charges = system.places, system.charges
    if places is None or charges is None or system.cell is not None:
        raise ConfigurationError(
            f"nuclear_forces: expected a system of electrons about nuclei at rest in open space, "
            f"an Atom or a Molecule, got {system.name}"
        )
    check_unmasked("walkers", walkers)
    if walkers.ndim != 4 or walkers.shape[2:] != system.shape:
        raise ShapeError(
            f"walkers: expected (snapshots, walkers, {', '.join(map(str, system.shape))}) of "
            f"{system.name}, got {walkers.shape}"
        )
    charges = np.asarray(charges, float)
    one = jax.ShapeDtypeStruct(system.shape, jnp.result_type(float))
    check_one_number(jax.eval_shape(log_psi, one), system.shape)

    # ψ as it was given: as a function of parameters, which it has none of, it would lose its sign.
    def parts(_: Field, x: Array) -> Array:
        """Local energy, then the pull on each nucleus, then each Q, ``(1 + 6 M,)``."""
        slope = jax.grad(lambda y: jnp.real(log_psi(y)))(x)[:, None]
        apart = x[:, None] - jnp.asarray(places, x.dtype)[None]
        r = jnp.linalg.norm(apart, axis=-1, keepdims=True)
        towards = apart / r
        across = slope - towards * jnp.sum(towards * slope, axis=-1, keepdims=True)
        z = jnp.asarray(charges, x.dtype)[:, None]
        pull, q = z * jnp.sum(across / r, axis=0), -z * jnp.sum(towards, axis=0)
        energy = jnp.real(system.local_energy(log_psi, x))
        return jnp.concatenate([energy[None], pull.ravel(), q.ravel()])

    def snapshot(x: Array) -> Array:
        return local_energies(parts, lambda params, y: log_psi(y), (), x)

    found = np.asarray(jax.lax.map(snapshot, jnp.asarray(walkers)), np.float64)
    bad = ~np.isfinite(found).all(axis=-1)
    if bad.sum() > bearable(bad.size):
        raise NonFiniteError(
            f"nuclear_forces: {bad.sum()} of {bad.size} walkers have a local energy or force that "
            f"is not finite; first at {walkers[tuple(np.argwhere(bad)[0])].tolist()}. Expected "
            "electrons away from nuclei and from each other"
        )
    found = filled(found, walkers)
    energy, (pull, q) = found[..., :1], np.split(found[..., 1:], 2, axis=-1)
    # Each mean is subtracted from both factors, so that the error bar is that of a covariance.
    centred = 2 * (energy - energy.mean()) * (q - q.mean(axis=(0, 1)))
    every = pull + centred + _repulsion(charges, np.asarray(places)).ravel()
    each: list[Estimate] = [estimate(every[..., i]) for i in range(every.shape[-1])]

    def column(name: str) -> np.ndarray:
        return np.array([getattr(one, name) for one in each]).reshape(-1, 3)

    judged = column("mean"), column("error"), column("tau"), column("rhat")
    return NuclearForces(*judged, int(bad.sum()))


def _repulsion(charges: np.ndarray, places: np.ndarray) -> np.ndarray:
    """``Σ_B Z_A Z_B (R_A − R_B)/R_AB³``, ``(M, 3)``."""
    apart = places[:, None] - places[None]
    distance = np.linalg.norm(apart, axis=-1) + np.diag(np.full(len(places), np.inf))
    weights = charges[:, None] * charges[None] / distance**3
    forces: np.ndarray = np.sum(weights[..., None] * apart, axis=1)
    return forces
