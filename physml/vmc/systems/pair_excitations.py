"""Pairs of electrons lifted out of the Fermi sea, in classes that the cell's symmetry makes equal.

Two electrons with waves ``k₁, k₂`` go to ``k₁ + q, k₂ − q``. All such pairs with equal
``{(|k₁|, |k₁ + q|), (|k₂|, |k₂ − q|)}``, ``|q|`` and ``k₁·k₂`` form a class and have one amplitude,
so that ψ keeps the symmetry of the cell and its total momentum of zero. Since momentum is kept, a
jump by ``q`` meets only jumps by ``−q``: tables of amplitudes are blocks, one for each ``q``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jax import Array


class Products(NamedTuple):
    """``Σ_q Σ_{ef} W_qef Re(C_qe C'_qf*)``, with ``W`` the sum of its classes' terms.

    Attributes:
        kind: the class of each term, ``(T,)``.
        place: its index into the flat ``W``, ``(T,)``.
        weight: ``(T,)``.
        classes: how many classes there are.
    """

    kind: np.ndarray
    place: np.ndarray
    weight: np.ndarray
    classes: int


class PairExcitations(NamedTuple):
    """What a wave function must know of excited pairs.

    With ``S = A⁻¹ V`` of the occupied orbitals ``A_im = φ_m(x_i)`` and the unoccupied ones
    ``V_iv``, both real, the jump of an electron from the wave ``k`` to ``p`` is a complex sum of up
    to four entries of ``S``, and that from ``−k`` to ``−p`` its conjugate. The determinants with a
    pair of unlike spins lifted, over the determinants as they are, are products of one jump of each
    spin, those of like spins products of two of one spin.

    Attributes:
        virtual: ``x (d,) -> (V,)``, the unoccupied orbitals.
        signs: of the imaginary parts of the jumps from ``0``, all ``k``, all ``−k`` to the first
            ``p`` of each two, ``(M, V/2)``: −1 where the conjugate belongs to a block.
        blocks: indices into these jumps, flat, of those by the same ``q``, filled up with the
            first jump, ``(Q, B)``.
        unlike: the classes of pairs with unlike spins.
        like: those of pairs with like spins; ``W`` of each is symmetric.
    """

    virtual: Callable[[Array], Array]
    signs: np.ndarray
    blocks: np.ndarray
    unlike: Products
    like: Products


def momentum_conserving(
    occupied: np.ndarray, unoccupied: np.ndarray, virtual: Callable[[Array], Array]
) -> PairExcitations:
    """The classes of plane waves whose total momentum stays zero.

    Args:
        occupied: integers of the occupied waves, ``(M, d)``: 0, then ``k`` and ``−k`` in turn.
        unoccupied: of the others, ``(V, d)``: ``k`` and ``−k`` in turn.
        virtual: ``cos, sin`` of the unoccupied waves' first of each two, in their order.
    """
    index = {tuple(wave): i for i, wave in enumerate(unoccupied)}
    unlike: dict[object, list[tuple[int, int, int, int]]] = {}
    like: dict[object, list[tuple[int, int, int, int]]] = {}
    for a, first in enumerate(occupied):
        for b, second in enumerate(occupied):
            for p, lifted in enumerate(unoccupied):
                q = index.get(tuple(first + second - lifted))
                if q is None:
                    continue
                moves = (_square(first), _square(lifted)), (_square(second), _square(unoccupied[q]))
                key = (*sorted(moves), _square(lifted - first), int(np.dot(first, second)))
                unlike.setdefault(key, []).append((a, p, b, q))
                if a < b and p != q:
                    like.setdefault(key, []).append((a, p, b, q))

    # A block holds jumps by q or their conjugates by −q, whichever has its first number above zero.
    half = len(occupied) // 2
    starts = [0, *range(1, 2 * half, 2), *range(2, 2 * half + 1, 2)]
    signs = np.ones((len(occupied), len(unoccupied) // 2))
    members: dict[tuple[int, ...], list[tuple[int, int, int]]] = {}
    for row, a in enumerate(starts):
        for column in range(signs.shape[1]):
            by = unoccupied[2 * column] - occupied[a]
            if tuple(by) < (0,) * len(by):
                by, signs[row, column] = -by, -1
            members.setdefault(tuple(by), []).append((row * signs.shape[1] + column, row, column))
    blocks = np.zeros((len(members), max(map(len, members.values()), default=0)), np.int32)
    place: dict[tuple[int, int], tuple[int, int]] = {}
    opposite = {tuple(wave): i for i, wave in enumerate(-occupied)}
    for block, found in enumerate(members.values()):
        for i, (jump, row, column) in enumerate(found):
            blocks[block, i] = jump
            a, p = starts[row], 2 * column
            place[a, p] = place[opposite[tuple(occupied[a])], p + 1] = block, i

    def flat(a: int, p: int, b: int, q: int) -> int:
        """Of ``Re(C_ap C_bq)``, where one jumps by the other's −q."""
        (block, i), (same, j) = place[a, p], place[b, q]
        assert block == same, "momentum is not conserved"
        return (block * blocks.shape[1] + i) * blocks.shape[1] + j

    def products(classes: list[list[tuple[int, int, int, int]]], exchange: bool) -> Products:
        terms: list[tuple[int, int, float]] = []
        for kind, pairs in enumerate(classes):
            weight = 1 / np.sqrt(len(pairs))
            for a, p, b, q in pairs:
                if not exchange:
                    terms.append((kind, flat(a, p, b, q), weight))
                    continue
                for one, other in (((a, p), (b, q)), ((b, q), (a, p))):
                    terms.append((kind, flat(*one, *other), weight / 2))
                for one, other in (((a, q), (b, p)), ((b, p), (a, q))):
                    terms.append((kind, flat(*one, *other), -weight / 2))
        columns = list(zip(*terms, strict=True)) if terms else [(), (), ()]
        kinds, places = (np.array(column, np.int32) for column in columns[:2])
        return Products(kinds, places, np.array(columns[2], float), len(classes))

    return PairExcitations(
        virtual,
        signs,
        blocks,
        products(list(unlike.values()), False),
        products(list(like.values()), True),
    )


def _square(wave: np.ndarray) -> int:
    return int(np.dot(wave, wave))
