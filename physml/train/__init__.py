"""The one loop, its objectives, run directories and checkpoints."""

from physml.train.balance import BalanceSettings, gradient_norms, ntk_traces, power_rule
from physml.train.best_parameters import Best, keeping_best
from physml.train.callbacks import STOP, Every, Update, every
from physml.train.contrastive import Weighted, contrastive
from physml.train.cost import cost
from physml.train.cross_entropy import cross_entropy
from physml.train.devices import over_devices
from physml.train.entry import Entry, Record, Result
from physml.train.error_bars import ErrorBars, Interval, Number
from physml.train.exponential_families import (
    ExponentialFamily,
    bernoulli,
    categorical,
    poisson,
)
from physml.train.fit import FitResult, fit
from physml.train.fitted import Fitted, HasRows
from physml.train.game import game
from physml.train.keys import key_for, key_of
from physml.train.least_squares import least_squares
from physml.train.numerics import numerics
from physml.train.one_program import one_program
from physml.train.posterior import posterior
from physml.train.progress import progress
from physml.train.run import Run
from physml.train.score import score
from physml.train.state import TrainState
from physml.train.step import make_step
from physml.train.study import Panel, Study
from physml.train.total import total
from physml.train.trained import Trained
from physml.train.until import Rule, RuleSettings, any_of, converged, patience, rule_of, target

__all__ = [
    "Weighted",
    "STOP",
    "BalanceSettings",
    "Best",
    "ErrorBars",
    "Every",
    "ExponentialFamily",
    "FitResult",
    "Rule",
    "RuleSettings",
    "Fitted",
    "HasRows",
    "Interval",
    "Number",
    "Panel",
    "Study",
    "Entry",
    "Record",
    "Result",
    "Run",
    "TrainState",
    "Trained",
    "Update",
    "any_of",
    "bernoulli",
    "categorical",
    "contrastive",
    "converged",
    "cost",
    "cross_entropy",
    "every",
    "fit",
    "game",
    "gradient_norms",
    "keeping_best",
    "key_for",
    "key_of",
    "least_squares",
    "make_step",
    "ntk_traces",
    "numerics",
    "one_program",
    "over_devices",
    "patience",
    "poisson",
    "posterior",
    "power_rule",
    "progress",
    "rule_of",
    "score",
    "target",
    "total",
]
