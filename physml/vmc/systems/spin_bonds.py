"""Spins coupled in pairs as Heisenberg has it, on any periodic lattice: a list of bonds.

A walker is ``(N, 1)`` with entries ±1, the values of ``σᶻ``; H connects it with those that have two
unlike spins of a bond exchanged.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.vmc.systems.lattice import LatticeSystem, Row


class Bonds(NamedTuple):
    """``H = Σ_b J_b σ_i·σ_j`` over bonds, in Pauli matrices.

    Attributes:
        first: the sites ``i``, ``(B,)``.
        second: the sites ``j``, ``(B,)``.
        couplings: ``J_b``, ``(B,)``.
        across: whether a bond joins the two sublattices, ``(B,)``.
    """

    first: np.ndarray
    second: np.ndarray
    couplings: np.ndarray
    across: np.ndarray


def bonds_to(*neighbours: tuple[np.ndarray, float, bool]) -> Bonds:
    """The bonds from every site to its neighbours; those without a coupling are left out.

    Args:
        neighbours: the neighbour of each site, ``(N,)``, their coupling ``J``, and whether they lie
            on the other sublattice.
    """
    kept = [(second, coupling, across) for second, coupling, across in neighbours if coupling != 0]
    sites = len(neighbours[0][0])
    return Bonds(
        np.tile(np.arange(sites), len(kept)),
        np.concatenate([second for second, _, _ in kept]),
        np.repeat([coupling for _, coupling, _ in kept], sites),
        np.repeat([across for _, _, across in kept], sites),
    )


class BondedSpins(LatticeSystem):
    """Spins ½ on a periodic lattice with as many up as down; what chains and squares share.

    The spins of one of two sublattices are turned by π about z (Marshall's sign rule): a bond
    between the sublattices then has matrix elements ``−2J`` and one within them ``+2J``. Where all
    couplings between are positive and all within are not, every off-diagonal element is negative
    or zero, and the ground state is positive.

    Source: Marshall (1955), doi:10.1098/rspa.1955.0200.
    """

    @property
    @abstractmethod
    def lattice(self) -> tuple[int, ...]:
        """Sites along each axis; a walker has them in row-major order."""

    @property
    @abstractmethod
    def bonds(self) -> Bonds:
        """Which spins are coupled."""

    @property
    def shape(self) -> tuple[int, int]:
        """``(N, 1)``."""
        return math.prod(self.lattice), 1

    @property
    def total(self) -> float | None:
        """As many up as down."""
        return 0.0

    def row(self, x: Array) -> Row:
        """``Σ_b J σ_i σ_j``, and for unlike spins those with i and j exchanged, of ``∓2J``."""
        first, second, couplings, across = self.bonds

        def exchanged(i: Array, j: Array) -> Array:
            return x.at[i].set(x[j]).at[j].set(x[i])

        others = jax.vmap(exchanged)(jnp.asarray(first), jnp.asarray(second))
        products = x[first, 0] * x[second, 0]
        # Marshall's sign: exchanges between the sublattices change it, those within do not.
        moves = jnp.asarray(np.where(across, -2.0, 2.0) * couplings, x.dtype)
        diagonal = jnp.sum(jnp.asarray(couplings, x.dtype) * products)
        return Row(diagonal, others, jnp.where(products < 0, moves, 0.0))
