"""A network as plain data, for command lines and files: its name and its options."""

from __future__ import annotations

from flax import linen as nn

from physml.choices import Choice


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
