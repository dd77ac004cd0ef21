"""Determinants with pairs of electrons lifted out of the Fermi sea, by one inverse for all.

    Σ_D c_D D / D₀ = 1 + Σ_c a_c Σ S↑ S↓ + Σ_c b_c Σ (S↑ S↑ + S↓ S↓),    S = A⁻¹ V

A determinant in which two columns are replaced is the whole one times a 2 × 2 determinant of ``S``,
so hundreds of them cost one solution of ``N/2`` equations for each spin.
"""

from __future__ import annotations

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from physml.vmc.systems.pair_excitations import PairExcitations, Products


class ExcitedPairs(nn.Module):
    """The factor by which excited pairs change a product of two determinants.

    Attributes:
        pairs: of the system's electrons.
        n_up: electrons with spin up.

    Source: Clark, Morales, McMinis, Kim and Scuseria (2011), doi:10.1063/1.3665391 (multi-Slater
    wave functions by the matrix determinant lemma).
    """

    pairs: PairExcitations
    n_up: int

    @nn.compact
    def __call__(self, occupied: Array, unoccupied: Array) -> Array:
        """The factor, ``()``; one at the start.

        Args:
            occupied: ``(N, M)``, spin up first.
            unoccupied: ``(N, V)``.
        """
        dtype = jnp.result_type(float)
        unlike, like = self.pairs.unlike, self.pairs.like
        start = nn.initializers.zeros
        amplitudes = self.param("unlike", start, (unlike.classes,), dtype)
        own_amplitudes = self.param("like", start, (like.classes,), dtype)
        spins = (slice(None, self.n_up), slice(self.n_up, None))
        jumps = [
            jnp.linalg.solve(occupied[spin], unoccupied[spin]).reshape(-1)
            for spin in spins
            if occupied[spin].shape[0] == occupied.shape[1]
        ]
        factor = jnp.ones((), occupied.dtype)
        if len(jumps) == 2:
            factor = factor + _sum(unlike, amplitudes, jumps[0], jumps[1])
        for one in jumps:
            factor = factor + _sum(like, own_amplitudes, one, one)
        return factor


def _sum(products: Products, amplitudes: Array, first: Array, second: Array) -> Array:
    size = first.shape[0]
    weights = amplitudes[products.kind] * jnp.asarray(products.weight, amplitudes.dtype)
    table = jnp.zeros((size, size), amplitudes.dtype)
    table = table.at[products.first, products.second].add(weights)
    return first @ (table @ second)
