"""What a wave function must know of a system's electrons."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jax import Array

from physml.errors import ConfigurationError, ShapeError
from physml.vmc.systems.pair_excitations import PairExcitations

if TYPE_CHECKING:
    from physml.vmc.systems.system import QuantumSystem


class Electrons(NamedTuple):
    """Spins and orbitals; the electrons of a walker come spin up first.

    Attributes:
        n_up: electrons with spin up.
        n_down: electrons with spin down.
        orbitals: ``(x (d,), scale ()) -> (log envelope (), values (K,))``: orbital ``k`` is
            ``e^{log envelope} · values[k]``, with ``K`` at least the larger count; the scale is a
            variational parameter that is 1 for the unscaled orbital.
            Cusps at nuclei belong to the envelope, which no backflow moves.
        groups: for each orbital, which factor of a wave function multiplies it; orbitals that a
            symmetry mixes, such as ``cos k·x`` and ``sin k·x``, must share one. None: one each.
        centres: places and lengths in bohr, ``((R, ℓ), …)``, on whose scale a network sees where an
            electron is; a nucleus has one for each of its shells. None: the origin and the system's
            length. Unused in a cell, where no place is special.
        pairs: excitations of two electrons that ψ may contain beside the determinants; None: none.
        cusps: whether electrons repel by ``1/r``, so that ψ has Kato's cusps where they meet;
            without them it is smooth there, and one dimension will do.
    """

    n_up: int
    n_down: int
    orbitals: Callable[[Array, Array], tuple[Array, Array]]
    groups: tuple[int, ...] | None = None
    centres: tuple[tuple[tuple[float, ...], float], ...] | None = None
    pairs: PairExcitations | None = None
    cusps: bool = True

    @property
    def spins(self) -> np.ndarray:
        """1 for spin up, −1 for spin down, ``(N,)``."""
        return np.repeat([1.0, -1.0], [self.n_up, self.n_down])


def told_electrons(system: QuantumSystem, who: str) -> Electrons:
    """The electrons of a system.

    Raises:
        ConfigurationError: for a system that does not tell its electrons.
    """
    if system.electrons is None:
        raise ConfigurationError(
            f"{who}: {system.name} tells no electrons; say electrons="
            "pm.vmc.Electrons(n_up, n_down, orbitals). Without them particles are told apart, and "
            "a network finds the lowest state of all, that of bosons"
        )
    return system.electrons


def electrons_of(system: QuantumSystem, x: Array, who: str) -> Electrons:
    """The electrons of a system, once the walker is seen to be one of its.

    Raises:
        ConfigurationError: for a system that does not tell its electrons.
        ShapeError: for a walker of another system, or of one dimension with cusps, where none is
            finite.
    """
    electrons = told_electrons(system, who)
    least = 2 if electrons.cusps else 1
    expected = (electrons.n_up + electrons.n_down, max(least, system.shape[1]))
    if x.shape != expected:
        where = ", electrons in at least two dimensions" if electrons.cusps else ""
        raise ShapeError(
            f"{who}: expected a walker {expected} of {system.name}{where}, got {x.shape}"
        )
    return electrons
