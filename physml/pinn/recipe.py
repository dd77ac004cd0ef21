"""How a catalogue problem is solved, as plain data: what the command line changes and saves."""

from __future__ import annotations

from dataclasses import dataclass, field

from physml.errors import ConfigurationError
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Settings that reach a problem's accuracy on two CPU cores.

    Attributes:
        network: the multilayer perceptron of the unknown.
        optimizer: the optimizer.
        points: collocation points for the equation; each condition has a quarter of them.
        redraw: steps between draws of new points where the residual is large; 0 keeps them fixed.
        steps: optimizer steps.
    """

    network: NetworkSettings = field(default_factory=NetworkSettings)
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="gauss-newton")
    )
    points: int = 1024
    redraw: int = 0
    steps: int = 100

    def __post_init__(self) -> None:
        """Check the numbers before anything is made or overwritten."""
        for name, least in (("points", 1), ("redraw", 0), ("steps", 0)):
            if getattr(self, name) < least:
                raise ConfigurationError(
                    f"{name}: expected at least {least}, got {getattr(self, name)}"
                )
