"""Pairs of electrons lifted out of the Fermi sea, in classes that the cell's symmetry makes equal.

Two electrons with waves ``k₁, k₂`` go to ``k₁ + q, k₂ − q``. All such pairs with equal
``{(|k₁|, |k₁ + q|), (|k₂|, |k₂ − q|)}``, ``|q|`` and ``k₁·k₂`` form a class and have one amplitude,
so that ψ keeps the symmetry of the cell and its total momentum of zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import numpy as np
from jax import Array


class Products(NamedTuple):
    """``Σ_e weight_e S[first_e] S'[second_e]`` for each class, as a list of terms.

    Attributes:
        kind: the class of each term, ``(E,)``.
        first: index into the flat ``S`` of one spin, ``(E,)``.
        second: of the other, or of the same.
        weight: ``(E,)``.
        classes: how many classes there are.
    """

    kind: np.ndarray
    first: np.ndarray
    second: np.ndarray
    weight: np.ndarray
    classes: int


class PairExcitations(NamedTuple):
    """What a wave function must know of excited pairs.

    With ``S = A⁻¹ V`` of the occupied orbitals ``A_im = φ_m(x_i)`` and the unoccupied ones
    ``V_iv``, flat in ``(m, v)``, the determinants with a pair of unlike spins lifted, over the
    determinants as they are, are products of ``S↑`` and ``S↓``, those of like spins products of two
    of one spin.

    Attributes:
        virtual: ``x (d,) -> (V,)``, the unoccupied orbitals.
        unlike: the classes of pairs with unlike spins.
        like: those of pairs with like spins.
    """

    virtual: Callable[[Array], Array]
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
    # Columns of the inverse: e^{ikx} in terms of 1, cos, sin; rows likewise for the unoccupied.
    lower = np.linalg.inv(_from_real(len(occupied), constant=True))
    upper = _from_real(len(unoccupied), constant=False)

    def jump(k: int, p: int) -> dict[int, complex]:
        return {
            int(m) * len(unoccupied) + int(v): lower[k, m] * upper[v, p]
            for m in np.flatnonzero(lower[k])
            for v in np.flatnonzero(upper[:, p])
        }

    def products(found: list[list[tuple[int, int, int, int]]], exchange: bool) -> Products:
        terms: list[tuple[int, int, int, float]] = []
        for kind, members in enumerate(found):
            table: dict[tuple[int, int], float] = defaultdict(float)
            for a, p, b, q in members:
                exchanged = [(jump(a, q), jump(b, p), -1.0)] if exchange else []
                for one, other, sign in [(jump(a, p), jump(b, q), 1.0), *exchanged]:
                    for (i, x), (j, y) in product(one.items(), other.items()):
                        table[i, j] += sign * (x * y).real / np.sqrt(len(members))
            terms += [(kind, i, j, w) for (i, j), w in sorted(table.items()) if abs(w) > 1e-12]
        columns = list(zip(*terms, strict=True)) if terms else [(), (), (), ()]
        kinds, first, second = (np.array(column, np.int32) for column in columns[:3])
        return Products(kinds, first, second, np.array(columns[3], float), len(found))

    return PairExcitations(
        virtual, products(list(unlike.values()), False), products(list(like.values()), True)
    )


def _square(wave: np.ndarray) -> int:
    return int(np.dot(wave, wave))


def _from_real(count: int, *, constant: bool) -> np.ndarray:
    """``e^{ikx}`` as columns of ``1, cos, sin, cos, sin, …``, or of ``cos, sin, …``."""
    table = np.zeros((count, count), complex)
    begin = 1 if constant else 0
    if constant:
        table[0, 0] = 1
    for i in range(begin, count, 2):
        table[i : i + 2, i : i + 2] = [[1, 1], [1j, -1j]]
    return table
