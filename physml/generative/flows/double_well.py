"""A density of two modes that do not weigh the same, along a bent valley."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.generative.flows.real_model import RealModel
from physml.ranges import check_positive

_HALF = 2000  # points on either side; more where a well is narrow, two in 1/√V″ at least
_NEGLIGIBLE = 60.0


@dataclass(frozen=True)
class DoubleWell(RealModel):
    """``ln p(x, y) = −b (x² − 1)² − t x − ½ k (y − c x²)² − ln Z``.

    The integral over ``y`` is a Gaussian one, that over ``x`` is done by the trapezoidal rule.

    Attributes:
        barrier: ``b > 0``, the height between the wells, in units of the temperature.
        tilt: ``t``; the left well is the lower one where it is positive.
        stiffness: ``k > 0``, across the valley.
        bend: ``c``, of the valley.

    Raises:
        ConfigurationError: a barrier or a stiffness that is not positive and finite.

    >>> import physml as pm
    >>> well = pm.generative.DoubleWell()
    >>> round(well.means()["left"], 4)
    0.7176
    """

    barrier: float = 4.0
    tilt: float = 0.5
    stiffness: float = 4.0
    bend: float = 1.0

    def __post_init__(self) -> None:
        """Check all of it where it is written."""
        for name in ("barrier", "stiffness"):
            check_positive(name, getattr(self, name))
        for name in ("tilt", "bend"):
            if not abs(getattr(self, name)) < float("inf"):
                raise ConfigurationError(
                    f"{name}: expected a finite number, got {getattr(self, name)}"
                )

    @property
    def shape(self) -> tuple[int, ...]:
        """``(2,)``."""
        return (2,)

    def log_density(self, x: Array) -> Array:
        """Up to ``ln Z``."""
        along = self.barrier * (x[0] ** 2 - 1) ** 2 + self.tilt * x[0]
        return -along - 0.5 * self.stiffness * (x[1] - self.bend * x[0] ** 2) ** 2

    def observables(self, x: Array) -> dict[str, Array]:
        """Whether it is in the left well, ``x``, and ``y``."""
        return {"left": jnp.where(x[0] < 0, 1.0, 0.0), "x": x[0], "y": x[1]}

    def log_partition(self) -> float:
        """``ln Z`` by quadrature."""
        return _integrals(self.barrier, self.tilt)[0] + 0.5 * np.log(2 * np.pi / self.stiffness)

    def means(self) -> Mapping[str, float]:
        """The weight of the left well, ``⟨x⟩``, and ``⟨y⟩ = c ⟨x²⟩``."""
        _, left, x, square = _integrals(self.barrier, self.tilt)
        return {"left": left, "x": x, "y": self.bend * square}


@cache
def _integrals(barrier: float, tilt: float) -> tuple[float, float, float, float]:
    """``ln ∫e^{−V}``, the part at ``x < 0``, ``⟨x⟩`` and ``⟨x²⟩``."""

    def v(x: np.ndarray) -> np.ndarray:
        return barrier * (x**2 - 1) ** 2 + tilt * x

    reach = 1 + (abs(tilt) / (4 * barrier)) ** (1 / 3)  # no minimum is farther out
    lowest = v(np.linspace(-reach, reach, 2001)).min()
    while min(v(np.array([reach, -reach]))) - lowest < _NEGLIGIBLE:
        reach *= 1.1
    # At x = 0, where one well ends, stands a point of half a weight.
    half = max(_HALF, int(2 * reach * np.sqrt(barrier * (12 * reach**2 - 4))))
    x = np.linspace(-reach, reach, 2 * half + 1)
    lowest = v(x).min()
    p = np.exp(lowest - v(x))
    left = p[x < 0].sum() + 0.5 * p[half]
    total = p.sum()
    log_z = np.log(total * (x[1] - x[0])) - lowest
    return float(log_z), float(left / total), float(p @ x / total), float(p @ x**2 / total)
