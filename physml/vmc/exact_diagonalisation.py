"""The lowest levels of a lattice system by diagonalisation: what its ψ is held against."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.linalg import LinearOperator, eigsh

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.vmc.systems.lattice import LatticeSystem, Row

_MOST = 2**18
_CHUNK = 4096
# Below, all levels are found at once, which no start can miss.
_DENSE = 400


class Levels(NamedTuple):
    """The lowest levels of a matrix.

    Attributes:
        energies: ``(levels,)``, from below, in hartree.
        states: ``(levels, n)``, each of norm 1; their phase is arbitrary.
        configurations: ``(n, N, 1)``, in the order of the amplitudes.
    """

    energies: np.ndarray
    states: np.ndarray
    configurations: np.ndarray


def exact_diagonalisation(system: LatticeSystem, levels: int = 1) -> Levels:
    """The lowest levels of a lattice system, to rounding.

    Every configuration with the system's ``values`` and ``total`` is listed; up to 2¹⁸ of them.

    Args:
        system: whose rows make the matrix.
        levels: how many, from below, those of one energy counted each.

    Returns:
        Energies and states.

    Raises:
        ConfigurationError: too many configurations, or levels; rows that leave the configurations
            or are not those of a Hermitian matrix.

    >>> import physml as pm
    >>> chain = pm.vmc.IsingChain(sites=8)
    >>> found = pm.vmc.exact_diagonalisation(chain, 2)
    >>> abs(float(found.energies[0]) - chain.reference.energy) < 1e-10
    True
    """
    configurations = all_configurations(system)
    n = len(configurations)
    levels = as_whole("levels", levels)
    if not 1 <= levels <= n:
        raise ConfigurationError(f"levels: expected 1 to {n}, got {levels}")
    matrix = _matrix(system, configurations)
    difference = abs(matrix - matrix.conj().T)
    if difference.nnz and difference.max() > 1e-5 * abs(matrix).max():
        raise ConfigurationError(
            f"{system.name}: row: expected those of a Hermitian matrix, got one with |H − H†| up "
            f"to {difference.max():.3g}"
        )
    if n <= max(_DENSE, 4 * levels):
        energies, states = np.linalg.eigh(matrix.toarray())
    else:
        energies, states = _lowest(matrix, levels)
    return Levels(energies[:levels], states[:, :levels].T, configurations)


def _lowest(matrix: csr_array, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """By Lanczos; a start sees one state of a degenerate level, so those found are lifted away."""
    n = matrix.shape[0]
    numbers = np.random.default_rng(0)
    energies, states = np.zeros(0), np.zeros((n, 0), matrix.dtype)
    height = 2.0 * float(abs(matrix).sum(axis=1).max())  # beyond the spectrum's width
    while True:
        held = states

        def lifted(vector: np.ndarray, held: np.ndarray = held) -> np.ndarray:
            return matrix @ vector + height * (held @ (held.conj().T @ vector))

        missing = levels - len(energies)
        found, vectors = eigsh(
            LinearOperator((n, n), matvec=lifted, dtype=matrix.dtype),
            k=max(1, missing),
            which="SA",
            v0=numbers.normal(size=n).astype(matrix.dtype),
            tol=1e-12,
        )
        if missing <= 0 and found.min() >= energies[levels - 1] - 1e-9 * height:
            return energies, states
        energies = np.concatenate([energies, found])
        states = np.concatenate([states, vectors], axis=1)
        order = np.argsort(energies)
        energies, states = energies[order], states[:, order]


def all_configurations(system: LatticeSystem) -> np.ndarray:
    """Every configuration of a system, ``(n, N, 1)``, in lexical order.

    Raises:
        ConfigurationError: for more than 2¹⁸, or none.
    """
    sites = system.shape[0]
    found = np.array(list(itertools.islice(_configurations(system, sites), _MOST + 1)))
    if not 1 <= len(found) <= _MOST:
        raise ConfigurationError(
            f"{system.name}: expected 1 to {_MOST} configurations of {sites} sites with values of "
            f"{system.values} and total {system.total}, got {'none' if not len(found) else 'more'}"
        )
    return found[..., None]


def _configurations(system: LatticeSystem, sites: int) -> Iterator[tuple[float, ...]]:
    """Depth first, leaving out beginnings that no end can bring to the total."""
    values = sorted(map(float, system.values))
    lowest, highest, total = values[0], values[-1], system.total

    def extended(head: tuple[float, ...], held: float) -> Iterator[tuple[float, ...]]:
        left = sites - len(head)
        if total is not None:
            slack = 1e-6 * (1 + abs(total))
            if not held + left * lowest - slack <= total <= held + left * highest + slack:
                return
        if not left:
            yield head
            return
        for value in values:
            yield from extended((*head, value), held + value)

    return extended((), 0.0)


def _matrix(system: LatticeSystem, configurations: np.ndarray) -> csr_array:
    """H, sparse, ``(n, n)``."""
    index = {held.tobytes(): i for i, held in enumerate(_numbered(system, configurations))}
    rows = jax.jit(jax.vmap(system.row))
    n, dtype = len(configurations), jnp.result_type(float)
    diagonals, elements = [], []
    here, there = [np.arange(n)], [np.arange(n)]
    for start in range(0, n, _CHUNK):
        part = rows(jnp.asarray(configurations[start : start + _CHUNK], dtype))
        diagonal, others, connected = Row(*part).on_host()
        linked = np.nonzero(connected)
        diagonals.append(diagonal)
        elements.append(connected[linked])
        here.append(start + linked[0])
        others = others[linked]
        found = [index.get(held.tobytes(), -1) for held in _numbered(system, others)]
        there.append(np.array(found, int))
        if -1 in found:
            raise ConfigurationError(
                f"{system.name}: row: expected sites with values of {system.values} and total "
                f"{system.total}, got {others[found.index(-1), :, 0].tolist()}"
            )
    values = np.concatenate([*diagonals, *elements])
    values = values.astype(np.result_type(values, np.float64))
    places = (np.concatenate(here), np.concatenate(there))
    return csr_array(coo_array((values, places), shape=(n, n)))


def _numbered(system: LatticeSystem, configurations: np.ndarray) -> np.ndarray:
    """The number of the value at each site, ``(n, N)``; of none of them one past the last."""
    values = np.sort(np.asarray(system.values, float))
    distances = np.abs(configurations - values)
    nearest = distances.argmin(axis=-1)
    strange = distances.min(axis=-1) > 1e-5 * (1 + np.abs(values).max())
    return np.where(strange, len(values), nearest).astype(np.int16)
