"""Heisenberg's chain of spins, with couplings to first and second neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physml.as_whole import whole_fields
from physml.errors import ConfigurationError
from physml.vmc.systems.spin_bonds import BondedSpins, Bonds, bonds_to
from physml.vmc.systems.system import Reference

_EXACT_CHAINS = {20: -35.6175461195, 22: -39.1475226071}


@dataclass(frozen=True, kw_only=True)
class HeisenbergChain(BondedSpins):
    """``H = J₁ Σ σ_i·σ_{i+1} + J₂ Σ σ_i·σ_{i+2}`` with a given total spin along z.

    Every second spin is turned by π about z (Marshall's sign rule), after which the ground state is
    positive for ``J₂ = 0`` and a real ψ of any sign may be wanted otherwise. Spins in units of the
    Pauli matrices: energies are four times those of spins ½.

    Attributes:
        sites: N, even.
        coupling: J₁ > 0.
        next_coupling: J₂.
        total: ``2 S_z``, spins up less spins down, which H keeps.

    Raises:
        ConfigurationError: an odd number of sites or fewer than 4, J₁ not positive.

    >>> import physml as pm
    >>> pm.vmc.HeisenbergChain(sites=20).reference.energy
    -35.6175461195
    """

    sites: int = 20
    coupling: float = 1.0
    next_coupling: float = 0.0
    total: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        whole_fields(self, self.name)
        if self.sites < 4 or self.sites % 2:
            raise ConfigurationError(
                f"heisenberg-chain: sites: expected an even number, at least 4, got {self.sites}"
            )
        if not self.coupling > 0:
            raise ConfigurationError(
                f"heisenberg-chain: coupling: expected J₁ > 0, got {self.coupling}"
            )

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "heisenberg-chain"

    @property
    def lattice(self) -> tuple[int, ...]:
        """``(N,)``."""
        return (self.sites,)

    @property
    def bonds(self) -> Bonds:
        """First and second neighbours around the ring."""
        sites = np.arange(self.sites)
        return bonds_to(
            (np.roll(sites, -1), self.coupling, True),
            (np.roll(sites, -2), self.next_coupling, False),
        )

    @property
    def reference(self) -> Reference | None:
        """The energy by exact diagonalisation, where it is tabulated."""
        known = self.next_coupling == 0 and self.total == 0
        energy = _EXACT_CHAINS.get(self.sites) if known else None
        if energy is None:
            return None
        return Reference(self.coupling * energy, 0.0, "exact diagonalisation")
