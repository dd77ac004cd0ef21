"""How many particles have which momentum, in a periodic cell."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ShapeError
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
    d = cell.dimension
    if walkers.ndim != 4 or walkers.shape[3] != d or not 1 <= particles <= walkers.shape[2]:
        raise ShapeError(
            f"walkers: expected (snapshots, walkers, N, {d}) with N ≥ {particles}, at least one, "
            f"got {walkers.shape}"
        )
    k = cell.waves(waves)
    lengths = np.round(np.linalg.norm(k, axis=1), 9)

    def one(x: Array, s: Array) -> Array:
        before = psi(x)

        def ratio(i: Array) -> Array:
            after = psi(x.at[i].add(s))
            return after.sign * jnp.conj(before.sign) * jnp.exp(after.log - before.log)

        phase = jnp.asarray(k, x.dtype) @ s
        total = jnp.sum(jax.lax.map(ratio, jnp.arange(particles)))
        return jnp.real(total * jax.lax.complex(jnp.cos(phase), -jnp.sin(phase)))

    def snapshot(pair: tuple[Array, Array]) -> Array:
        x, key = pair
        unit = jax.random.uniform(key, (x.shape[0], d), x.dtype)
        sides = jnp.asarray(np.asarray(cell.lengths)[None], x.dtype)
        return jax.vmap(one)(x, unit * sides)

    keys = jax.random.split(key, len(walkers))
    every = np.asarray(jax.lax.map(snapshot, (jnp.asarray(walkers), keys)), np.float64)
    at = np.unique(lengths)
    chains = np.stack([every.mean(axis=0)[:, lengths == q].mean(axis=-1) for q in at], axis=-1)
    errors = chains.std(axis=0, ddof=1) / np.sqrt(len(chains))
    return Observable(at, chains.mean(axis=0), errors)
