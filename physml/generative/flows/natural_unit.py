"""The unit of length in which a density is about as wide as the normal one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.generative.flows.real_model import RealModel

_SAMPLES = 256
_DECADES, _POINTS = 4, 161


@dataclass(frozen=True)
class InUnits(RealModel):
    """``y = x/u`` where ``x`` follows a model: ``ln p(y) = ln p(x) + d ln u``, of the same ``Z``.

    Attributes:
        model: of ``x``.
        unit: ``u > 0``.
    """

    model: RealModel
    unit: float

    @property
    def shape(self) -> tuple[int, ...]:
        """That of ``x``."""
        return self.model.shape

    def log_density(self, y: Array) -> Array:
        """Of ``x = u y``, with its volume."""
        return self.model.log_density(self.unit * y) + y.size * np.log(self.unit)

    def observables(self, y: Array) -> dict[str, Array]:
        """Those of ``x``."""
        return self.model.observables(self.unit * y)

    def log_partition(self) -> float | None:
        """That of ``x``."""
        return self.model.log_partition()

    def means(self) -> Mapping[str, float]:
        """Those of ``x``."""
        return self.model.means()


def natural_unit(model: RealModel) -> float:
    """The width ``u`` of the normal density of least free energy, ``−⟨ln p(uz)⟩ − d ln u``.

    Args:
        model: the density.

    Raises:
        ConfigurationError: where none from 10⁻⁴ to 10⁴ is least.

    >>> import jax.numpy as jnp, physml as pm
    >>> from physml.generative.flows.natural_unit import natural_unit
    >>> wide = pm.generative.Reals((2,), lambda x: -0.5 * jnp.sum((x / 30) ** 2))
    >>> 25 < natural_unit(wide) < 36
    True
    """
    size = int(np.prod(model.shape))
    z = jnp.asarray(np.random.default_rng(0).normal(size=(_SAMPLES, *model.shape)))
    units = np.logspace(-_DECADES, _DECADES, _POINTS)

    def mean(unit: Array) -> Array:
        return jnp.mean(jax.vmap(lambda z: model.log_density(unit * z))(z))

    energies = -np.asarray(jax.jit(lambda units: jax.lax.map(mean, units))(jnp.asarray(units)))
    energies = np.where(np.isfinite(energies), energies - size * np.log(units), np.inf)
    best = int(np.argmin(energies))
    if best in (0, len(units) - 1) or not np.isfinite(energies[best]):
        raise ConfigurationError(
            "unit: found no width from 1e-4 to 1e4 at which the density is like a normal one; "
            "measure x in other units, or give unit="
        )
    return float(units[best])
