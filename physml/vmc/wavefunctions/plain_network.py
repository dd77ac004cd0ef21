"""A plain network as a wave function, which the system's ansatz completes."""

from __future__ import annotations

import flax.linen as nn

from physml.networks import NetworkSettings
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.settings import WavefunctionSettings

_SMALL = NetworkSettings(width=16, depth=2, initial="glorot")


@WavefunctionSettings.offer("network")
def _network(system: QuantumSystem, *, network: NetworkSettings = _SMALL) -> nn.Module:
    """A plain network of all coordinates, in the system's ansatz.

    Args:
        system: with an ansatz.
        network: which.
    """
    return network.build()
