"""A damped pendulum forecast from its angle alone, which is a series with a memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.datasets.generator import generator
from physml.errors import ConfigurationError
from physml.learn.catalogue import forecast
from physml.learn.catalogue.forecast import ForecastRecipe, integrated, validating
from physml.ranges import check_positive
from physml.train import Entry
from physml.train.study import Study


@dataclass(frozen=True)
class Pendulum:
    """``θ″ + γ θ′ + sin θ = 0``, released at rest; of which the angle is seen, and no velocity.

    Its period grows with the swing, so that no linear rule tells all of them.

    Attributes:
        damping: γ.
        swing: the largest angle at the start, in radians, below π.
        interval: time between two values.
        time: of a trajectory, and of a free run.
        training: trajectories to train on.
        test: trajectories to judge by.
    """

    damping: float = 0.1
    swing: float = 2.5
    interval: float = 0.1
    time: float = 8.0
    training: int = 10
    test: int = 10

    name = "oscillator-rnn"

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        for name in ("interval", "time", "training", "test"):
            check_positive(name, getattr(self, name))
        check_positive("damping", self.damping, or_zero=True)
        if not 0 < self.swing < np.pi:
            raise ConfigurationError(f"swing: expected an angle in (0, π), got {self.swing}")

    def rates(self, states: np.ndarray) -> np.ndarray:
        """``(θ′, θ″)`` of states ``(n, 2)``."""
        angle, velocity = states.T
        return np.stack([velocity, -self.damping * velocity - np.sin(angle)], axis=1)

    def trajectories(self, key: Array) -> np.ndarray:
        """Angles ``(n, t, 1)``."""
        count = self.training + validating(self) + self.test
        angles = generator(key).uniform(-self.swing, self.swing, count)
        starts = np.stack([angles, np.zeros(count)], axis=1)
        steps = round(self.time / self.interval)
        return integrated(self.rates, starts, self.interval * np.arange(steps + 1))[..., :1]


ENTRY = Entry(
    "oscillator-rnn",
    "θ(t + Δ) − θ(t) told of the last angles, θ″ + γ θ′ + sin θ = 0",
    "DOP853, 1e-12",
    Pendulum(),
    {
        "default": ForecastRecipe(window=4, width=8),
        "quick": ForecastRecipe(networks=("mlp", "rnn"), window=4, width=8, state=8, steps=30),
    },
    forecast.solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=forecast.check,
)
