"""What one particle does alone, in a periodic cell: its density matrix and its momenta."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import check_unmasked
from physml.as_whole import as_whole
from physml.errors import ConfigurationError, ShapeError
from physml.vmc.observables import Observable, SumRule, mean_and_error, sum_rule
from physml.vmc.signed_log import knows_sign, psi_ratio
from physml.vmc.systems.cell import Cell, check_twist, shell_numbers

# A period is kept but for rounding, which is amplified near a node.
_TOLERANCE = {64: 1e-6, 32: 1e-2}


def momentum_distribution(
    psi: Callable[[Array], Any],
    walkers: np.ndarray,
    cell: Cell,
    *,
    key: Array,
    particles: int,
    waves: int = 33,
    twist: tuple[float, ...] | None = None,
) -> Observable:
    """The occupation ``n(k) = ⟨Σ_i ψ(…, r_i + s, …)/ψ(…, r_i, …) e^{−ik·s}⟩`` of plane waves.

    The mean is over walkers and over displacements ``s`` uniform in the cell, one for each walker.
    It is the Fourier transform of the one-body density matrix: between 0 and 1 for fermions of one
    spin, a step for free ones. Sum rule: over all waves it is the number of particles, over some of
    them no more.

    Args:
        psi: ``walker (N, d) -> SignedLog``, real or complex, with the cell's period but for the
            twist, or ``GroundState.log_psi``.
        walkers: ``(snapshots, walkers, N, d)``, in bohr, drawn from ``|ψ|²``.
        cell: the periodic cell.
        key: a random key, for the displacements.
        particles: the first so many of each walker are displaced: those of spin up.
        waves: how many of the shortest wave vectors, in whole shells.
        twist: phases of ψ across the cell in units of 2π, as ``system.twist``: the waves are
            ``2π (n + t)/L``. None: periodic.

    Returns:
        Wave numbers in 1/bohr of each shell, the occupation averaged over it, and its errors from
        the spread of the walkers' chains.

    Raises:
        ShapeError: for walkers of another dimension, or fewer particles.
        ConfigurationError: for waves that do not fill shells, another twist than that of ψ, or a
            function of ``log|ψ|`` alone of several particles.

    Source: McMillan (1965), doi:10.1103/PhysRev.138.A442.
    """
    particles = as_whole("particles", particles, least=1)
    _check_walkers(walkers, cell, particles)
    _check_sign(psi, walkers)
    _check_period(psi, walkers[0, 0], cell, twist)
    waves = as_whole("waves", waves)
    k = cell.waves(waves, twist=twist)
    shell = shell_numbers(np.sum(k**2, axis=1))
    shape = (*walkers.shape[:2], cell.dimension)
    sides = jnp.asarray(cell.lengths, walkers.dtype)[None, None]
    apart = jax.random.uniform(key, shape, walkers.dtype) * sides
    total = _ratios(psi, walkers, apart, particles)
    phase = np.asarray(apart, np.float64) @ k.T
    chains = np.real(total[..., None] * np.exp(-1j * phase)).mean(axis=0)
    whole = [chains[:, shell == number] for number in range(shell[-1] + 1)]
    at = np.array([np.linalg.norm(k[shell == number][0]) for number in range(shell[-1] + 1)])
    words = f"Σ n(k) over {waves} waves, at most the particles"
    rule = sum_rule(words, chains.sum(axis=-1), 0.0, float(particles))
    means = np.stack([every.mean(axis=-1) for every in whole], axis=-1)
    return Observable(at, *mean_and_error(means), rule)


def one_body_density_matrix(
    psi: Callable[[Array], Any],
    walkers: np.ndarray,
    cell: Cell,
    *,
    key: Array,
    particles: int,
    bins: int = 20,
) -> Observable:
    """The density matrix ``ρ(s) = ⟨Σ_i Re ψ(…, r_i + s, …)/ψ(…, r_i, …)⟩/N`` against ``|s|``.

    Averaged over directions, with ``ρ(0) = 1``: how far a particle of the first ``N`` remembers its
    phase. One displacement for each walker, of a length uniform within each bin in turn. Sum rule:
    no ``|ρ(s)|`` is more than ``ρ(0)``.

    Args:
        psi: ``walker (N, d) -> SignedLog``, real or complex, periodic in the cell, with or without
            a twist, or ``GroundState.log_psi``.
        walkers: ``(snapshots, walkers, N, d)``, in bohr, drawn from ``|ψ|²``.
        cell: the periodic cell.
        key: a random key, for the displacements.
        particles: the first so many of each walker are displaced: those of spin up.
        bins: shells from 0 to half the shortest length of the cell, no more than walkers.

    Returns:
        The middle of each shell in bohr, ``ρ``, and its errors from the spread of the walkers.

    Raises:
        ShapeError: for walkers of another dimension, or fewer particles.
        ConfigurationError: for fewer than one shell, fewer than two walkers a shell, or a function
            of ``log|ψ|`` alone of several particles.

    Source: McMillan (1965), doi:10.1103/PhysRev.138.A442.
    """
    particles = as_whole("particles", particles, least=1)
    _check_walkers(walkers, cell, particles)
    _check_sign(psi, walkers)
    snapshots, count, _, d = walkers.shape
    bins = as_whole("bins", bins)
    if not 1 <= bins <= count // 2:
        raise ConfigurationError(
            f"bins: expected 1 to {count // 2}, half as many as walkers, got {bins}"
        )
    key_length, key_direction = jax.random.split(key)
    width = min(cell.lengths) / 2 / bins
    shell = np.arange(count) % bins
    unit = jax.random.uniform(key_length, (snapshots, count), walkers.dtype)
    direction = jax.random.normal(key_direction, (snapshots, count, d), walkers.dtype)
    direction /= jnp.linalg.norm(direction, axis=-1, keepdims=True)
    lengths = width * (shell + np.asarray(unit))
    total = _ratios(psi, walkers, direction * jnp.asarray(lengths)[..., None], particles)
    chains = total.real.mean(axis=0) / particles
    every = [chains[shell == b] for b in range(bins)]
    means, errors = zip(*(mean_and_error(chain) for chain in every), strict=True)
    values = np.array(means)
    most = int(np.argmax(np.abs(values)))
    rule = SumRule("the largest |ρ(s)|", float(abs(values[most])), float(errors[most]), 0.0, 1.0)
    return Observable(width * (np.arange(bins) + 0.5), values, np.array(errors), rule)


def _check_period(
    psi: Callable[[Array], Any],
    walker: np.ndarray,
    cell: Cell,
    twist: tuple[float, ...] | None,
) -> None:
    """Refuse another phase of ψ across the cell than that of the twist."""
    asked = np.array(
        check_twist((0.0,) * cell.dimension if twist is None else twist, cell.dimension)
    )
    x = jnp.asarray(walker)
    moved = jnp.stack([x.at[0, a].add(side) for a, side in enumerate(cell.lengths)])
    ratios = np.asarray(jax.jit(jax.vmap(lambda there: psi_ratio(psi, there, x)))(moved))
    tolerance = _TOLERANCE[jnp.finfo(x.dtype).bits]
    if not np.all(np.abs(ratios - np.exp(2j * np.pi * asked)) <= tolerance):
        phases = ", ".join(f"{phase:.6g}" for phase in np.angle(ratios) / (2 * np.pi))
        sizes = ", ".join(f"{size:.6g}" for size in np.abs(ratios))
        raise ConfigurationError(
            f"twist: expected the phases of ψ across the cell in units of 2π, got {twist}; a "
            f"particle moved by the cell's lengths multiplies ψ by phases of ({phases}) and sizes "
            f"of ({sizes}), which would be 1: is it the cell of ψ? Give the system's twist"
        )


def _check_sign(psi: Callable[[Array], Any], walkers: np.ndarray) -> None:
    """Refuse ``log|ψ|`` of several particles, whose ratios would be those of bosons."""
    one = jax.ShapeDtypeStruct(walkers.shape[2:], jnp.asarray(walkers[:0]).dtype)
    if walkers.shape[2] > 1 and not knows_sign(psi, one):
        raise ConfigurationError(
            "psi: expected a ψ with its sign, a SignedLog or GroundState.log_psi, got a function "
            "of log|ψ| alone; of a ψ that is positive give Psi(function)"
        )


def _check_walkers(walkers: np.ndarray, cell: Cell, particles: int) -> None:
    check_unmasked("walkers", walkers)
    d = cell.dimension
    if walkers.ndim != 4 or walkers.shape[3] != d or not 1 <= particles <= walkers.shape[2]:
        raise ShapeError(
            f"walkers: expected (snapshots, walkers, N, {d}) with N ≥ {particles}, at least one, "
            f"got {walkers.shape}"
        )


def _ratios(
    psi: Callable[[Array], Any], walkers: np.ndarray, apart: Array, particles: int
) -> np.ndarray:
    """``Σ_i ψ(…, r_i + s, …)/ψ`` over the first particles, ``(snapshots, walkers)``, complex."""

    def one(x: Array, s: Array) -> Array:
        def ratio(i: Array) -> Array:
            return psi_ratio(psi, x.at[i].add(s), x)

        return jnp.sum(jax.lax.map(ratio, jnp.arange(particles)))

    every = jax.lax.map(lambda pair: jax.vmap(one)(*pair), (jnp.asarray(walkers), apart))
    return np.asarray(every, np.complex128)
