"""What one particle does alone, in a periodic cell: its density matrix and its momenta."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, ShapeError
from physml.vmc.observables import Observable
from physml.vmc.systems.cell import Cell
from physml.vmc.wavefunctions.signed_log import SignedLog


def momentum_distribution(
    psi: Callable[[Array], SignedLog],
    walkers: np.ndarray,
    cell: Cell,
    *,
    key: Array,
    particles: int,
    waves: int = 33,
) -> Observable:
    """The occupation ``n(k) = ⟨Σ_i ψ(…, r_i + s, …)/ψ(…, r_i, …) e^{−ik·s}⟩`` of plane waves.

    The mean is over walkers and over displacements ``s`` uniform in the cell, one for each walker.
    It is the Fourier transform of the one-body density matrix: between 0 and 1 for fermions of one
    spin, a step for free ones, with the sum over all k their number.

    Args:
        psi: ``walker (N, d) -> SignedLog``, real or complex, periodic in the cell.
        walkers: ``(snapshots, walkers, N, d)``, in bohr, drawn from ``|ψ|²``.
        cell: the periodic cell.
        key: a random key, for the displacements.
        particles: the first so many of each walker are displaced: those of spin up.
        waves: how many of the shortest wave vectors, in whole shells.

    Returns:
        Wave numbers in 1/bohr of each shell, the occupation averaged over it, and its errors from
        the spread of the walkers' chains.

    Raises:
        ShapeError: for walkers of another dimension, or fewer particles.
        ConfigurationError: for waves that do not fill shells.

    Source: McMillan (1965), doi:10.1103/PhysRev.138.A442.
    """
    _check_walkers(walkers, cell, particles)
    k = cell.waves(waves)
    lengths = np.round(np.linalg.norm(k, axis=1), 9)
    shape = (*walkers.shape[:2], cell.dimension)
    sides = jnp.asarray(cell.lengths, walkers.dtype)[None, None]
    apart = jax.random.uniform(key, shape, walkers.dtype) * sides
    total = _ratios(psi, walkers, apart, particles)
    phase = np.asarray(apart, np.float64) @ k.T
    every = np.real(total[..., None] * np.exp(-1j * phase))
    at = np.unique(lengths)
    chains = np.stack([every.mean(axis=0)[:, lengths == q].mean(axis=-1) for q in at], axis=-1)
    errors = chains.std(axis=0, ddof=1) / np.sqrt(len(chains))
    return Observable(at, chains.mean(axis=0), errors)


def one_body_density_matrix(
    psi: Callable[[Array], SignedLog],
    walkers: np.ndarray,
    cell: Cell,
    *,
    key: Array,
    particles: int,
    bins: int = 20,
) -> Observable:
    """The density matrix ``ρ(s) = ⟨Σ_i Re ψ(…, r_i + s, …)/ψ(…, r_i, …)⟩/N`` against ``|s|``.

    Averaged over directions, with ``ρ(0) = 1``: how far a particle of the first ``N`` remembers its
    phase. One displacement for each walker, of a length uniform within each bin in turn.

    Args:
        psi: ``walker (N, d) -> SignedLog``, real or complex, periodic in the cell.
        walkers: ``(snapshots, walkers, N, d)``, in bohr, drawn from ``|ψ|²``.
        cell: the periodic cell.
        key: a random key, for the displacements.
        particles: the first so many of each walker are displaced: those of spin up.
        bins: shells from 0 to half the shortest length of the cell, no more than walkers.

    Returns:
        The middle of each shell in bohr, ``ρ``, and its errors from the spread of the walkers.

    Raises:
        ShapeError: for walkers of another dimension, or fewer particles.
        ConfigurationError: for fewer than one shell, or fewer than two walkers a shell.

    Source: McMillan (1965), doi:10.1103/PhysRev.138.A442.
    """
    _check_walkers(walkers, cell, particles)
    snapshots, count, _, d = walkers.shape
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
    return Observable(
        width * (np.arange(bins) + 0.5),
        np.array([chain.mean() for chain in every]),
        np.array([chain.std(ddof=1) / np.sqrt(len(chain)) for chain in every]),
    )


def _check_walkers(walkers: np.ndarray, cell: Cell, particles: int) -> None:
    d = cell.dimension
    if walkers.ndim != 4 or walkers.shape[3] != d or not 1 <= particles <= walkers.shape[2]:
        raise ShapeError(
            f"walkers: expected (snapshots, walkers, N, {d}) with N ≥ {particles}, at least one, "
            f"got {walkers.shape}"
        )


def _ratios(
    psi: Callable[[Array], SignedLog], walkers: np.ndarray, apart: Array, particles: int
) -> np.ndarray:
    """``Σ_i ψ(…, r_i + s, …)/ψ`` over the first particles, ``(snapshots, walkers)``, complex."""

    def one(x: Array, s: Array) -> Array:
        before = psi(x)

        def ratio(i: Array) -> Array:
            after = psi(x.at[i].add(s))
            return after.sign * jnp.conj(before.sign) * jnp.exp(after.log - before.log)

        return jnp.sum(jax.lax.map(ratio, jnp.arange(particles)))

    every = jax.lax.map(lambda pair: jax.vmap(one)(*pair), (jnp.asarray(walkers), apart))
    return np.asarray(every, np.complex128)
