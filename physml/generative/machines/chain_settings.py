"""Where a machine's samples come from, by name, for recipes."""

from __future__ import annotations

from physml.choices import Choice
from physml.generative.machines.chains import (
    Way,
    contrastive_divergence,
    every_state,
    persistent,
    tempering,
)


class ChainSettings(Choice, kind="chains", usual="persistent"):
    """Which chains, and their options.

    >>> ChainSettings(name="tempering", levels=4).chains
    256
    """

    def build(self) -> Way:
        """The way.

        Raises:
            ConfigurationError: for a number outside its range.
        """
        built: Way = self.construct()
        return built


@ChainSettings.offer("persistent")
def _persistent(*, sweeps: int = 5, chains: int = 512) -> Way:
    """Chains that go on from step to step.

    Args:
        sweeps: between steps.
        chains: how many.
    """
    return persistent(sweeps, chains=chains)


@ChainSettings.offer("contrastive-divergence")
def _contrastive_divergence(*, sweeps: int = 1) -> Way:
    """Chains that start at the data of each step.

    Args:
        sweeps: k of CD-k.
    """
    return contrastive_divergence(sweeps)


@ChainSettings.offer("tempering")
def _tempering(*, sweeps: int = 1, chains: int = 256, levels: int = 8) -> Way:
    """Ladders of chains from independent units to the machine.

    Args:
        sweeps: between steps.
        chains: ladders.
        levels: of a ladder, beside the lowest.
    """
    return tempering(sweeps, chains=chains, levels=levels)


@ChainSettings.offer("every-state")
def _every_state() -> Way:
    """All states of at most 20 visible units: no noise."""
    return every_state()
