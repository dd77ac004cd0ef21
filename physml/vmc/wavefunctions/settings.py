"""A wave function as plain data, for command lines and files: its name and its options."""

from __future__ import annotations

from typing import Any

import flax.linen as nn

from physml.choices import Choice
from physml.networks import as_module
from physml.vmc.systems.system import QuantumSystem


class WavefunctionSettings(
    Choice,
    kind="wavefunction",
    usual="network",
    kept=("width", "depth", "activation", "initial", "network", "hidden"),
    formerly={
        "determinants": ("determinants",),
        "network.width": ("width", "hidden", "density", "network.width"),
        "network.depth": ("depth", "network.depth"),
        "network.activation": ("activation", "network.activation"),
        "network.initial": ("initial", "network.initial"),
        "network.name": ("network.name",),
        "network.frequency": ("network.frequency",),
        "network.scale": ("network.scale",),
        "network.rank": ("network.rank",),
    },
):
    """Which wave function, and its options; each is a front function beside the module itself.

    >>> import physml as pm
    >>> pm.vmc.WavefunctionSettings(name="message-passing", determinants=4).width
    16
    """

    def build(self, system: QuantumSystem) -> nn.Module:
        """The wave function of a system.

        Args:
            system: whose particles it describes.

        Raises:
            ConfigurationError: for a number outside its range, or a system that it cannot serve.

        >>> import physml as pm
        >>> dot = pm.QuantumDot(n_up=1, n_down=1)
        >>> pm.vmc.WavefunctionSettings(name="slater-jastrow").build(dot).widths
        (16, 16)
        """
        return self.construct(system)


def wavefunction_of(chosen: Any, system: QuantumSystem) -> nn.Module:
    """The wave function of a name with its usual options, that of settings, or the module given.

    Args:
        chosen: a module, ``WavefunctionSettings``, or a name that they offer.
        system: whose particles it describes.

    Raises:
        UnknownNameError: for a name that is not offered.
        ConfigurationError: for what is no module, or a system that it cannot serve.

    >>> import physml as pm
    >>> pm.vmc.wavefunction_of("slater-jastrow", pm.QuantumDot()).widths
    (16, 16)
    """
    found = WavefunctionSettings.chosen(chosen)
    if isinstance(found, WavefunctionSettings):
        return found.build(system)
    return as_module("wavefunction", found)
