"""The J₁–J₂ Heisenberg model on the square lattice: spins that neighbours cannot all please."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physml.as_whole import whole_fields
from physml.errors import ConfigurationError
from physml.vmc.systems.spin_bonds import BondedSpins, Bonds, bonds_to
from physml.vmc.systems.system import Reference

# Energies a site in units of J₁, by side and J₂/J₁.
_EXACT_SQUARES = {
    4: {
        0.0: -0.7017802005,
        0.2: -0.6198739415,
        0.4: -0.5511477727,
        0.5: -0.5286202095,
        0.6: -0.5258958220,
        0.8: -0.6273351040,
        1.0: -0.7684681385,
    },
    6: {
        0.0: -0.678872,
        0.2: -0.599046,
        0.4: -0.529745,
        0.5: -0.503810,
        0.6: -0.493239,
        0.8: -0.586487,
        1.0: -0.714360,
    },
}
# Side: the rounding of the table, and where it comes from.
_SOURCES = {
    4: (5e-11, "own exact diagonalisation"),
    6: (5e-7, "exact diagonalisation, table of Schulz, Ziman and Poilblanc (1996)"),
}


@dataclass(frozen=True, kw_only=True)
class HeisenbergSquare(BondedSpins):
    """``H = J₁ Σ_⟨ij⟩ S_i·S_j + J₂ Σ_⟨⟨ij⟩⟩ S_i·S_j``, ``S = σ/2``, of a given total spin along z.

    ``L × L`` spins ½, periodic; ``⟨ij⟩`` are nearest neighbours, ``⟨⟨ij⟩⟩`` those across a
    diagonal, each pair once. Energies in the units of J₁, with spins of ½ as the literature of this
    lattice has them: a quarter of what Pauli matrices give, as in ``HeisenbergChain``.

    The spins of every second site, as on a chessboard, are turned by π about z (Marshall's sign
    rule), after which the ground state is positive for ``J₂ ≤ 0``. For ``J₂ > 0`` the rule is not
    exact: exchanges along a diagonal want the other sign, and a positive ψ, such as that of
    ``RBM``, then gives an upper bound that need not come down to the exact energy however many
    parameters it has. On 4 × 4 sites the rule still holds at ``J₂ = 0.2 J₁``; at ``0.5 J₁`` the
    amplitudes that obey it have 98.7% of the weight, at ``J₁`` little more than half. A ψ that
    learns signs is a ``SignedLog`` or a complex ``log ψ``.

    Attributes:
        side: L, even.
        coupling: J₁ > 0.
        next_coupling: J₂.
        total: ``2 S_z``, spins up less spins down, which H keeps.

    Raises:
        ConfigurationError: an odd side or one below 4, J₁ not positive.

    Source: Schulz, Ziman and Poilblanc (1996), doi:10.1051/jp1:1996236.

    >>> import physml as pm
    >>> pm.vmc.HeisenbergSquare(side=4).reference.energy / 16
    -0.7017802005
    """

    side: int = 4
    coupling: float = 1.0
    next_coupling: float = 0.0
    total: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        whole_fields(self, self.name)
        if self.side < 4 or self.side % 2:
            raise ConfigurationError(
                f"heisenberg-square: side: expected an even number, at least 4, got {self.side}"
            )
        if not self.coupling > 0:
            raise ConfigurationError(
                f"heisenberg-square: coupling: expected J₁ > 0, got {self.coupling}; the sign "
                "of next_coupling is free"
            )

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "heisenberg-square"

    @property
    def lattice(self) -> tuple[int, ...]:
        """``(L, L)``."""
        return self.side, self.side

    @property
    def bonds(self) -> Bonds:
        """Two to nearest neighbours and two across diagonals from every site, with ``J/4``."""
        sites = np.arange(self.side**2).reshape(self.lattice)

        def neighbour(down: int, right: int) -> np.ndarray:
            return np.roll(sites, (-down, -right), axis=(0, 1)).ravel()

        near, far = self.coupling / 4, self.next_coupling / 4
        return bonds_to(
            (neighbour(1, 0), near, True),
            (neighbour(0, 1), near, True),
            (neighbour(1, 1), far, False),
            (neighbour(1, -1), far, False),
        )

    @property
    def reference(self) -> Reference | None:
        """The energy by exact diagonalisation, where it is tabulated: 4 × 4 and 6 × 6 sites."""
        if self.total != 0:
            return None
        for ratio, energy in _EXACT_SQUARES.get(self.side, {}).items():
            if abs(ratio - self.next_coupling / self.coupling) < 1e-12:
                error, source = _SOURCES[self.side]
                scale = self.coupling * self.side**2
                return Reference(scale * energy, scale * error, source)
        return None
