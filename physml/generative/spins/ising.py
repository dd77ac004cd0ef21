"""The Ising model on a periodic square lattice, as a density to be learned."""

from __future__ import annotations

from dataclasses import dataclass

from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.generative.spins.spin_model import SpinModel, check_temperature
from physml.ising import CRITICAL_TEMPERATURE, energy, kaufman

_COLDEST, _HOTTEST = 0.01, 1000.0


@dataclass(frozen=True)
class Ising(SpinModel):
    """``E = −Σ_⟨ij⟩ s_i s_j`` on ``L × L`` sites, periodic; ``J`` is the unit of energy.

    Attributes:
        side: ``L``.
        temperature: in units of ``J``; the critical one if left out.

    Raises:
        ConfigurationError: a side below 2, a temperature below 0.01 or above 1000.

    >>> import physml as pm
    >>> exact = pm.generative.Ising(side=4).log_partition() / 16
    >>> f"{exact:.10f}"
    '0.9701197162'
    """

    side: int = 4
    temperature: float = CRITICAL_TEMPERATURE

    def __post_init__(self) -> None:
        """Check both where they are written."""
        object.__setattr__(self, "side", as_whole("side", self.side, least=2))
        check_temperature(self.temperature)
        if not _COLDEST <= self.temperature <= _HOTTEST:
            raise ConfigurationError(
                f"temperature: expected from {_COLDEST} to {_HOTTEST:g} J, between which Kaufman's "
                f"sum keeps its digits, got {self.temperature}"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """``(L, L)``."""
        return (self.side, self.side)

    @property
    def beta(self) -> float:
        """``1/T``."""
        return 1 / self.temperature

    def energy(self, spins: Array) -> Array:
        """``E`` of one lattice ``(L, L)``."""
        return energy(spins)

    def log_partition(self) -> float:
        """``ln Z`` by Kaufman's sum."""
        return self.sites * kaufman(self.side, self.side, self.beta).log_partition
