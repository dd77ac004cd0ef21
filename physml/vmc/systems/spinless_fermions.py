"""Fermions of one spin on a line, in a trap, with an interaction of finite range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, partial

import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.linalg import eigh

from physml.as_whole import whole_fields
from physml.calculus import kinetic_energy
from physml.errors import ConfigurationError
from physml.ranges import check_positive
from physml.types import Field
from physml.vmc.systems.electrons import Electrons
from physml.vmc.systems.quantum_dot import harmonic_orbitals
from physml.vmc.systems.system import QuantumSystem, Reference, pair_distances

# Three particles with ω = 1 and σ₀ = ½, by V₀: determinants of sinc functions on two grids, the
# finer of 0.16 bohr or less with 54,740 of them or more, agree to all digits.
_MOST_POINTS = 3000
_THREE = {-20.0: -7.524471856, -10.0: 0.714796727, 10.0: 5.878026126, 20.0: 6.514858654}


@dataclass(frozen=True, kw_only=True)
class SpinlessFermions(QuantumSystem):
    """``H = Σ_i [−½ d²/dx_i² + ½ω² x_i²] + Σ_{i<j} V₀/(√(2π) σ₀) e^{−(x_i − x_j)²/2σ₀²}``.

    One spin, so ψ changes sign where two particles meet, and is smooth there. Without the
    interaction the ground state is the determinant of the lowest N orbitals, ``E₀ = N² ω/2``;
    strong repulsion makes a crystal of it, strong attraction a single cluster.

    Attributes:
        particles: N.
        strength: V₀, the integral of the interaction, in hartree bohr; attractive if < 0.
        range: σ₀ in bohr.
        omega: ω in hartree.

    Raises:
        ConfigurationError: no particle, a range or ω not positive, a strength not finite.

    Source: Keeble et al. (2023), arXiv:2304.04725, who take ω = 1, σ₀ = ½ and V₀ from −20 to 20.

    >>> import physml as pm
    >>> round(pm.vmc.SpinlessFermions(particles=2, strength=10.0).reference.energy, 6)
    2.425619
    >>> pm.vmc.SpinlessFermions(particles=5, strength=0.0).reference.energy
    12.5
    """

    particles: int = 2
    strength: float = 10.0
    range: float = 0.5
    omega: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        whole_fields(self, self.name)
        if self.particles < 1:
            raise ConfigurationError(
                f"spinless-fermions: particles: expected at least 1, got {self.particles}"
            )
        if not math.isfinite(self.strength):
            raise ConfigurationError(
                "spinless-fermions: strength: expected a finite number, positive for repulsion, "
                f"got {self.strength}"
            )
        for name in ("range", "omega"):
            check_positive(f"spinless-fermions: {name}", getattr(self, name))

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "spinless-fermions"

    @property
    def shape(self) -> tuple[int, int]:
        """N particles on a line."""
        return self.particles, 1

    @property
    def length(self) -> float:
        """``1/√ω`` bohr."""
        return self.omega**-0.5

    @property
    def electrons(self) -> Electrons:
        """One spin in harmonic-oscillator orbitals, without cusps."""
        orbitals = partial(harmonic_orbitals, omega=self.omega, count=self.particles)
        return Electrons(self.particles, 0, orbitals, cusps=False)

    @cached_property
    def reference(self) -> Reference | None:
        """Exact without interaction; of two particles from their relative motion; else a table."""
        n = self.particles
        if self.strength == 0 or n == 1:
            return Reference(0.5 * self.omega * n**2, 0.0, "exact, free fermions")
        if n == 2:
            if self._count(5, 1.2) > _MOST_POINTS:
                return None
            solved = (self._relative(*sizes) for sizes in ((4, 1.0), (5, 1.2)))
            coarse, fine = (0.5 * self.omega + energy for energy in solved)
            error = max(abs(fine - coarse), 1e-12 * max(1.0, abs(fine)))
            return Reference(fine, error, "relative motion on a grid of sincs")
        if (n, self.range, self.omega) != (3, 0.5, 1.0) or self.strength not in _THREE:
            return None
        return Reference(_THREE[self.strength], 1e-9, "own exact diagonalisation")

    def _count(self, points: int, reach: float) -> int:
        """Grid points from 0 to beyond the repelled pair's place, ``reach`` times as far."""
        ratio = 2 * self._height / (self.range * self.omega) ** 2
        apart = self.range * math.sqrt(2 * math.log(ratio)) if ratio > 1 else 0.0
        soft = 3 * self.range if self.strength > 0 else 0.0
        step = min(self.range, self.length) / points
        return math.ceil(reach * (apart + soft + 9 * self.length) / step) - 1

    def _relative(self, points: int, reach: float) -> float:
        """The lowest odd state of ``−d²/dr² + ¼ω²r² + V(r)``, in hartree.

        In odd combinations of sinc functions, so many a range or length, whichever is shorter; the
        grid ends ``reach`` times where the state has.

        Source: Colbert and Miller (1992), doi:10.1063/1.462100.
        """
        step = min(self.range, self.length) / points
        i = np.arange(1, self._count(points, reach) + 1)
        apart, summed = i[:, None] - i[None], i[:, None] + i[None]
        off = 2 * (-1.0) ** apart * (1 / np.where(apart == 0, 1, apart) ** 2 - 1 / summed**2)
        on = np.diag(np.pi**2 / 3 - 1 / (2 * i**2))
        kinetic = np.where(apart == 0, on, off) / step**2
        r = i * step
        gaussian = np.exp(-(r**2) / (2 * self.range**2))
        potential = self.omega**2 * r**2 / 4 + self._height * gaussian
        lowest = eigh(kinetic + np.diag(potential), eigvals_only=True, subset_by_index=[0, 0])
        return float(lowest[0])

    @property
    def _height(self) -> float:
        """``V₀/(√(2π) σ₀)``, in hartree."""
        return self.strength / (math.sqrt(2 * math.pi) * self.range)

    def potential_energy(self, x: Array) -> Array:
        """Trap and interaction, in hartree."""
        gaussians = jnp.exp(-(pair_distances(x) ** 2) / (2 * self.range**2))
        return 0.5 * self.omega**2 * jnp.sum(x**2) + self._height * jnp.sum(gaussians)

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``(Hψ/ψ)(x)`` in hartree."""
        return kinetic_energy(log_psi)(x) + self.potential_energy(x)

    def ansatz(self, network: Field, x: Array) -> Array:
        """``N − ½ω Σ x_i²``: for networks that change sign as they must."""
        return network(x) - 0.5 * self.omega * jnp.sum(x**2)
