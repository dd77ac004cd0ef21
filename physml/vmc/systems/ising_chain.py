"""The transverse-field Ising chain.

Pauli matrices, a periodic chain. A walker is ``(N, 1)`` with entries ±1, the values of ``σᶻ``.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.errors import ConfigurationError
from physml.ranges import check_positive
from physml.vmc.systems.lattice import LatticeSystem, Row
from physml.vmc.systems.system import Reference


@dataclass(frozen=True, kw_only=True)
class IsingChain(LatticeSystem):
    """``H = −J Σ σᶻ_i σᶻ_{i+1} − h Σ σˣ_i``, whose ground state is positive.

    Attributes:
        sites: N.
        coupling: J > 0.
        field: h > 0; the chain is critical at h = J.

    Raises:
        ConfigurationError: fewer than 3 sites, couplings not positive.

    >>> import physml as pm
    >>> round(pm.vmc.IsingChain(sites=20).reference.energy, 6)
    -25.490990
    """

    sites: int = 20
    coupling: float = 1.0
    field: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        whole_fields(self, self.name)
        if self.sites < 3:
            raise ConfigurationError(f"ising-chain: sites: expected at least 3, got {self.sites}")
        for name in ("coupling", "field"):
            check_positive(f"ising-chain: {name}", getattr(self, name))

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "ising-chain"

    @property
    def shape(self) -> tuple[int, int]:
        """``(N, 1)``."""
        return self.sites, 1

    @property
    def lattice(self) -> tuple[int, ...]:
        """``(N,)``."""
        return (self.sites,)

    @property
    def reference(self) -> Reference:
        """``−Σ_k √(J² + h² − 2Jh cos k)`` over ``k = (2m + 1)π/N``, exactly, of even and odd N.

        Source: Pfeuty (1970), doi:10.1016/0003-4916(70)90270-8.
        """
        k = (2 * np.arange(self.sites) + 1) * np.pi / self.sites
        squares = self.coupling**2 + self.field**2 - 2 * self.coupling * self.field * np.cos(k)
        energy = -float(np.sum(np.sqrt(np.maximum(squares, 0.0))))
        return Reference(energy, 0.0, "exact, free fermions")

    def row(self, x: Array) -> Row:
        """``−J Σ σ_i σ_{i+1}``, and each spin flipped by ``−h``."""
        flipped = jax.vmap(lambda site: x.at[site].multiply(-1))(jnp.arange(self.sites))
        bonds = jnp.sum(x * jnp.roll(x, 1, axis=0))
        return Row(-self.coupling * bonds, flipped, jnp.full(self.sites, -self.field, x.dtype))
