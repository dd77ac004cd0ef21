"""Hard spheres in a trap: a cold gas of bosons."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.calculus import kinetic_energy
from physml.errors import ConfigurationError
from physml.types import Field
from physml.vmc.systems.system import QuantumSystem, Reference, pair_distances


@dataclass(frozen=True, kw_only=True)
class TrappedBosons(QuantumSystem):
    """``H = Σ_i [−½∇_i² + ½ω² (x_i² + y_i² + γ² z_i²)]`` and a hard core: ψ = 0 for ``r_ij < a``.

    Units of the trap, ħω and ``√(ħ/mω)``, are those with ω = 1.

    Attributes:
        particles: N.
        omega: ω across the trap, in hartree.
        elongation: γ, the frequency along z over that across; 1 for a spherical trap, √8 in the
            first experiments.
        diameter: a, in bohr; 0.0043 is rubidium in the first experiments' trap.

    Raises:
        ConfigurationError: no particle, frequencies not positive, a negative diameter.

    Source: DuBois and Glyde (2001), doi:10.1103/PhysRevA.63.023602.

    >>> import math, physml as pm
    >>> cloud = pm.vmc.TrappedBosons(particles=10, elongation=math.sqrt(8), diameter=0.0043)
    >>> round(cloud.mean_field_energy, 3)
    24.402
    """

    particles: int = 10
    omega: float = 1.0
    elongation: float = 1.0
    diameter: float = 0.0043

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        whole_fields(self, self.name)
        if self.particles < 1 or not self.omega > 0 or not self.elongation > 0:
            raise ConfigurationError(
                "trapped-bosons: expected particles ≥ 1, omega > 0, elongation > 0, got "
                f"{self.particles}, {self.omega}, {self.elongation}"
            )
        if not self.diameter >= 0:
            raise ConfigurationError(
                f"trapped-bosons: diameter: expected a length ≥ 0 bohr, got {self.diameter}"
            )

    @property
    def name(self) -> str:
        """The name on the command line."""
        return "trapped-bosons"

    @property
    def shape(self) -> tuple[int, int]:
        """N particles in three dimensions."""
        return self.particles, 3

    @property
    def length(self) -> float:
        """``1/√ω`` bohr."""
        return self.omega**-0.5

    @property
    def ideal_energy(self) -> float:
        """``N ω (1 + γ/2)``, of point particles, in hartree."""
        return self.particles * self.omega * (1 + self.elongation / 2)

    @property
    def mean_field_energy(self) -> float:
        """To first order in a, in hartree: an upper bound of the pseudopotential's ground state.

        ``N ω (1 + γ/2) + ½N(N − 1) 4πa ∫φ⁴`` with the Gaussian φ of the ideal gas, for which
        ``∫φ⁴ = γ^{1/2} (ω/2π)^{3/2}``.
        """
        overlap = math.sqrt(self.elongation) * (self.omega / (2 * math.pi)) ** 1.5
        pairs = self.particles * (self.particles - 1) / 2
        return self.ideal_energy + pairs * 4 * math.pi * self.diameter * overlap

    @property
    def reference(self) -> Reference | None:
        """The ideal gas's energy; none is exact for hard spheres."""
        if self.diameter > 0 and self.particles > 1:
            return None
        return Reference(self.ideal_energy, 0.0, "exact")

    def walkers(self, key: Array, count: int) -> Array:
        """First walkers, normal with the widths of the trap, ``(count, N, 3)`` in bohr."""
        spread = self.length * np.array([1.0, 1.0, self.elongation**-0.5]) / math.sqrt(2)
        noise = jax.random.normal(key, (count, *self.shape))
        return noise * jnp.asarray(spread[None, None], noise.dtype)

    def potential_energy(self, x: Array) -> Array:
        """The trap's, in hartree; the core is a boundary condition."""
        squares = x[:, 0] ** 2 + x[:, 1] ** 2 + (self.elongation * x[:, 2]) ** 2
        return 0.5 * self.omega**2 * jnp.sum(squares)

    def local_energy(self, log_psi: Field, x: Array) -> Array:
        """``(Hψ/ψ)(x)`` in hartree."""
        return kinetic_energy(log_psi)(x) + self.potential_energy(x)

    def ansatz(self, network: Field, x: Array) -> Array:
        """``N − ½ω Σ (x² + y² + γz²) + Σ_{i<j} log(1 − a/r_ij)``; log 0 within a core.

        The ideal gas's state times the zero-energy scattering of each pair.
        """
        squares = x[:, 0] ** 2 + x[:, 1] ** 2 + self.elongation * x[:, 2] ** 2
        value = network(x) - 0.5 * self.omega * jnp.sum(squares)
        if self.diameter == 0 or self.particles < 2:
            return value
        r = pair_distances(x)
        apart = r > self.diameter
        outside = jnp.maximum(r, (1 + 4 * jnp.finfo(r.dtype).eps) * self.diameter)
        pairs = jnp.sum(jnp.log1p(-self.diameter / outside))
        return jnp.where(jnp.all(apart), value + pairs, -jnp.inf)
