"""One particle between two wells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.linalg import eigh_tridiagonal

from physml.calculus import kinetic_energy
from physml.ranges import check_positive
from physml.types import Field
from physml.vmc.systems.system import QuantumSystem, Reference


@dataclass(frozen=True, kw_only=True)
class DoubleWell(QuantumSystem):
    """``H = −½ d²/dx² + λx⁴/4 − μx²/2``.

    Attributes:
        quartic: λ, in hartree per bohr⁴.
        quadratic: μ, in hartree per bohr².
    """

    quartic: float = 1.0
    quadratic: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        check_positive("double-well: quartic", self.quartic)

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "double-well"

    @property
    def shape(self) -> tuple[int, int]:
        """One particle, one dimension."""
        return 1, 1

    @property
    def length(self) -> float:
        """1 bohr."""
        return 1.0

    @cached_property
    def reference(self) -> Reference:
        """Lowest eigenvalue by second-order differences on two grids, Richardson-extrapolated."""
        coarse, fine, finer = (self._lowest(n) for n in (2000, 4000, 8000))
        first, second = (4 * fine - coarse) / 3, (4 * finer - fine) / 3
        return Reference(second, abs(second - first), "finite differences, extrapolated")

    def _lowest(self, n: int) -> float:
        wells = (max(self.quadratic, 0.0) / self.quartic) ** 0.5
        reach = 2.0 * wells + 6.0 * self.quartic ** (-1 / 6)
        x, h = np.linspace(-reach, reach, n + 1, retstep=True)
        diagonal = 1 / h**2 + self.quartic * x**4 / 4 - self.quadratic * x**2 / 2
        values = eigh_tridiagonal(
            diagonal, np.full(n, -0.5 / h**2), eigvals_only=True, select="i", select_range=(0, 0)
        )
        return float(values[0])

    def potential_energy(self, x: Array) -> Array:
        """``λx⁴/4 − μx²/2`` in hartree."""
        return self.quartic * jnp.sum(x**4) / 4 - self.quadratic * jnp.sum(x**2) / 2

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``(Hψ/ψ)(x)`` in hartree."""
        return kinetic_energy(log_psi)(x) + self.potential_energy(x)

    def ansatz(self, network: Field, x: Array) -> Array:
        """``N − ½x²``."""
        return network(x) - 0.5 * jnp.sum(x**2)
