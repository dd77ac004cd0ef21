"""Points, batches and walkers, and what judges chains."""

from physml.sampling.batches import drawn, fixed
from physml.sampling.langevin import langevin
from physml.sampling.metropolis import metropolis
from physml.sampling.one_electron import OneElectronMoves, metropolis_one_electron
from physml.sampling.points import (
    Points,
    Redraw,
    by_importance,
    by_residual,
    grid_points,
    latin_hypercube,
    sobol,
    uniform,
    uniformly,
)
from physml.sampling.spins import exchange, flip, spin_metropolis
from physml.sampling.statistics import (
    Blocking,
    Estimate,
    autocorrelation_time,
    blocking,
    estimate,
    split_rhat,
)

__all__ = [
    "Blocking",
    "Estimate",
    "OneElectronMoves",
    "Points",
    "Redraw",
    "autocorrelation_time",
    "blocking",
    "by_importance",
    "by_residual",
    "drawn",
    "estimate",
    "exchange",
    "fixed",
    "flip",
    "grid_points",
    "langevin",
    "latin_hypercube",
    "metropolis",
    "metropolis_one_electron",
    "sobol",
    "spin_metropolis",
    "split_rhat",
    "uniform",
    "uniformly",
]
