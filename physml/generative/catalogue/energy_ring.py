"""A ring in the plane, as an energy."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.generative.catalogue.planar_by_recipe import QUICK, EnergyRecipe, planar_entry
from physml.generative.machines.by_inversion import by_inversion
from physml.ranges import check_positive

_REACH = 6.0


@dataclass(frozen=True)
class RingDensity:
    """``p(x) ∝ exp(−(|x| − R)²/2w²)``.

    Attributes:
        radius: ``R > 0``.
        width: ``w > 0``, at most ``R/2``.

    Raises:
        ConfigurationError: another one.
    """

    radius: float = 2.0
    width: float = 0.3

    def __post_init__(self) -> None:
        """Check both where they are written."""
        check_positive("radius", self.radius)
        if not 0 < self.width <= self.radius / 2:
            raise ConfigurationError(
                f"width: expected a number > 0, at most half the radius, got {self.width}"
            )

    def log_density(self, x: Array) -> Array:
        """``−(|x| − R)²/2w²`` of one point."""
        return -((jnp.sqrt(jnp.sum(x**2)) - self.radius) ** 2) / (2 * self.width**2)

    def sample(self, key: Array, n: int) -> Array:
        """``n`` independent points: a radius of density ``r p(r)``, and an angle."""
        key_radius, key_angle = jax.random.split(key)
        reach = self.radius + _REACH * self.width

        def of_radius(r: np.ndarray) -> np.ndarray:
            with np.errstate(divide="ignore"):
                return np.log(r) - (r - self.radius) ** 2 / (2 * self.width**2)

        r = by_inversion(of_radius, 0.0, reach, key_radius, n)
        angle = jax.random.uniform(key_angle, (n,), r.dtype, 0.0, 2 * np.pi)
        return jnp.stack([r * jnp.cos(angle), r * jnp.sin(angle)], axis=1)

    @property
    def box(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """A square around it."""
        reach = self.radius + _REACH * self.width
        return (-reach, -reach), (reach, reach)


ENTRY = planar_entry(
    "energy-ring",
    "max ⟨ln p⟩, p = exp(−E)/Z, of samples of exp(−(|x| − R)²/2w²)",
    RingDensity(),
    {"default": EnergyRecipe(), "quick": QUICK},
)
