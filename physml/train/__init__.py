"""The one loop, its objectives, run directories and checkpoints."""

from physml.train.balance import BalanceSettings, gradient_norms, ntk_traces, power_rule
from physml.train.callbacks import Every, Update, every
from physml.train.cost import cost
from physml.train.cross_entropy import cross_entropy
from physml.train.devices import over_devices
from physml.train.exponential_families import (
    ExponentialFamily,
    bernoulli,
    categorical,
    poisson,
)
from physml.train.fit import FitResult, TrainState, fit, make_step
from physml.train.game import game
from physml.train.least_squares import least_squares
from physml.train.progress import progress
from physml.train.run import Run
from physml.train.score import score
from physml.train.total import total

__all__ = [
    "BalanceSettings",
    "Every",
    "ExponentialFamily",
    "FitResult",
    "Run",
    "TrainState",
    "Update",
    "bernoulli",
    "categorical",
    "cost",
    "cross_entropy",
    "every",
    "fit",
    "game",
    "gradient_norms",
    "least_squares",
    "make_step",
    "ntk_traces",
    "over_devices",
    "poisson",
    "power_rule",
    "progress",
    "score",
    "total",
]
