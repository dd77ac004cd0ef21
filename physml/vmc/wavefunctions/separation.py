"""Where particles are and how far apart, in open space and in a periodic cell.

In a cell of lengths ``L`` the distance ``√Σ_a (L_a/π)² sin²(π Δ_a/L_a)`` is smooth wherever two
particles do not meet, equals ``|Δ|`` where they nearly do, and has the period of the cell. Sines
and cosines are taken of each particle's coordinates, and of differences by the addition theorem:
``N d`` of them instead of ``N² d``.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.vmc.systems.electrons import told_electrons
from physml.vmc.systems.system import QuantumSystem


class Separation(NamedTuple):
    """Pairs of particles.

    Attributes:
        distance: ``r``, ``(...)`` in bohr, periodic in a cell.
        features: ``(..., m)``, what a network may know of a pair without disturbing its cusp: its
            direction and distance as functions whose expansion at contact has no term linear in
            ``r``. In open space ``Δ/√(ℓ² + r²)`` and ``ln(1 + r²/ℓ²)``, in a cell
            ``sin(2πΔ_a/L_a)`` and ``cos(2πΔ_a/L_a)``; and ``r³/(ℓ³ + ℓr²)`` in both.
        displacement: ``(..., d)``, ``Δ`` in bohr, in a cell ``(L_a/2π) sin(2πΔ_a/L_a)``.
    """

    distance: Array
    features: Array
    displacement: Array


def separation(
    system: QuantumSystem, x: Array, first: np.ndarray | Array, second: np.ndarray | Array
) -> Separation:
    """The pairs ``Δ = x_i − x_j``.

    Args:
        system: with a ``length`` ``ℓ``, and a ``cell`` if it is periodic.
        x: a walker ``(N, d)``, in bohr.
        first: the ``i``, of any shape.
        second: the ``j``, of the same shape.

    Returns:
        Distances and features of that shape.
    """
    lengths = cell_lengths(system)
    if lengths is None:
        delta = x[first] - x[second]
        r = jnp.sqrt(jnp.sum(delta**2, axis=-1))
        reduced = (r / system.length)[..., None]
        directions = [
            delta / (system.length * jnp.sqrt(1 + reduced**2)),
            jnp.log1p(reduced**2),
        ]
    else:
        half = np.pi * x / jnp.asarray(lengths, x.dtype)[None]
        sine, cosine = jnp.sin(half), jnp.cos(half)
        sines = sine[first] * cosine[second] - cosine[first] * sine[second]
        cosines = cosine[first] * cosine[second] + sine[first] * sine[second]
        over = (lengths / np.pi).reshape((1,) * first.ndim + (-1,))
        r = jnp.sqrt(jnp.sum((jnp.asarray(over, x.dtype) * sines) ** 2, axis=-1))
        reduced = (r / system.length)[..., None]
        doubled = 2 * sines * cosines
        delta = doubled * jnp.asarray(over / 2, x.dtype)
        directions = [doubled, 1 - 2 * sines**2]
    cubic = reduced**3 / (1 + reduced**2)
    return Separation(r, jnp.concatenate([*directions, cubic], axis=-1), delta)


class Place(NamedTuple):
    """Where each particle is in open space, in functions that are smooth at every centre.

    Attributes:
        scalars: ``r²/(ℓ² + r²)`` and ``ln(1 + r²/ℓ²)`` of each centre, ``(N, 2c)``.
        vectors: ``(x − R)/√(ℓ² + r²)`` of each centre, ``(N, c d)``.
    """

    scalars: Array
    vectors: Array


def place(system: QuantumSystem, x: Array) -> Place:
    """Where particles are, as seen from a system's centres; without a cell.

    Args:
        system: with ``electrons``, whose ``centres`` are used, or the origin and its ``length``.
        x: a walker ``(N, d)``, in bohr.
    """
    told = told_electrons(system, "place").centres
    centres = told or (((0.0,) * x.shape[1], system.length),)
    scalars, vectors = [], []
    for position, length in centres:
        delta = (x - jnp.asarray([position], x.dtype)) / length
        squares = jnp.sum(delta**2, axis=-1, keepdims=True)
        scalars += [squares / (1 + squares), jnp.log1p(squares)]
        vectors.append(delta / jnp.sqrt(1 + squares))
    return Place(jnp.concatenate(scalars, axis=-1), jnp.concatenate(vectors, axis=-1))


def cell_lengths(system: QuantumSystem) -> np.ndarray | None:
    """The lengths of a system's cell in bohr, ``(d,)``, or None in open space."""
    return None if system.cell is None else np.asarray(system.cell.lengths, float)
