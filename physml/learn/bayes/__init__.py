"""Bayesian regression and Gaussian processes: functions with error bars."""

from physml.learn.bayes.gaussian_process import gaussian_process
from physml.learn.bayes.kernels import (
    Kernel,
    add,
    constant_kernel,
    linear_kernel,
    periodic,
    rational_quadratic,
    rbf,
    times,
)
from physml.learn.bayes.linear import BayesianLinearModel, bayesian_regression
from physml.learn.bayes.matern import matern
from physml.learn.bayes.most_likely import most_likely_process
from physml.learn.bayes.next_measurement import next_measurement
from physml.learn.bayes.observed import Observed
from physml.learn.bayes.process import GaussianProcess, LeftOut
from physml.learn.bayes.sampled_network import SampledNetwork, sampled_network

__all__ = [
    "BayesianLinearModel",
    "GaussianProcess",
    "Kernel",
    "LeftOut",
    "Observed",
    "SampledNetwork",
    "add",
    "bayesian_regression",
    "constant_kernel",
    "gaussian_process",
    "linear_kernel",
    "matern",
    "most_likely_process",
    "next_measurement",
    "periodic",
    "rational_quadratic",
    "rbf",
    "sampled_network",
    "times",
]
