"""The Sherrington–Kirkpatrick spin glass: every pair of spins has a coupling of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.generative.spins.spin_model import SpinModel, check_temperature
from physml.ising import enumeration

_ENUMERATED = 20


@dataclass(frozen=True)
class SherringtonKirkpatrick(SpinModel):
    """``E = −Σ_{i<j} J_ij s_i s_j``, ``J_ij`` normal with variance ``1/N``.

    Attributes:
        spins: ``N``.
        temperature: in the unit of ``J``; in the limit of many spins a glass below 1.
        instance: which couplings: the seed of their random numbers.

    Raises:
        ConfigurationError: fewer than two spins, a temperature that is not positive.

    Source: Sherrington & Kirkpatrick (1975), doi:10.1103/PhysRevLett.35.1792.

    >>> import physml as pm
    >>> glass = pm.generative.SherringtonKirkpatrick(spins=3)
    >>> glass.couplings.shape, bool((glass.couplings == glass.couplings.T).all())
    ((3, 3), True)
    """

    spins: int = 16
    temperature: float = 0.5
    instance: int = 0

    def __post_init__(self) -> None:
        """Check all where it is written."""
        object.__setattr__(self, "spins", as_whole("spins", self.spins, least=2))
        object.__setattr__(self, "instance", as_whole("instance", self.instance, least=0))
        check_temperature(self.temperature)

    @cached_property
    def couplings(self) -> np.ndarray:
        """``J_ij``, ``(N, N)``, symmetric, with an empty diagonal."""
        drawn = np.random.default_rng(self.instance).normal(size=(self.spins, self.spins))
        upper: np.ndarray = np.triu(drawn, 1) / np.sqrt(self.spins)
        return upper + upper.T

    @property
    def shape(self) -> tuple[int, ...]:
        """``(N,)``."""
        return (self.spins,)

    @property
    def beta(self) -> float:
        """``1/T``."""
        return 1 / self.temperature

    def energy(self, spins: Array) -> Array:
        """``E`` of one configuration ``(N,)``."""
        return -0.5 * spins @ jnp.asarray(self.couplings, spins.dtype) @ spins

    def log_partition(self) -> float | None:
        """``ln Z`` by enumeration of at most 20 spins, else None."""
        if self.spins > _ENUMERATED:
            return None
        return enumeration(self.beta * self.couplings).log_partition
