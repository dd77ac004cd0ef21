"""The scalar field with a quartic self-interaction on a periodic lattice, the theory φ⁴."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array

from physml.errors import ConfigurationError
from physml.generative.flows.real_model import RealModel, checked_shape
from physml.generative.flows.torus import torus
from physml.generative.flows.transfer_matrix import ring


@dataclass(frozen=True)
class ScalarField(RealModel):
    """``p = e^{−S}/Z``, ``S = Σ_x [Σ_μ (φ_{x+μ} − φ_x)² + m² φ_x² + λ φ_x⁴]``, periodic.

    The first term is ``Σ φ(−Δ)φ``: neither it nor ``m²`` has a factor ½. ``Z = ∫ e^{−S} Π dφ_x``.

    Attributes:
        shape: of the lattice, such as ``(16,)`` or ``(6, 6)``; sides of two at least.
        mass_squared: ``m²``, of either sign.
        coupling: ``λ > 0``; or 0 with ``m² > 0``, the free field.

    Raises:
        ConfigurationError: an action without a lower bound, or flat; a side below 2.

    Source: Nicoli et al. (2021), doi:10.1103/PhysRevLett.126.032001; the numbers of the square
    are those of Albergo, Kanwar & Shanahan (2019), doi:10.1103/PhysRevD.100.034515.

    >>> import physml as pm
    >>> field = pm.generative.ScalarField((16,), mass_squared=-4.0, coupling=8.0)
    >>> f"{field.log_partition():.9f} {field.means()['phi_squared']:.9f}"
    '6.532141032 0.179174766'
    """

    shape: tuple[int, ...] = (16,)
    mass_squared: float = -4.0
    coupling: float = 8.0

    def __post_init__(self) -> None:
        """Check all of it where it is written."""
        object.__setattr__(self, "shape", checked_shape("shape", self.shape))
        if min(self.shape) < 2:
            raise ConfigurationError(f"shape: expected sides of 2 or more, got {self.shape}")
        for name in ("mass_squared", "coupling"):
            if not abs(getattr(self, name)) < float("inf"):
                raise ConfigurationError(
                    f"{name}: expected a finite number, got {getattr(self, name)}"
                )
        if self.coupling < 0 or (self.coupling == 0 and self.mass_squared <= 0):
            raise ConfigurationError(
                f"coupling: expected λ > 0, or 0 with m² > 0, got {self.coupling} and m² = "
                f"{self.mass_squared}: the action has no lower bound, or is flat"
            )

    @property
    def sites(self) -> int:
        """How many."""
        count = 1
        for side in self.shape:
            count *= side
        return count

    def log_density(self, phi: Array) -> Array:
        """``−S`` of one field."""
        square = phi * phi
        action = jnp.sum(square * (self.mass_squared + self.coupling * square))
        for axis in range(len(self.shape)):
            action = action + jnp.sum((jnp.roll(phi, -1, axis) - phi) ** 2)
        return -action

    def observables(self, phi: Array) -> dict[str, Array]:
        """``φ²`` and ``|φ̄|``, the mean over sites first."""
        return {"phi_squared": jnp.mean(phi * phi), "magnetisation": jnp.abs(jnp.mean(phi))}

    def log_partition(self) -> float | None:
        """``ln Z`` of a chain, and of a rectangle of at most six sites across; else None.

        By transfer matrices: of a chain to rounding; of a rectangle to 1e-4, or None: see
        ``torus``. At ``(6, 6)``, ``m² = −4``, ``λ = 6.975`` 1e-6 was seen.
        """
        found = self._known()
        return None if found is None else found[0]

    def means(self) -> Mapping[str, float]:
        """``⟨φ²⟩`` of the same."""
        found = self._known()
        return {} if found is None else {"phi_squared": found[1]}

    def _known(self) -> tuple[float, float] | None:
        if len(self.shape) == 1:
            return ring(self.shape[0], self.mass_squared, self.coupling)
        if len(self.shape) == 2:
            return torus(*sorted(self.shape), self.mass_squared, self.coupling)
        return None
