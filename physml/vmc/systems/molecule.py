"""Molecules: electrons and several nuclei at rest."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import kinetic_energy
from physml.errors import ConfigurationError
from physml.types import Field
from physml.vmc.systems.nuclei import around, coulomb_energy, homes, nuclear_distances
from physml.vmc.systems.system import Reference, pair_distances

_TABLE = "exact non-relativistic energy, table"
_REFERENCES = {
    ((1, 1), (1, 1), 1.401): Reference(-1.17448, 0.0, _TABLE),
    ((1, 3), (2, 2), 3.015): Reference(-8.070548, 0.0, _TABLE),
}


@dataclass(frozen=True, kw_only=True)
class Molecule:
    """``H = Σ_i [−½∇_i² − Σ_A Z_A/r_iA] + Σ_{i<j} 1/r_ij + Σ_{A<B} Z_A Z_B/R_AB``.

    Hydrogen, H₂ at its equilibrium distance, if nothing is given.

    Attributes:
        charges: ``Z_A`` of the nuclei.
        positions: of the nuclei, in bohr; ``1.2 * ANGSTROM`` is 1.2 ångström.
        n_up: electrons with spin up.
        n_down: electrons with spin down.

    Raises:
        ConfigurationError: nuclei without charge or place, two in one place, no electron.

    >>> import physml as pm
    >>> molecule = pm.Molecule(charges=(3, 1), positions=((0, 0, 0), (0, 0, 3.015)),
    ...                        n_up=2, n_down=2)
    >>> molecule.shape, molecule.reference.energy
    ((4, 3), -8.070548)
    """

    charges: tuple[float, ...] = (1.0, 1.0)
    positions: tuple[tuple[float, float, float], ...] = ((0.0, 0.0, 0.0), (0.0, 0.0, 1.401))
    n_up: int = 1
    n_down: int = 1

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        if not self.charges or not all(z > 0 for z in self.charges):
            raise ConfigurationError(
                f"molecule: charges: expected nuclei with Z > 0, got {self.charges}"
            )
        if len(self.positions) != len(self.charges) or any(len(r) != 3 for r in self.positions):
            raise ConfigurationError(
                f"molecule: positions: expected {len(self.charges)} times (x, y, z) in bohr, one "
                f"for each charge, got {self.positions}"
            )
        if len(set(self.positions)) < len(self.positions):
            raise ConfigurationError(
                f"molecule: positions: expected nuclei in different places, got {self.positions}"
            )
        if min(self.n_up, self.n_down) < 0 or self.n_up + self.n_down == 0:
            raise ConfigurationError(
                f"molecule: expected at least one electron, got n_up = {self.n_up}, "
                f"n_down = {self.n_down}"
            )

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "molecule"

    @property
    def shape(self) -> tuple[int, int]:
        """``(N, 3)``."""
        return self.n_up + self.n_down, 3

    @property
    def length(self) -> float:
        """1 bohr."""
        return 1.0

    @property
    def reference(self) -> Reference | None:
        """The tabulated energy, if this molecule at this distance has one."""
        if len(self.charges) != 2:
            return None
        first, second = np.asarray(self.positions, float)
        distance = float(np.linalg.norm(first - second))
        for (charges, spins, at), reference in _REFERENCES.items():
            same = tuple(sorted(self.charges)) == charges and {self.n_up, self.n_down} == {*spins}
            if same and abs(distance - at) < 1e-9:
                return reference
        return None

    def walkers(self, key: Array, count: int) -> Array:
        """First walkers, normal about the nuclei, ``(count, N, 3)`` in bohr.

        Each nucleus gets as many electrons as its charge, of either spin in turn; the spread is
        1 bohr, and ``1/Z`` for the first two of a nucleus with Z > 2.
        """
        near = homes(np.asarray(self.charges), n_up=self.n_up, n_down=self.n_down)
        spread = np.ones(len(near))
        for nucleus, charge in enumerate(self.charges):
            if charge > 2:
                for spin in (slice(0, self.n_up), slice(self.n_up, None)):
                    inner = np.flatnonzero(near[spin] == nucleus)[:1] + (spin.start or 0)
                    spread[inner] = 1 / charge
        centres = np.asarray(self.positions, float)[near]
        return around(key, count, centres=centres, spread=spread)

    def potential_energy(self, x: Array) -> Array:
        """Attraction and repulsion of electrons and nuclei, in hartree."""
        return coulomb_energy(x, np.asarray(self.charges), np.asarray(self.positions, float))

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``(Hψ/ψ)(x)`` in hartree."""
        return kinetic_energy(log_psi)(x) + self.potential_energy(x)

    def ansatz(self, N: Field, x: Array) -> Array:
        """Cusps and decay for a network: ``N − Σ_iA h_A(r_iA) + ½ Σ r_ij/(1 + r_ij)``.

        ``h_A`` has the slope ``Z_A`` at the nucleus and ``Z_A/Σ Z`` far away, so that an electron
        far from all nuclei decays as ``e^{−r}``.

        Raises:
            ConfigurationError: two electrons of one spin, for which a network is not
                antisymmetric.
        """
        if max(self.n_up, self.n_down) > 1:
            raise ConfigurationError(
                "molecule: a network with the ansatz describes one electron of each spin, got "
                f"n_up = {self.n_up}, n_down = {self.n_down}; use an antisymmetric wave function"
            )
        charges = np.broadcast_to(self.charges, (x.shape[0], len(self.charges)))
        z = jnp.asarray(charges, x.dtype)
        far = z / sum(self.charges)
        r = nuclear_distances(x, np.asarray(self.positions, float))
        decay = jnp.sum(far * r + (z - far) * r / (1 + z * r))
        apart = pair_distances(x)
        return N(x) - decay + 0.5 * jnp.sum(apart / (1 + apart))
