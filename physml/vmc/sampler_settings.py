"""What moves a system's walkers as plain data: the name of a sampler and its options."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from physml.as_whole import as_whole
from physml.choices import Choice
from physml.errors import ConfigurationError
from physml.sampling import (
    hamiltonian,
    langevin,
    metropolis,
    metropolis_one_electron,
    spin_metropolis,
)
from physml.types import Sampler
from physml.vmc.systems.system import QuantumSystem


class SamplerSettings(Choice, kind="sampler", usual="metropolis"):
    """Which sampler, and its options; see ``ground_state`` for what a function has to take.

    >>> SamplerSettings(name="hamiltonian", leapfrogs=5).leapfrogs
    5
    """

    def build(self, system: QuantumSystem) -> Callable[..., Sampler]:
        """The function that makes the sampler of a system's walkers.

        Args:
            system: whose walkers are moved.

        Raises:
            ConfigurationError: for a system with moves of its own, which take no other sampler.
        """
        if system.proposal is not None and self.name != self._usual:
            raise ConfigurationError(
                f"sampler: expected {self._usual}, since {system.name} has moves of its own, got "
                f"{self.name}"
            )
        made: Callable[..., Sampler] = self.construct(system)
        return made


@SamplerSettings.offer("metropolis")
def _metropolis(system: QuantumSystem) -> Callable[..., Sampler]:
    """All particles at once; spins by the moves of their system."""
    return metropolis if system.proposal is None else spin_metropolis


@SamplerSettings.offer("metropolis-one-electron")
def _metropolis_one_electron(system: QuantumSystem) -> Callable[..., Sampler]:
    """One particle after another, cheap for a wave function with rank-one updates."""
    return metropolis_one_electron


@SamplerSettings.offer("langevin")
def _langevin(system: QuantumSystem) -> Callable[..., Sampler]:
    """All particles at once, along the drift."""
    return langevin


@SamplerSettings.offer("hamiltonian")
def _hamiltonian(system: QuantumSystem, *, leapfrogs: int = 10) -> Callable[..., Sampler]:
    """Hamiltonian Monte Carlo: by motion from random velocities; a sweep is a trajectory.

    Args:
        system: without moves of its own.
        leapfrogs: steps of a trajectory, a gradient of log ψ each.
    """
    return partial(hamiltonian, leapfrogs=as_whole("leapfrogs", leapfrogs, least=1))
