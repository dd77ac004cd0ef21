"""A network as plain data, for command lines and files: a name and numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from flax import linen as nn

from physml.errors import ConfigurationError, UnknownNameError
from physml.networks.activations import ACTIVATIONS
from physml.networks.embeddings import FourierFeatures
from physml.networks.fourier_series import FourierSeries
from physml.networks.mlp import MLP, glorot_normal, orthogonal
from physml.networks.pirate_net import PirateNet
from physml.networks.separable import Separable
from physml.networks.siren import SIREN


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """Which network, and its numbers; None leaves the network's own default.

    Attributes:
        name: mlp, siren, fourier (Fourier features, then an mlp), pirate, separable, or
            fourier-series (of the last coordinate, which is periodic; depth 1).
        width: neurons a hidden layer; polynomials of fourier-series.
        depth: hidden layers; residual blocks of pirate, of three hidden layers each.
        activation: tanh, sin, gelu, silu or softplus, of mlp, fourier, pirate, separable (tanh).
        initial: distribution of the first weights, of the same (orthogonal).
        frequency: of siren's first layer, in radians per unit length of its input (1).
        scale: deviation of the Fourier frequencies, in cycles per unit length: of fourier (1) and
            of pirate (a dense layer in place of Fourier features); width / 2 frequencies.
        rank: products of separable, waves of fourier-series (the width).
    """

    name: Literal["mlp", "siren", "fourier", "pirate", "separable", "fourier-series"] = "mlp"
    width: int = 20
    depth: int = 4
    activation: Literal["tanh", "sin", "gelu", "silu", "softplus"] | None = None
    initial: Literal["glorot", "orthogonal"] | None = None
    frequency: float | None = None
    scale: float | None = None
    rank: int | None = None

    def build(self, *, outputs: int | None = None) -> nn.Module:
        """The network.

        Args:
            outputs: length of its value, or None for a scalar.

        Raises:
            ConfigurationError: for a width or depth below 1, or an option that this network does
                not have.
            UnknownNameError: for a name or an activation that is not offered.

        >>> from physml.networks.settings import NetworkSettings
        >>> NetworkSettings(width=8, depth=2).build().widths
        (8, 8)
        >>> NetworkSettings(name="separable", rank=8).build(outputs=2).rank
        8
        """
        if self.name not in _BUILDERS:
            raise UnknownNameError("network", self.name, _BUILDERS)
        if self.width < 1 or self.depth < 1:
            raise ConfigurationError(
                f"network: expected width ≥ 1 and depth ≥ 1, got {self.width} and {self.depth}"
            )
        if self.activation is not None and self.activation not in ACTIVATIONS:
            raise UnknownNameError("activation", self.activation, ACTIVATIONS)
        build, allowed = _BUILDERS[self.name]
        for option in ("activation", "initial", "frequency", "scale", "rank"):
            if getattr(self, option) is not None and option not in allowed:
                owners = [name for name, (_, names) in _BUILDERS.items() if option in names]
                raise ConfigurationError(
                    f"network.{option}: no option of {self.name}, which takes "
                    f"{', '.join(('width', 'depth', *allowed))}; it belongs to "
                    f"{', '.join(owners)} (choose with network.name)"
                )
        return build(self, outputs)

    def _layers(self) -> dict[str, Any]:
        return {
            "activation": ACTIVATIONS[self.activation or "tanh"],
            "kernel_init": glorot_normal() if self.initial == "glorot" else orthogonal(5 / 3),
        }

    def _widths(self) -> tuple[int, ...]:
        return (self.width,) * self.depth

    def _features(self, scale: float) -> FourierFeatures:
        if self.width % 2:
            raise ConfigurationError(
                f"network.width: expected an even number for as many Fourier features, cosines and "
                f"sines, got {self.width}"
            )
        return FourierFeatures(self.width // 2, scale=scale)


def _mlp(settings: NetworkSettings, outputs: int | None) -> nn.Module:
    return MLP(settings._widths(), outputs=outputs, **settings._layers())


def _siren(settings: NetworkSettings, outputs: int | None) -> nn.Module:
    return SIREN(settings._widths(), outputs=outputs, first_frequency=settings.frequency)


def _fourier(settings: NetworkSettings, outputs: int | None) -> nn.Module:
    features = settings._features(1.0 if settings.scale is None else settings.scale)
    return nn.Sequential((features, _mlp(settings, outputs)))


def _pirate(settings: NetworkSettings, outputs: int | None) -> nn.Module:
    features = None if settings.scale is None else settings._features(settings.scale)
    layers = settings._layers()
    return PirateNet(settings.width, settings.depth, outputs=outputs, features=features, **layers)


def _separable(settings: NetworkSettings, outputs: int | None) -> nn.Module:
    rank = settings.width if settings.rank is None else settings.rank
    return Separable(settings._widths(), rank, outputs=outputs, **settings._layers())


def _fourier_series(settings: NetworkSettings, outputs: int | None) -> nn.Module:
    waves = settings.width if settings.rank is None else settings.rank
    if settings.depth != 1:
        raise ConfigurationError(
            f"network.depth: fourier-series has one layer of fixed features; expected 1, got "
            f"{settings.depth}"
        )
    return FourierSeries(settings.width, waves, outputs=outputs)


_BUILDERS: dict[str, tuple[Callable[[NetworkSettings, int | None], nn.Module], tuple[str, ...]]] = {
    "mlp": (_mlp, ("activation", "initial")),
    "siren": (_siren, ("frequency",)),
    "fourier": (_fourier, ("activation", "initial", "scale")),
    "pirate": (_pirate, ("activation", "initial", "scale")),
    "separable": (_separable, ("activation", "initial", "rank")),
    "fourier-series": (_fourier_series, ("rank",)),
}
