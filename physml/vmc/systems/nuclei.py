"""Electrons and nuclei at rest: their Coulomb energy, and where electrons start."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.vmc.systems.system import pair_distances

# No bond is shorter than 1.4 bohr: nearer nuclei were told in other units, or twice.
_NEAREST = 0.1

ANGSTROM = 1.8897261246
"""One ångström in bohr (CODATA 2018): write ``0.74 * ANGSTROM`` for a length in ångström."""


def check_places(places: Any, count: int, what: str) -> np.ndarray:
    """Places of nuclei at rest, ``(count, 3)`` in bohr, once they are seen to be that.

    Raises:
        ConfigurationError: for another shape, numbers that are not real and finite, or two nuclei
            nearer than 0.1 bohr.
    """
    try:
        found = np.asarray(places)
    except ValueError:  # rows of unlike lengths
        found = np.empty(())
    if found.shape != (count, 3) or found.dtype.kind not in "iuf" or not np.isfinite(found).all():
        raise ConfigurationError(
            f"{what}: expected {count} times (x, y, z) in bohr, finite real numbers, one row for "
            f"each nucleus, got {places}"
        )
    found = found.astype(float)
    for a, b in itertools.combinations(range(count), 2):
        apart = float(np.linalg.norm(found[a] - found[b]))
        if apart < _NEAREST:
            raise ConfigurationError(
                f"{what}: expected nuclei in different places, {_NEAREST} bohr apart or more, got "
                f"{apart:.3g} between nuclei {a} and {b}. Of a length in ångström give "
                f"length * ANGSTROM, of one in nanometres 10 times that"
            )
    return found


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


def homes(charges: np.ndarray, *, n_up: int, n_down: int) -> np.ndarray:
    """The nucleus near which each electron starts, spin up first, ``(N,)``.

    Nuclei take as many electrons as their charge, in turn up and down; those of a negative ion go
    round again.
    """
    left = [n_up, n_down]
    found: tuple[list[int], list[int]] = ([], [])
    filling = (a for a, z in enumerate(charges) for _ in range(max(1, round(float(z)))))
    for nucleus in itertools.islice(itertools.cycle(list(filling)), n_up + n_down):
        # Up first where both have as many; the other spin once one is used up.
        spin = int(len(found[0]) > len(found[1])) if all(left) else int(not left[0])
        found[spin].append(nucleus)
        left[spin] -= 1
    return np.array(found[0] + found[1], int)


def around(key: Array, count: int, *, centres: np.ndarray, spread: np.ndarray) -> Array:
    """Walkers normal about centres, ``(count, N, 3)`` in bohr.

    Args:
        key: a random key.
        count: of walkers.
        centres: ``(N, 3)``, in bohr.
        spread: ``(N,)``, the standard deviations of each electron's coordinates, in bohr.
    """
    noise = jax.random.normal(key, (count, *centres.shape))
    return jnp.asarray(centres[None], noise.dtype) + noise * jnp.asarray(
        spread[None, :, None], noise.dtype
    )
