"""A network as plain data, for command lines and files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from physml.errors import ConfigurationError, UnknownNameError
from physml.networks.activations import ACTIVATIONS
from physml.networks.mlp import MLP, glorot_normal, orthogonal


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """A multilayer perceptron.

    Attributes:
        width: neurons a hidden layer.
        depth: hidden layers.
        activation: tanh, sin, gelu, silu or softplus.
        initial: distribution of the first weights.
    """

    width: int = 20
    depth: int = 4
    activation: Literal["tanh", "sin", "gelu", "silu", "softplus"] = "tanh"
    initial: Literal["glorot", "orthogonal"] = "orthogonal"

    def build(self, *, outputs: int | None = None) -> MLP:
        """The network.

        Args:
            outputs: length of its value, or None for a scalar.

        Raises:
            ConfigurationError: for a width or depth below 1.
            UnknownNameError: for an activation that is not offered.

        >>> from physml.networks.settings import NetworkSettings
        >>> NetworkSettings(width=8, depth=2).build().widths
        (8, 8)
        """
        if self.width < 1 or self.depth < 1:
            raise ConfigurationError(
                f"network: expected width ≥ 1 and depth ≥ 1, got {self.width} and {self.depth}"
            )
        if self.activation not in ACTIVATIONS:
            raise UnknownNameError("activation", self.activation, ACTIVATIONS)
        kernel = orthogonal(5 / 3) if self.initial == "orthogonal" else glorot_normal()
        activation = ACTIVATIONS[self.activation]
        return MLP(
            (self.width,) * self.depth, outputs=outputs, activation=activation, kernel_init=kernel
        )
