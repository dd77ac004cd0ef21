"""One electron and a nucleus."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array

from physml.calculus import kinetic_energy
from physml.errors import ConfigurationError
from physml.types import Field
from physml.vmc.systems.electrons import Electrons
from physml.vmc.systems.system import QuantumSystem, Reference


@dataclass(frozen=True, kw_only=True)
class Hydrogen(QuantumSystem):
    """``H = −½∇² − Z/r`` in three dimensions, nucleus at rest: ``E₀ = −Z²/2``.

    Attributes:
        charge: Z, whole or not.

    Raises:
        ConfigurationError: for a charge that is not positive and finite.
    """

    charge: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        real = not isinstance(self.charge, complex)
        if not real or not 0 < self.charge < math.inf:
            raise ConfigurationError(
                f"hydrogen: charge: expected a finite number Z > 0, got {self.charge}"
            )

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "hydrogen"

    @property
    def shape(self) -> tuple[int, int]:
        """One electron, three dimensions."""
        return 1, 3

    @property
    def length(self) -> float:
        """``1/Z`` bohr."""
        return 1 / self.charge

    @property
    def reference(self) -> Reference:
        """``−Z²/2``."""
        return Reference(-0.5 * self.charge**2, 0.0, "exact")

    @property
    def electrons(self) -> Electrons:
        """One electron in an exponential orbital."""
        return Electrons(1, 0, self._orbital)

    def _orbital(self, x: Array, scale: Array) -> tuple[Array, Array]:
        """``e^{−sZr}``, corrected at the nucleus so that the cusp is −Z for every scale s."""
        reduced = self.charge * jnp.linalg.norm(x)
        return -scale * reduced - (1 - scale) * reduced / (1 + reduced), jnp.ones(1, x.dtype)

    def potential_energy(self, x: Array) -> Array:
        """``−Z/r`` in hartree."""
        return -self.charge / jnp.linalg.norm(x)

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``(Hψ/ψ)(x)`` in hartree."""
        return kinetic_energy(log_psi)(x) + self.potential_energy(x)

    def ansatz(self, network: Field, x: Array) -> Array:
        """``N − Zr``: for networks without the cusp."""
        return network(x) - self.charge * jnp.linalg.norm(x)
