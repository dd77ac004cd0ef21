"""Lattices of the Ising model to learn from, at several temperatures at once."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.sampling import ising_spins

_BURN_IN = 50
"""Sweeps from all spins up: some ten times as long as 40 × 40 sites remember at T_c."""


def lattices_at(
    temperatures: np.ndarray, side: int, *, lattices: int, images: int, sweeps: int, key: Array
) -> np.ndarray:
    """Images of independent lattices, several of each.

    Args:
        temperatures: ``(t,)``, in units of J.
        side: sites along a side.
        lattices: at each temperature, ``n``.
        images: of each lattice, ``m``.
        sweeps: between two of them, each of which also turns over a cluster of Wolff's.
        key: a random key.

    Returns:
        ``(t, n, m, side, side)``, ±1 in a byte; those of one lattice are correlated.
    """
    t = len(temperatures)
    sampler = ising_spins(
        np.repeat(1 / np.asarray(temperatures), lattices),
        lambda key: jnp.ones((t * lattices, side, side), jnp.int8),
        sweeps=sweeps,
        burn_in=-(-_BURN_IN // sweeps),
    )
    step, state = jax.jit(sampler.sample), sampler.init(key, None)
    found = np.empty((t * lattices, images, side, side), np.int8)
    for i in range(images):
        state, spins, _ = step(jax.random.fold_in(key, i), state, None)
        found[:, i] = np.asarray(spins)
    return found.reshape(t, lattices, images, side, side)


def scaled_blocks(spins: np.ndarray, blocks: int) -> np.ndarray:
    """Means of blocks times ``side^{1/8}``: at T_c they have one distribution for all large sides.

    Lengths are measured by the side, and the magnetisation falls as ``side^{−β/ν}``, ``β/ν = 1/8``
    (Onsager, Yang); so what is called half ordered is a fixed place of ``(T − T_c) side``.

    Args:
        spins: ``(..., side, side)``.
        blocks: along a side, which they divide.

    Returns:
        ``(..., blocks, blocks)``, float32.

    Source: Kadanoff (1966), doi:10.1103/PhysicsPhysiqueFizika.2.263.
    """
    side = spins.shape[-1]
    parted = spins.reshape(*spins.shape[:-2], blocks, side // blocks, blocks, side // blocks)
    return parted.mean(axis=(-3, -1), dtype=np.float32) * np.float32(side**0.125)
