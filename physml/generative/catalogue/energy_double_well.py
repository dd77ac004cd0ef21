"""A double well in the plane, as an energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ConfigurationError
from physml.generative.catalogue.planar_by_recipe import QUICK, EnergyRecipe, planar_entry
from physml.generative.machines.by_inversion import by_inversion
from physml.ranges import check_positive


@dataclass(frozen=True)
class DoubleWellDensity:
    """``p(x, y) ∝ exp(−β[(x² − 1)² + t x + ½ y²])``.

    Attributes:
        beta: ``β > 0``, the barrier in units of the temperature.
        tilt: ``t``, from −1 to 1: the left well is the deeper where it is positive.

    Raises:
        ConfigurationError: another one.
    """

    beta: float = 3.0
    tilt: float = 0.1

    def __post_init__(self) -> None:
        """Check both where they are written."""
        check_positive("beta", self.beta)
        if not -1 <= self.tilt <= 1:
            raise ConfigurationError(f"tilt: expected a number from −1 to 1, got {self.tilt}")

    def log_density(self, x: Array) -> Array:
        """``−β[(x² − 1)² + t x + ½ y²]`` of one point."""
        along: Array = self._along(x[0])
        return along - 0.5 * self.beta * x[1] ** 2

    def sample(self, key: Array, n: int) -> Array:
        """``n`` independent points."""
        key_along, key_across = jax.random.split(key)
        (low, _), (high, _) = self.box
        x = by_inversion(self._along, low, high, key_along, n)
        y = jax.random.normal(key_across, (n,), x.dtype) / jnp.sqrt(self.beta)
        return jnp.stack([x, y.astype(x.dtype)], axis=1)

    def _along(self, x: Any) -> Any:
        return -self.beta * ((x**2 - 1) ** 2 + self.tilt * x)

    @property
    def box(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """A rectangle around it: energies at its edge are some 16 above the lowest."""
        across = 6 / float(self.beta) ** 0.5
        along = float((1 + (18 / self.beta) ** 0.5 + 0.3) ** 0.5)
        return (-along, -across), (along, across)


ENTRY = planar_entry(
    "energy-double-well",
    "max ⟨ln p⟩, p = exp(−E)/Z, of samples of exp(−β[(x² − 1)² + t x + ½ y²])",
    DoubleWellDensity(),
    {"default": EnergyRecipe(sweeps=10), "quick": QUICK},
)
