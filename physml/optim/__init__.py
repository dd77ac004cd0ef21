"""Optimizers as optax transformations, and by name."""

from physml.optim import from_optax as from_optax
from physml.optim.by_block import in_blocks
from physml.optim.damped_least_squares import (
    in_parameter_space,
    in_sample_space,
    matrix_free,
    smallest_side,
)
from physml.optim.gauss_newton import gauss_newton
from physml.optim.line_search import grid_line_search
from physml.optim.natural_gradient import natural_gradient
from physml.optim.newton import newton
from physml.optim.quasi_newton import ssbfgs, ssbroyden
from physml.optim.settings import OptimizerSettings, optimizer_of
from physml.optim.sketch import sketched
from physml.optim.soap import soap
from physml.optim.spectrum import by_gram, by_svd

__all__ = [
    "OptimizerSettings",
    "by_gram",
    "by_svd",
    "gauss_newton",
    "grid_line_search",
    "in_blocks",
    "in_parameter_space",
    "in_sample_space",
    "matrix_free",
    "natural_gradient",
    "newton",
    "optimizer_of",
    "smallest_side",
    "sketched",
    "soap",
    "ssbfgs",
    "ssbroyden",
]
