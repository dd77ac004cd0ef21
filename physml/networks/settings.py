"""A network as plain data, for command lines and files: its name and its options."""

from __future__ import annotations

from typing import Any

from flax import linen as nn

from physml.choices import Choice
from physml.networks.as_module import as_module


class NetworkSettings(
    Choice,
    kind="network",
    usual="mlp",
    kept=("width", "depth", "activation", "initial", "scale", "rank"),
):
    """Which network, and its options; each is a front function beside the network itself.

    >>> from physml.networks import NetworkSettings
    >>> NetworkSettings(name="siren", width=8).renamed("pirate").width
    8
    """

    def build(self, *, outputs: int | None = None) -> nn.Module:
        """The network.

        Args:
            outputs: length of its value, or None for a scalar.

        Raises:
            ConfigurationError: for a number outside its range.

        >>> from physml.networks import NetworkSettings
        >>> NetworkSettings(width=8, depth=2).build().widths
        (8, 8)
        >>> NetworkSettings(name="separable", rank=8).build(outputs=2).rank
        8
        """
        return self.construct(outputs)


def network_of(name: str, chosen: Any, *, outputs: int | None = None) -> nn.Module:
    """The network of a name with its usual options, that of settings, or the module given.

    Args:
        name: of the argument, for the error.
        chosen: a module, ``NetworkSettings``, or a name that they offer.
        outputs: length of its value, or None for a scalar, where it is made here.

    Raises:
        UnknownNameError: for a name that is not offered.
        ConfigurationError: for what is no module.

    >>> from physml.networks import network_of
    >>> network_of("network", "mlp", outputs=2).outputs
    2
    """
    found = NetworkSettings.chosen(chosen)
    if isinstance(found, NetworkSettings):
        return found.build(outputs=outputs)
    return as_module(name, found)
