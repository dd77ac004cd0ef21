"""Free particles in a harmonic trap: any number, any dimension."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array

from physml.as_whole import whole_fields
from physml.calculus import kinetic_energy
from physml.errors import ConfigurationError
from physml.types import Field
from physml.vmc.systems.system import QuantumSystem, Reference


@dataclass(frozen=True, kw_only=True)
class HarmonicOscillator(QuantumSystem):
    """``H = Σ_i [−½∇_i² + ½ω² r_i²]`` without exchange: ``E₀ = N d ω/2``.

    Attributes:
        particles: N, distinguishable particles or bosons.
        dimension: d.
        omega: ω in hartree.

    >>> import physml as pm
    >>> pm.vmc.HarmonicOscillator(particles=2, dimension=3, omega=0.5).reference.energy
    1.5
    """

    particles: int = 1
    dimension: int = 1
    omega: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        whole_fields(self, self.name)
        if self.particles < 1 or self.dimension < 1 or not self.omega > 0:
            raise ConfigurationError(
                "harmonic-oscillator: expected particles ≥ 1, dimension ≥ 1, omega > 0, got "
                f"{self.particles}, {self.dimension}, {self.omega}"
            )

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "harmonic-oscillator"

    @property
    def shape(self) -> tuple[int, int]:
        """``(N, d)``."""
        return self.particles, self.dimension

    @property
    def length(self) -> float:
        """``1/√ω`` bohr."""
        return self.omega**-0.5

    @property
    def reference(self) -> Reference:
        """``N d ω/2``."""
        return Reference(0.5 * self.particles * self.dimension * self.omega, 0.0, "exact")

    def potential_energy(self, x: Array) -> Array:
        """``½ω² r²`` in hartree."""
        return 0.5 * self.omega**2 * jnp.sum(x**2)

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``(Hψ/ψ)(x)`` in hartree."""
        return kinetic_energy(log_psi)(x) + self.potential_energy(x)

    def ansatz(self, network: Field, x: Array) -> Array:
        """``N − ¼ω r²``: a Gaussian too wide by √2, so that the network has something to find."""
        return network(x) - 0.25 * self.omega * jnp.sum(x**2)
