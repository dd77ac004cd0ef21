"""Determinants with pairs of electrons lifted out of the Fermi sea, by one inverse for all.

    Σ_D c_D D / D₀ = 1 + Σ_c a_c Σ S↑ S↓ + Σ_c b_c Σ (S↑ S↑ + S↓ S↓),    S = A⁻¹ V

A determinant in which two columns are replaced is the whole one times a 2 × 2 determinant of ``S``,
so thousands of them cost one solution of ``N/2`` equations for each spin. But ``A`` is singular
where ``D₀`` has its nodes, and there the sum is not zero: it has nodes of its own. So ``S`` is
``g/d + β`` with the last pivot ``d`` and ``g`` of rank one (``elimination.py``), and the sum times
``D₀`` is written without a division by ``d``.
"""

from __future__ import annotations

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from physml.calculus.block_form import block_form
from physml.vmc.signed_log import SignedLog
from physml.vmc.systems.pair_excitations import PairExcitations, Products
from physml.vmc.wavefunctions.elimination import Elimination, eliminate


class ExcitedPairs(nn.Module):
    """A product of two determinants with what excited pairs add to it.

    Attributes:
        pairs: of the system's electrons.
        n_up: electrons with spin up.

    Source: Clark, Morales, McMinis, Kim and Scuseria (2011), doi:10.1063/1.3665391 (multi-Slater
    wave functions by the matrix determinant lemma).
    """

    pairs: PairExcitations
    n_up: int

    @nn.compact
    def __call__(self, occupied: Array, unoccupied: Array) -> SignedLog:
        """The sum's ``log|·|`` and sign; at the start those of the determinants alone.

        Args:
            occupied: ``(N, M)``, spin up first, with at least as many orbitals as electrons of
                either spin; pairs are lifted of spins that fill all of them.
            unoccupied: ``(N, V)``.
        """
        dtype = jnp.result_type(float)
        unlike, like = self.pairs.unlike, self.pairs.like
        start = nn.initializers.zeros
        amplitudes = self.param("unlike", start, (unlike.classes,), dtype)
        own_amplitudes = self.param("like", start, (like.classes,), dtype)
        one = jnp.ones((), occupied.dtype)
        log, sign, total = 0 * one, one, one
        eliminated: list[Elimination] = []
        solved: list[int] = []
        for spin in (slice(None, self.n_up), slice(self.n_up, None)):
            rows = occupied[spin]
            if len(rows):
                found = eliminate(rows[:, : len(rows)], unoccupied[spin])
                log, sign, total = log + found.log, sign * found.sign, total * found.d
                if len(rows) == rows.shape[1]:
                    solved.append(len(eliminated))
                eliminated.append(found)
        pivots = [found.d for found in eliminated]
        seen = {i: (self._jumps(eliminated[i].g), self._jumps(eliminated[i].beta)) for i in solved}
        if len(solved) == 2:
            w = self._table(unlike, amplitudes)
            (g, beta), (other_g, other_beta) = seen.values()
            up, down = pivots
            total = total + block_form(w, g, other_g) + up * block_form(w, beta, other_g)
            total = total + down * block_form(w, g, other_beta)
            total = total + up * down * block_form(w, beta, other_beta)
        w = self._table(like, own_amplitudes)
        for i, (g, beta) in seen.items():
            # g of rank one has no 2 × 2 determinant of its own.
            added = 2 * block_form(w, g, beta) + pivots[i] * block_form(w, beta, beta)
            for other in pivots[:i] + pivots[i + 1 :]:
                added = added * other
            total = total + added
        return SignedLog(log + jnp.log(jnp.abs(total)), sign * jnp.sign(total))

    def _jumps(self, s: Array) -> Array:
        """Jumps in blocks of one ``q``, real and imaginary parts, ``(Q, B, 2)``."""
        cos, sin = s[:, ::2], s[:, 1::2]
        even, odd = (cos[1::2], sin[2::2]), (sin[1::2], cos[2::2])
        real = jnp.concatenate([cos[:1], (even[0] + even[1]) / 2, (even[0] - even[1]) / 2])
        imag = jnp.concatenate([sin[:1], (odd[0] - odd[1]) / 2, (odd[0] + odd[1]) / 2])
        imag = imag * jnp.asarray(self.pairs.signs, s.dtype)
        return jnp.stack([real, imag], axis=-1).reshape(-1, 2)[self.pairs.blocks]

    def _table(self, products: Products, amplitudes: Array) -> Array:
        """``W``, ``(Q, B, B)``; zero where a block is filled up."""
        count, size = self.pairs.blocks.shape
        weights = amplitudes[products.kind] * jnp.asarray(products.weight, amplitudes.dtype)
        flat = jnp.zeros(count * size * size, amplitudes.dtype)
        return flat.at[products.place].add(weights).reshape(count, size, size)
