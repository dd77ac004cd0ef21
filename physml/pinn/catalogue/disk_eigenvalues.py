"""The first tones of a drum: eigenvalues of the Laplacian on a disk, some of them twice."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jax import Array
from scipy.special import jn_zeros

from physml.as_whole import whole_fields
from physml.calculus import laplacian
from physml.networks.settings import NetworkSettings
from physml.pinn.eigenvalues.modes_by_recipe import ModesRecipe, modes_entry
from physml.pinn.geometry import Disk
from physml.pinn.problem import Problem
from physml.pinn.statement import Statement
from physml.types import Field

_MOST = 30


def equation(u: Field, z: Array) -> Array:
    """``−Δu``, which is ``λ u``."""
    return -laplacian(u)(z)


@dataclass(frozen=True, kw_only=True)
class DiskEigenvalues(Statement):
    """``−Δu = λu`` in a disk, ``u = 0`` around it: ``λ = j²/R²`` of the zeros j of Bessel's J_m.

    Those of m = 0 are there once, all others twice: 5.783186, 14.681971 twice, 26.374616 twice.

    Attributes:
        radius: R.
        count: how many eigenvalues, from the lowest.
    """

    radius: float = 1.0
    count: int = 3

    def __post_init__(self) -> None:
        """Check the numbers at once."""
        whole_fields(self)
        self.expect(0 < self.radius < math.inf, "radius", "a number > 0")
        self.expect(1 <= self.count <= _MOST, "count", f"from 1 to {_MOST}")

    def ansatz(self, N: Field, z: Array) -> Array:
        """``(1 − r²/R²) N``."""
        return (1 - (z @ z) / self.radius**2) * N(z)

    def problem(self) -> Problem:
        """Operator and domain."""
        return Problem(
            domain=Disk(radius=self.radius),
            equation=equation,
            ansatz=self.ansatz,
            name="disk-eigenvalues",
        )

    def known(self) -> np.ndarray:
        """``j²/R²``, ascending, ``(count,)``."""
        zeros = [np.repeat(jn_zeros(m, self.count), 1 + (m > 0)) for m in range(self.count + 1)]
        return np.asarray(np.sort(np.concatenate(zeros))[: self.count] ** 2 / self.radius**2)


ENTRY = modes_entry(
    "disk-eigenvalues",
    "−Δu = λu on a disk, u = 0 around it",
    "exact: zeros of Bessel functions",
    DiskEigenvalues(),
    ModesRecipe(),
    quick=ModesRecipe(network=NetworkSettings(width=10, depth=2), points=256, steps=25),
)
