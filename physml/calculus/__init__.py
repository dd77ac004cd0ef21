"""Derivatives of a field at a point: the same operators for PDE residuals and local energies."""

from physml.calculus.derivatives import divergence, gradient, hessian, jacobian, partial
from physml.calculus.eigenvalues import eigenvalues, spectral_projector
from physml.calculus.kinetic import kinetic_energy
from physml.calculus.laplacian import (
    LaplacianMethod,
    forward_laplacian,
    laplacian,
    linearised,
    nested_forward,
    taylor,
)

__all__ = [
    "LaplacianMethod",
    "divergence",
    "eigenvalues",
    "forward_laplacian",
    "gradient",
    "hessian",
    "jacobian",
    "kinetic_energy",
    "laplacian",
    "linearised",
    "nested_forward",
    "partial",
    "spectral_projector",
    "taylor",
]
