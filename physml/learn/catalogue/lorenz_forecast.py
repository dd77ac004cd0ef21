"""The Lorenz system forecast step by step, by networks of its last states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.datasets.generator import generator
from physml.learn.catalogue import forecast
from physml.learn.catalogue.forecast import ForecastRecipe, integrated, validating
from physml.ranges import check_positive
from physml.train import Entry
from physml.train.study import Study


@dataclass(frozen=True)
class LorenzForecast:
    """``ẋ = σ(y − x)``, ``ẏ = x(ρ − z) − y``, ``ż = xy − βz`` on its attractor.

    Errors grow by e^{0.906 t}: 1,400 times in 8 units of time.

    Source: Lorenz (1963), doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.

    Attributes:
        sigma: σ > 0.
        rho: ρ > 0.
        beta: β > 0; without friction states run away.
        interval: time between two values.
        time: of a trajectory, and of a free run.
        training: trajectories to train on.
        test: trajectories to judge by.
    """

    sigma: float = 10.0
    rho: float = 28.0
    beta: float = 8 / 3
    interval: float = 0.02
    time: float = 8.0
    training: int = 4
    test: int = 8

    name = "lorenz-forecast"

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        for name in ("sigma", "rho", "beta", "interval", "time", "training", "test"):
            check_positive(name, getattr(self, name))

    def rates(self, states: np.ndarray) -> np.ndarray:
        """``ẋ`` of states ``(n, 3)``."""
        x, y, z = states.T
        return np.stack(
            [self.sigma * (y - x), x * (self.rho - z) - y, x * y - self.beta * z], axis=1
        )

    def trajectories(self, key: Array) -> np.ndarray:
        """``(n, t, 3)``, each from a place of its own that ten units of time led to."""
        count = self.training + validating(self) + self.test
        starts = generator(key).normal(size=(count, 3)) + [1.0, 1.0, 20.0]
        starts = integrated(self.rates, starts, np.array([10.0]))[:, 0]
        steps = round(self.time / self.interval)
        return integrated(self.rates, starts, self.interval * np.arange(steps + 1))


ENTRY = Entry(
    "lorenz-forecast",
    "x(t + Δ) − x(t) told of the last states, Lorenz's system",
    "DOP853, 1e-12",
    LorenzForecast(),
    {
        # A state tells what follows: windows of several are nearly alike, and run away.
        "default": ForecastRecipe(networks=("mlp",), window=1, width=16, steps=150),
        "quick": ForecastRecipe(networks=("mlp",), window=1, width=8, steps=40),
    },
    forecast.solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=forecast.check,
)
