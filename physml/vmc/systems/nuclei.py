"""Electrons and nuclei at rest: their Coulomb energy, and where electrons start."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.vmc.systems.system import pair_distances

ANGSTROM = 1.8897261246
"""One ångström in bohr (CODATA 2018): write ``0.74 * ANGSTROM`` for a length in ångström."""

# Half of the electrons of hydrogen lie within 1.3 bohr of the nucleus, one in 600 beyond 5.
_FAR = 4.0


def nuclear_distances(x: Array, positions: np.ndarray) -> Array:
    """``|x_i − R_A|`` of electrons ``(N, 3)`` and nuclei ``(M, 3)``, ``(N, M)`` in bohr."""
    apart = x[:, None] - jnp.asarray(positions[None], x.dtype)
    return jnp.linalg.norm(apart, axis=-1)


def coulomb_energy(x: Array, charges: np.ndarray, positions: np.ndarray) -> Array:
    """``Σ_{i<j} 1/r_ij − Σ_iA Z_A/r_iA + Σ_{A<B} Z_A Z_B/R_AB``, in hartree.

    Args:
        x: electrons ``(N, 3)``, in bohr.
        charges: ``Z``, ``(M,)``.
        positions: of the nuclei, ``(M, 3)``, in bohr.

    Returns:
        ``()``.
    """
    attraction = jnp.sum(jnp.asarray(charges, x.dtype)[None] / nuclear_distances(x, positions))
    return jnp.sum(1 / pair_distances(x)) - attraction + nuclear_repulsion(charges, positions)


def nuclear_repulsion(charges: np.ndarray, positions: np.ndarray) -> float:
    """``Σ_{A<B} Z_A Z_B/R_AB``, in hartree."""
    pairs = itertools.combinations(range(len(charges)), 2)
    return float(
        sum(charges[a] * charges[b] / np.linalg.norm(positions[a] - positions[b]) for a, b in pairs)
    )


def stride(x: Array, charges: np.ndarray, positions: np.ndarray) -> Array:
    """What the width of an electron's move is multiplied by, ``min_A (1/Z_A + r_A)/(1 + r_A)``.

    From 1/Z at a nucleus, the size of its innermost shell in bohr, to 1 far away, so that one width
    suits all shells; 1 everywhere about hydrogen.

    Args:
        x: electrons ``(..., N, 3)``, in bohr.
        charges: ``Z``, ``(M,)``.
        positions: of the nuclei, ``(M, 3)``, in bohr.

    Returns:
        ``(..., N, 1)``.
    """
    ahead = (1,) * (x.ndim - 1)
    apart = x[..., None, :] - jnp.asarray(positions, x.dtype).reshape(ahead + (-1, 3))
    r = jnp.linalg.norm(apart, axis=-1)
    inner = jnp.asarray(1 / np.asarray(charges, float), x.dtype).reshape(ahead + (-1,))
    return jnp.min((inner + r) / (1 + r), axis=-1, keepdims=True)


def homes(key: Array, count: int, *, charges: np.ndarray, n_up: int, n_down: int) -> Array:
    """The nucleus near which each electron of each walker starts, ``(count, N)``, spin up first.

    Every walker draws how electrons and spins are shared among the nuclei, all nuclei being alike
    but for their charge: each gets as many electrons as its charge, less those that a positive ion
    lacks, and more at random nuclei that a negative one has too many. Nuclei with Z > 2 have one of
    either spin first, where there are enough; the spins of all others are a random permutation, so
    that ``u_A`` of the ``v_A`` others about nucleus A point up with the chance
    ``Π_A C(v_A, u_A) / C(Σ v_A, Σ u_A)``.

    Args:
        key: a random key.
        count: of walkers.
        charges: ``Z``, ``(M,)``.
        n_up: electrons with spin up.
        n_down: electrons with spin down.
    """
    whole = np.maximum(1, np.rint(np.asarray(charges, float))).astype(int)
    inner = np.flatnonzero(whole > 2)
    if len(inner) > min(n_up, n_down):
        inner = inner[:0]
    outer = np.repeat(np.arange(len(whole)), whole)
    for nucleus in np.repeat(inner, 2):
        outer = np.delete(outer, np.argmax(outer == nucleus))
    up, both = n_up - len(inner), n_up + n_down - 2 * len(inner)

    def one(key: Array) -> Array:
        key_more, key_order = jax.random.split(key)
        more = jax.random.randint(key_more, (max(0, both - len(outer)),), 0, len(whole))
        order = jax.random.permutation(key_order, jnp.concatenate([jnp.asarray(outer), more]))
        core = jnp.asarray(inner, order.dtype)
        return jnp.concatenate([core, order[:up], core, order[up:both]])

    return jax.vmap(one)(jax.random.split(key, count))


def shares(x: Array, *, positions: np.ndarray, n_up: int) -> np.ndarray:
    """A label of how electrons and spins are shared among the nuclei next to them.

    Args:
        x: walkers ``(n, N, 3)``, in bohr, spin up first.
        positions: of the nuclei, ``(M, 3)``, in bohr.
        n_up: electrons with spin up.

    Returns:
        ``(n,)`` integers, equal where as many of either spin are next to each nucleus.
    """
    apart = np.linalg.norm(np.asarray(x)[:, :, None] - positions, axis=-1)
    near = np.argmin(apart, axis=-1)[..., None] == np.arange(len(positions))
    counts = np.concatenate([near[:, :n_up].sum(axis=1), near[:, n_up:].sum(axis=1)], axis=-1)
    labels: np.ndarray = np.unique(counts, axis=0, return_inverse=True)[1].reshape(-1)
    return labels


def crossings(positions: np.ndarray) -> np.ndarray:
    """Vectors from a nucleus to another that no path of short steps joins to it, ``(m, 3)``.

    Steps lead from nucleus to nucleus over at most 4 bohr, beyond which an electron seldom passes
    by itself. With each vector there is its opposite; none where all nuclei are joined.
    """
    positions = np.asarray(positions, float)
    apart = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    joined = apart < _FAR
    for _ in range(len(positions)):
        joined = joined @ joined
    here, there = np.nonzero(~joined)
    vectors: np.ndarray = positions[there] - positions[here]
    return vectors


def around(key: Array, *, centres: Array, spread: Array) -> Array:
    """Walkers normal about centres, ``(n, N, 3)`` in bohr.

    Args:
        key: a random key.
        centres: ``(n, N, 3)``, in bohr.
        spread: ``(n, N)``, the standard deviations of each electron's coordinates, in bohr.
    """
    return centres + spread[..., None] * jax.random.normal(key, centres.shape, centres.dtype)
