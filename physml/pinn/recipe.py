"""How a catalogue problem is solved, as plain data: what the command line changes and saves."""

from __future__ import annotations

from dataclasses import dataclass, field

from physml.as_whole import as_whole
from physml.choices import check_choices
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.ranges import check_positive
from physml.train import BalanceSettings, RuleSettings


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Settings that reach a problem's accuracy on two CPU cores.

    Attributes:
        network: the network of the unknown.
        optimizer: the optimizer.
        points: collocation points for the equation.
        condition_points: points for each condition; a quarter of ``points`` if None.
        redraw: steps between draws of new points where the residual is large; 0 keeps them fixed.
        balance: how the weights of the terms follow the training.
        warm_up: steps of Adam (learning rate 1e-3) before the optimizer.
        steps: optimizer steps, in each slab.
        until: what may end them sooner.
        slabs: slabs of time, for problems that are solved so.
        overlap: the part of its length by which a slab is solved beyond its end.
        warm: whether a slab begins with the parameters of the slab before.
        scale: whether to solve in units measured before the start; see ``solve``.
    """

    network: NetworkSettings = field(default_factory=NetworkSettings)
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="gauss-newton")
    )
    points: int = 1024
    condition_points: int | None = None
    redraw: int = 0
    balance: BalanceSettings = field(default_factory=BalanceSettings)
    warm_up: int = 0
    steps: int = 100
    until: RuleSettings = field(default_factory=RuleSettings)
    slabs: int = 1
    overlap: float = 0.0
    warm: bool = True
    scale: bool = False

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        check_choices(self)
        least = {
            "points": 1,
            "condition_points": 1,
            "redraw": 0,
            "warm_up": 0,
            "steps": 0,
            "slabs": 1,
        }
        for name, lowest in least.items():
            number = getattr(self, name)
            if number is not None:
                object.__setattr__(self, name, as_whole(name, number, least=lowest))
        check_positive("overlap", self.overlap, or_zero=True)
