"""Atoms from hydrogen to neon."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.calculus import kinetic_energy
from physml.errors import ConfigurationError
from physml.types import Field
from physml.vmc.systems.electrons import Electrons
from physml.vmc.systems.nuclei import around, coulomb_energy
from physml.vmc.systems.system import Reference, pair_distances

_TABLE = "exact non-relativistic energy, table"
_REFERENCES = {
    (1, 1, 0): Reference(-0.5, 0.0, "exact"),
    (2, 1, 1): Reference(-2.903724377, 0.0, _TABLE),
    (3, 2, 1): Reference(-7.478060323, 0.0, _TABLE),
    (4, 2, 2): Reference(-14.66736, 0.0, _TABLE),
    (6, 4, 2): Reference(-37.8450, 0.0, _TABLE),
    (10, 5, 5): Reference(-128.9376, 0.0, _TABLE),
}
_NUCLEUS = np.zeros((1, 3))


@dataclass(frozen=True, kw_only=True)
class Atom:
    """``H = Σ_i [−½∇_i² − Z/r_i] + Σ_{i<j} 1/r_ij``, nucleus at rest in the origin.

    Attributes:
        charge: Z.
        n_up: electrons with spin up, at most 5.
        n_down: electrons with spin down, at most 5.

    Raises:
        ConfigurationError: a charge not positive, no electron, more than the first two shells hold.

    >>> import physml as pm
    >>> helium = pm.Atom(charge=2, n_up=1, n_down=1)
    >>> helium.shape, helium.reference.energy
    ((2, 3), -2.903724377)
    """

    charge: int = 2
    n_up: int = 1
    n_down: int = 1

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        if not self.charge > 0:
            raise ConfigurationError(f"atom: charge: expected Z > 0, got {self.charge}")
        for name, count in (("n_up", self.n_up), ("n_down", self.n_down)):
            if not 0 <= count <= 5:
                raise ConfigurationError(
                    f"atom: {name}: expected 0 to 5 electrons of a spin, in 1s, 2s and 2p, got "
                    f"{count}"
                )
        if self.n_up + self.n_down == 0:
            raise ConfigurationError("atom: expected at least one electron")

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "atom"

    @property
    def shape(self) -> tuple[int, int]:
        """``(N, 3)``."""
        return self.n_up + self.n_down, 3

    @property
    def length(self) -> float:
        """The mean size of the orbitals in bohr."""
        return float(np.mean(self._sizes()))

    @property
    def reference(self) -> Reference | None:
        """The tabulated energy, if this atom has one."""
        return _REFERENCES.get((self.charge, self.n_up, self.n_down))

    @property
    def electrons(self) -> Electrons:
        """Electrons in screened orbitals 1s, 2s, 2p, each with the cusp of the nucleus."""
        return Electrons(self.n_up, self.n_down, self._orbitals, (0, 1, 2, 2, 2), fixed_cusps=True)

    def exponents(self) -> tuple[float, float]:
        """``ζ`` of the first and the second shell by Slater's rules, in 1/bohr.

        Source: Slater (1930), doi:10.1103/PhysRev.36.57.
        """
        inner = min(self.n_up, 1) + min(self.n_down, 1)
        outer = self.n_up + self.n_down - inner
        first = self.charge - 0.30 * (inner - 1)
        second = self.charge - 0.85 * inner - 0.35 * max(outer - 1, 0)
        return max(first, 0.3), max(second / 2, 0.3)

    def _sizes(self) -> np.ndarray:
        first, second = self.exponents()
        shells = [0] * min(self.n_up, 1) + [1] * max(self.n_up - 1, 0)
        shells += [0] * min(self.n_down, 1) + [1] * max(self.n_down - 1, 0)
        return np.array([1 / first, 2 / second])[shells]

    def _orbitals(self, x: Array, scale: Array) -> tuple[Array, Array]:
        """``e^{−f}``, ``(1 + (ζ₂ − Z) r) e^{−ζ₂ r}`` and ``x_a e^{−g}``, ζ times the scale.

        ``f′(0) = Z`` and ``g′(0) = Z/2`` whatever the exponents, which ``f`` and ``g`` approach
        further out: what meets a nucleus does so with the cusp −Z for s and −Z/2 for p.
        """
        r, z = jnp.linalg.norm(x), float(self.charge)
        first, second = (scale * exponent for exponent in self.exponents())
        one = jnp.exp(-first * r - (z - first) * r / (1 + z * r))
        two = (1 + (second - z) * r) * jnp.exp(-second * r)
        bent = -second * r - (z / 2 - second) * r / (1 + z * r / 2)
        values = jnp.concatenate([jnp.stack([one, two]), x * jnp.exp(bent)])
        return jnp.zeros((), x.dtype), values

    def walkers(self, key: Array, count: int) -> Array:
        """First walkers, normal with the sizes of the shells, ``(count, N, 3)`` in bohr."""
        sizes = self._sizes()
        return around(key, count, centres=np.repeat(_NUCLEUS, len(sizes), axis=0), spread=sizes)

    def potential_energy(self, x: Array) -> Array:
        """Attraction and repulsion in hartree."""
        return coulomb_energy(x, np.array([self.charge]), _NUCLEUS)

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``(Hψ/ψ)(x)`` in hartree."""
        return kinetic_energy(log_psi)(x) + self.potential_energy(x)

    def ansatz(self, N: Field, x: Array) -> Array:
        """``N − Z Σ r_i + ½ Σ r_ij/(1 + r_ij)``: both cusps, for one electron of each spin."""
        r = pair_distances(x)
        nucleus = self.charge * jnp.sum(jnp.linalg.norm(x, axis=-1))
        return N(x) - nucleus + 0.5 * jnp.sum(r / (1 + r))
