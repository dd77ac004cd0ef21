"""Atoms and ions from hydrogen to neon."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.calculus import kinetic_energy
from physml.errors import ConfigurationError
from physml.types import Field
from physml.vmc.systems.electrons import Electrons
from physml.vmc.systems.elements import (
    exponents,
    free_spin,
    nuclear_charge,
    spins_of,
    symbol_of,
)
from physml.vmc.systems.nuclei import around, coulomb_energy, stride
from physml.vmc.systems.system import QuantumSystem, Reference, pair_distances

_TABLE = "exact non-relativistic energy, table"
# He: Nakashima and Nakatsuji (2007), doi:10.1063/1.2801981; Li: Puchalski and Pachucki (2006),
# doi:10.1103/PhysRevA.73.022503; Be, C and Ne: Chakravorty et al. (1993),
# doi:10.1103/PhysRevA.47.3649. Errors are half a unit of the last digit that is given here.
_REFERENCES = {
    (1, 1, 0): Reference(-0.5, 0.0, "exact"),
    (2, 1, 1): Reference(-2.903724377, 5e-10, _TABLE),
    (3, 2, 1): Reference(-7.478060324, 5e-10, _TABLE),
    (4, 2, 2): Reference(-14.66736, 5e-6, _TABLE),
    (6, 4, 2): Reference(-37.8450, 5e-5, _TABLE),
    (10, 5, 5): Reference(-128.9376, 5e-5, _TABLE),
}
_NUCLEUS = np.zeros((1, 3))


@dataclass(frozen=True, kw_only=True)
class Atom(QuantumSystem):
    """``H = Σ_i [−½∇_i² − Z/r_i] + Σ_{i<j} 1/r_ij``, nucleus at rest in the origin.

    Attributes:
        symbol: of the element, H to Ne; of its atomic number the symbol is made.
        charge: of the whole ion; 0 for the neutral atom.
        spin: unpaired electrons, ``n_up − n_down``; by Hund's rules if None.

    Raises:
        UnknownNameError: for another element.
        ConfigurationError: a charge or spin that is not whole, no electron, a spin that so many
            electrons cannot have, more than the first two shells hold.

    >>> import physml as pm
    >>> carbon = pm.vmc.Atom(symbol="C")
    >>> carbon.n_up, carbon.n_down, carbon.reference.energy
    (4, 2, -37.845)
    """

    symbol: str = "He"
    charge: int = 0
    spin: int | None = None

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        object.__setattr__(self, "symbol", symbol_of(self.symbol))
        object.__setattr__(self, "charge", as_whole("atom: charge", self.charge))
        if self.spin is not None:
            object.__setattr__(self, "spin", as_whole("atom: spin", self.spin))
        if max(self._spins) > 5:
            raise ConfigurationError(
                "atom: charge, spin: expected at most 5 electrons of a spin, in 1s, 2s and 2p, got "
                f"{self.n_up} up and {self.n_down} down"
            )

    @property
    def _spins(self) -> tuple[int, int]:
        electrons = self.nuclear_charge - self.charge
        spin = free_spin(electrons) if self.spin is None else self.spin
        return spins_of(electrons, spin, "atom")

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "atom"

    @property
    def symbols(self) -> tuple[str, ...]:
        """The one element."""
        return (self.symbol,)

    @property
    def places(self) -> np.ndarray:
        """Of the nucleus, ``(1, 3)``: the origin."""
        return _NUCLEUS

    @property
    def charges(self) -> np.ndarray:
        """``Z`` of the nucleus, ``(1,)``."""
        return np.array([self.nuclear_charge])

    @property
    def nuclear_charge(self) -> int:
        """Z."""
        return nuclear_charge(self.symbol)

    @property
    def n_up(self) -> int:
        """Electrons with spin up."""
        return self._spins[0]

    @property
    def n_down(self) -> int:
        """Electrons with spin down."""
        return self._spins[1]

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
        return _REFERENCES.get((self.nuclear_charge, self.n_up, self.n_down))

    @property
    def electrons(self) -> Electrons:
        """Electrons in screened orbitals 1s, 2s, 2p, each with the cusp of the nucleus."""
        first, second = self.exponents()
        scales = [1 / first, 2 / second] if self._shells > 1 else [1 / first]
        centres = tuple(((0.0, 0.0, 0.0), scale) for scale in scales)
        return Electrons(self.n_up, self.n_down, self._orbitals, (0, 1, 2, 2, 2), centres)

    def exponents(self) -> tuple[float, float]:
        """``ζ`` of the first and the second shell by Slater's rules, in 1/bohr."""
        return exponents(self.nuclear_charge, self.n_up, self.n_down)

    @property
    def _shells(self) -> int:
        return 2 if max(self._spins) > 1 else 1

    def _sizes(self) -> np.ndarray:
        first, second = self.exponents()
        shells = [
            shell for count in self._spins for shell in [0] * min(count, 1) + [1] * (count - 1)
        ]
        return np.array([1 / first, 2 / second])[shells]

    def _orbitals(self, x: Array, scale: Array) -> tuple[Array, Array]:
        """``e^{−h}`` times ``e^{−(ζ₁−ζ)s}``, ``e^{−(ζ₂−ζ)s}`` and ``x_a e^{−(ζ₂−ζ)s + p}``.

        The envelope ``h`` has the slope Z at the nucleus and ζ, the exponent of the outer occupied
        shell, far away; ``s = √(r² + 1/Z²) − 1/Z`` is smooth, so that what meets the nucleus does
        so with the cusp −Z, and ``p`` makes it −Z/2 for the radial part of 2p.
        """
        r, z = jnp.linalg.norm(x), float(self.nuclear_charge)
        first, second = (scale * exponent for exponent in self.exponents())
        outer = second if self._shells > 1 else first
        envelope = -outer * r - (z - outer) * r / (1 + z * r)
        smooth = jnp.sqrt(r**2 + z**-2) - 1 / z
        one, two = jnp.exp((outer - first) * smooth), jnp.exp((outer - second) * smooth)
        p = x * two * jnp.exp(0.5 * z * r / (1 + z * r))
        return envelope, jnp.concatenate([jnp.stack([one, two]), p])

    def walkers(self, key: Array, count: int) -> Array:
        """First walkers, normal with the sizes of the shells, ``(count, N, 3)`` in bohr."""
        shape = (count, *self.shape)
        sizes = jnp.broadcast_to(jnp.asarray(self._sizes()), shape[:2])
        return around(key, centres=jnp.zeros(shape), spread=sizes)

    def stride(self, x: Array) -> Array:
        """What the width of each electron's move is multiplied by, ``(..., N, 1)``, at most 1."""
        return stride(x, self.charges, self.places)

    def potential_energy(self, x: Array) -> Array:
        """Attraction and repulsion in hartree."""
        return coulomb_energy(x, self.charges, _NUCLEUS)

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``(Hψ/ψ)(x)`` in hartree."""
        return kinetic_energy(log_psi)(x) + self.potential_energy(x)

    def ansatz(self, network: Field, x: Array) -> Array:
        """``N − Z Σ r_i + ½ Σ r_ij/(1 + r_ij)``: both cusps, for one electron of each spin."""
        r = pair_distances(x)
        nucleus = self.nuclear_charge * jnp.sum(jnp.linalg.norm(x, axis=-1))
        return network(x) - nucleus + 0.5 * jnp.sum(r / (1 + r))
