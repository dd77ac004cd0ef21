"""The Ising model on a square lattice with periodic boundaries, ``E = −J Σ_⟨ij⟩ s_i s_j``."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers, check_unmasked
from physml.as_whole import as_whole
from physml.errors import ShapeError

CRITICAL_COUPLING = 0.5 * math.log1p(math.sqrt(2))
"""``K_c = ½ ln(1 + √2) = 0.44068679``: Kramers & Wannier (1941), doi:10.1103/PhysRev.60.252."""

CRITICAL_TEMPERATURE = 1 / CRITICAL_COUPLING
"""``T_c = 2.26918531``, in units of ``J``."""


def energy(spins: Any) -> Array:
    """The energy ``−Σ_⟨ij⟩ s_i s_j`` of one lattice, all of it, in units of ``J``.

    Each site has a bond to the right and one down; where a side has two sites these are two bonds
    between the same two.

    Args:
        spins: ``(rows, columns)``, entries ±1.

    Raises:
        ShapeError: more or fewer axes: many lattices go through ``jax.vmap``; entries that are
            masked, or not ±1, such as bits, outside of compiled programs.

    >>> import jax.numpy as jnp, physml as pm
    >>> float(pm.ising.energy(jnp.ones((4, 6))))
    -48.0
    """
    s = _lattice(spins)
    return -jnp.sum(s * (jnp.roll(s, 1, 0) + jnp.roll(s, 1, 1)))


def magnetisation(spins: Any) -> Array:
    """The mean of the spins of one lattice, from −1 to 1.

    Args:
        spins: ``(rows, columns)``, entries ±1.

    Raises:
        ShapeError: more or fewer axes, entries that are not ±1; see ``energy``.

    >>> import jax.numpy as jnp, physml as pm
    >>> float(pm.ising.magnetisation(jnp.array([[1, 1], [1, -1]])))
    0.5
    """
    return jnp.mean(_lattice(spins))


def square_couplings(rows: int, columns: int, coupling: float) -> np.ndarray:
    """The matrix ``K_ij`` of a square lattice, for ``enumeration``; sites row by row.

    Args:
        rows: at least 2.
        columns: at least 2.
        coupling: ``K = J/T`` of a bond.

    Returns:
        ``(N, N)``, symmetric, with an empty diagonal; 2K where two bonds join the same two sites.

    Raises:
        ConfigurationError: sides below 2.
        ShapeError: a coupling that is not one real number.

    >>> import physml as pm
    >>> pm.ising.square_couplings(2, 2, 0.5)[0].tolist()
    [0.0, 1.0, 1.0, 0.0]
    """
    rows, columns = as_whole("rows", rows, least=2), as_whole("columns", columns, least=2)
    bond = as_numbers("coupling", coupling)
    if bond.ndim:
        raise ShapeError(f"coupling: expected one number, that of every bond, got {bond.shape}")
    sites = np.arange(rows * columns).reshape(rows, columns)
    matrix = np.zeros((sites.size, sites.size))
    for axis in (0, 1):
        np.add.at(matrix, (sites.ravel(), np.roll(sites, -1, axis).ravel()), bond)
    return matrix + matrix.T


def _lattice(spins: Any) -> Array:
    """Numbers that can be added up: sums of bytes would run over."""
    check_unmasked("spins", spins)
    s = jnp.asarray(spins)
    if s.ndim != 2:
        raise ShapeError(
            f"spins: expected one lattice (rows, columns), got {s.shape}; of many use jax.vmap"
        )
    if not isinstance(s, jax.core.Tracer) and not (np.abs(np.asarray(s)) == 1).all():
        raise ShapeError("spins: expected ±1 at each site, got others; of bits write 2 * bits - 1")
    return s.astype(jnp.result_type(float))
