"""Points, batches and walkers, and what judges chains."""

from physml.sampling.ancestral import ancestral
from physml.sampling.autocorrelation import autocorrelation_time
from physml.sampling.batches import drawn, fixed
from physml.sampling.blocking import Blocking, blocking
from physml.sampling.checkerboard import checkerboard
from physml.sampling.estimate import Estimate, estimate
from physml.sampling.gibbs import gibbs
from physml.sampling.hamiltonian import hamiltonian
from physml.sampling.ising_spins import ising_spins
from physml.sampling.langevin import langevin
from physml.sampling.metropolis import metropolis
from physml.sampling.minibatches import minibatches
from physml.sampling.one_electron import OneElectronMoves, metropolis_one_electron
from physml.sampling.points import Points, grid_points, latin_hypercube, sobol, uniform
from physml.sampling.redraw import Redraw, by_importance, by_residual, uniformly
from physml.sampling.rhat import split_rhat
from physml.sampling.spins import exchange, flip, spin_metropolis
from physml.sampling.together import together
from physml.sampling.with_noise import with_noise
from physml.sampling.wolff import wolff

__all__ = [
    "Blocking",
    "Estimate",
    "OneElectronMoves",
    "Points",
    "Redraw",
    "ancestral",
    "autocorrelation_time",
    "blocking",
    "by_importance",
    "by_residual",
    "checkerboard",
    "drawn",
    "estimate",
    "exchange",
    "fixed",
    "flip",
    "gibbs",
    "grid_points",
    "hamiltonian",
    "ising_spins",
    "langevin",
    "latin_hypercube",
    "metropolis",
    "metropolis_one_electron",
    "minibatches",
    "sobol",
    "spin_metropolis",
    "split_rhat",
    "together",
    "uniform",
    "uniformly",
    "with_noise",
    "wolff",
]
