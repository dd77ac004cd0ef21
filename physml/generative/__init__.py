"""Densities that are learned, and drawn from: judged by what physics knows exactly."""

from physml.fokker_planck import FokkerPlanck
from physml.generative import catalogue
from physml.generative.autoregressive import autoregressive
from physml.generative.autoregressive_density import AutoregressiveDensity
from physml.generative.ising import Ising
from physml.generative.judge.enumerated import Enumerated, enumerated
from physml.generative.judge.log_partition import LogPartition, log_partition
from physml.generative.sherrington_kirkpatrick import SherringtonKirkpatrick
from physml.generative.spin_model import SpinModel, Spins

__all__ = [
    # spins in equilibrium
    "Ising",
    "SherringtonKirkpatrick",
    "SpinModel",
    "Spins",
    # densities of them
    "AutoregressiveDensity",
    "autoregressive",
    # diffusion in a potential
    "FokkerPlanck",
    # entries
    "catalogue",
    # what samples tell
    "Enumerated",
    "LogPartition",
    "enumerated",
    "log_partition",
]
