"""Particles on a line with an inverse-square repulsion: solved exactly by Calogero."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array

from physml.as_whole import whole_fields
from physml.calculus import kinetic_energy
from physml.errors import ConfigurationError
from physml.types import Field
from physml.vmc.systems.system import QuantumSystem, Reference, pair_distances


@dataclass(frozen=True, kw_only=True)
class Calogero(QuantumSystem):
    """``H = Σ_i [−½ d²/dx_i² + ½ω² x_i²] + Σ_{i<j} β(β − 1)/(x_i − x_j)²``.

    The ground state is ``Π_{i<j} |x_i − x_j|^β e^{−½ω Σ x_i²}`` with
    ``E₀ = ω [N/2 + β N(N − 1)/2]``.

    Attributes:
        particles: N.
        beta: β > ½, the power with which ψ vanishes where two particles meet; β = 1 are free
            fermions.
        omega: ω in hartree.

    Raises:
        ConfigurationError: no particle, ``β ≤ ½``, ω not positive.

    Source: Calogero (1969), doi:10.1063/1.1664820; Sutherland (1971), doi:10.1063/1.1665584.

    >>> import physml as pm
    >>> pm.vmc.Calogero(particles=5, beta=2.0).reference.energy
    22.5
    """

    particles: int = 5
    beta: float = 2.0
    omega: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        whole_fields(self, self.name)
        if self.particles < 1 or not self.beta > 0.5 or not self.omega > 0:
            raise ConfigurationError(
                "calogero: expected particles ≥ 1, beta > 1/2, omega > 0, got "
                f"{self.particles}, {self.beta}, {self.omega}"
            )

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "calogero"

    @property
    def shape(self) -> tuple[int, int]:
        """N particles on a line."""
        return self.particles, 1

    @property
    def length(self) -> float:
        """``1/√ω`` bohr."""
        return self.omega**-0.5

    @property
    def reference(self) -> Reference:
        """``ω [N/2 + β N(N − 1)/2]``."""
        n = self.particles
        return Reference(0.5 * self.omega * n * (1 + self.beta * (n - 1)), 0.0, "exact")

    def potential_energy(self, x: Array) -> Array:
        """Trap and repulsion, in hartree."""
        repulsion = self.beta * (self.beta - 1) * jnp.sum(pair_distances(x) ** -2)
        return 0.5 * self.omega**2 * jnp.sum(x**2) + repulsion

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``(Hψ/ψ)(x)`` in hartree."""
        return kinetic_energy(log_psi)(x) + self.potential_energy(x)

    def ansatz(self, network: Field, x: Array) -> Array:
        """``N + β Σ log|x_i − x_j| − ¼ω Σ x_i²``: how particles meet, exactly, in too wide a trap.

        The network has the Gaussian to find; a symmetric one is exact with ``N = −¼ω Σ x_i²``.
        """
        meeting = self.beta * jnp.sum(jnp.log(pair_distances(x)))
        return network(x) + meeting - 0.25 * self.omega * jnp.sum(x**2)
