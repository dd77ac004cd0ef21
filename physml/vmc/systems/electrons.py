"""What a Slater determinant must know of a system's electrons."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from jax import Array


class Electrons(NamedTuple):
    """Spins and orbitals; the electrons of a walker come spin up first.

    Attributes:
        n_up: electrons with spin up.
        n_down: electrons with spin down.
        orbitals: ``(x (d,), scale ()) -> (log envelope (), values (K,))``: orbital ``k`` is
            ``e^{log envelope} · values[k]``, with ``K`` at least the larger count; the scale is a
            variational parameter that is 1 for the unscaled orbital.
    """

    n_up: int
    n_down: int
    orbitals: Callable[[Array, Array], tuple[Array, Array]]
