"""A flow as plain data, for command lines and files: which network, and its options."""

from __future__ import annotations

from typing import Any

from physml.choices import Choice
from physml.networks import (
    MLP,
    ActivationName,
    ContinuousFlow,
    LatticeVelocity,
    RealNVP,
    RungeKutta,
    Velocity,
)


class FlowSettings(Choice, kind="flow", usual="real-nvp"):
    """Which invertible network, and its options.

    >>> from physml.generative.flows.flow_settings import FlowSettings
    >>> FlowSettings(name="real-nvp", layers=4).build((6,)).layers
    4
    """

    def build(self, shape: tuple[int, ...]) -> Any:
        """The network of entries of a shape.

        Raises:
            ConfigurationError: for a number outside its range.
        """
        return self.construct(shape)


@FlowSettings.offer("real-nvp")
def _real_nvp(
    shape: tuple[int, ...],
    *,
    layers: int = 8,
    width: int = 32,
    depth: int = 1,
    odd: bool = False,
    activation: ActivationName = "tanh",
) -> RealNVP:
    """Affine couplings on an alternating checkerboard.

    Args:
        shape: of the entries.
        layers: couplings, each of which moves half of the entries.
        width: of the hidden layers in each.
        depth: how many hidden layers in each.
        odd: whether y(−z) = −y(z), for densities with p(x) = p(−x).
        activation: of the hidden layers.
    """
    del shape
    return RealNVP(layers, (width,) * depth, odd, activation)


@FlowSettings.offer("lattice")
def _lattice(
    shape: tuple[int, ...], *, frequencies: int = 6, times: int = 4, steps: int = 8
) -> ContinuousFlow:
    """A continuous flow with the symmetries of a periodic lattice.

    Args:
        shape: of the entries.
        frequencies: sines of the field.
        times: cosines of time.
        steps: of the Runge–Kutta rule in training; twice as many judge.
    """
    del shape
    return ContinuousFlow(LatticeVelocity(frequencies, times), RungeKutta(steps))


@FlowSettings.offer("continuous")
def _continuous(
    shape: tuple[int, ...],
    *,
    width: int = 32,
    depth: int = 2,
    activation: ActivationName = "tanh",
    steps: int = 8,
) -> ContinuousFlow:
    """A continuous flow by a dense network of the point and the time, for few entries.

    Args:
        shape: of the entries.
        width: of the hidden layers.
        depth: how many.
        activation: of them.
        steps: of the Runge–Kutta rule in training; twice as many judge.
    """
    size = 1
    for side in shape:
        size *= side
    network = MLP((width,) * depth, outputs=size, activation=activation)
    return ContinuousFlow(Velocity(network), RungeKutta(steps))
