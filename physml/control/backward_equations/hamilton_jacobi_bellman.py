"""The Hamilton–Jacobi–Bellman equation of a controlled Brownian motion, known by Cole and Hopf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.as_whole import as_whole
from physml.control.backward_equations.backward_equation import BackwardEquation
from physml.errors import ConfigurationError, ConvergenceError, NonFiniteError, ShapeError
from physml.ranges import check_positive


@dataclass(frozen=True)
class HamiltonJacobiBellman(BackwardEquation):
    """``u_t + Δu − λ|∇u|² = 0``, ``u(T, x) = ln ½(1 + |x|²)``, at ``x₀ = 0``.

    The least mean of ``∫ |m|² dt + g(X_T)`` for ``dX = 2√λ m dt + √2 dW``: the driver is
    ``−λ|Z|²/2`` with ``Z = √2 ∇u``.

    Attributes:
        dimension: ``d``.
        coupling: ``λ > 0``.
        horizon: ``T > 0``.

    Source: Han, Jentzen and E (2018), doi:10.1073/pnas.1718942115.

    >>> import physml as pm
    >>> round(pm.control.HamiltonJacobiBellman(dimension=100).exact(), 9)
    4.590161725
    """

    dimension: int = 100
    coupling: float = 1.0
    horizon: float = 1.0

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        object.__setattr__(self, "dimension", as_whole("dimension", self.dimension, least=1))
        check_positive("coupling", self.coupling)
        check_positive("horizon", self.horizon)

    @property
    def start(self) -> np.ndarray:
        """``0``."""
        return np.zeros(self.dimension)

    def terminal(self, x: Array) -> Array:
        """``ln ½(1 + |x|²)``."""
        return jnp.log(0.5 * (1 + jnp.sum(x**2)))

    def diffusion(self, t: Array, x: Array) -> Array:
        """``√2``."""
        return jnp.asarray(2**0.5, x.dtype)

    def driver(self, t: Array, x: Array, y: Array, z: Array) -> Array:
        """``−λ|Z|²/2``."""
        return -0.5 * self.coupling * jnp.sum(z**2)

    def exact(self) -> float:
        """``u(0, 0)``."""
        return self.exact_at(0.0, np.zeros(self.dimension))

    def exact_at(self, t: float, x: Any) -> float:
        """``u = −(1/λ) ln E e^{−λ g(x + √(2(T − t)) ξ)}`` by one integral, to about 1e-11.

        ``|x + √(2s) ξ|² = 2s χ²``, chi-squared of ``d`` degrees about ``|x|²/2s``.

        Raises:
            ShapeError: a place of another dimension, masked or complex numbers.
            NonFiniteError: a place that is not finite.
            ConfigurationError: a time after the last.
            ConvergenceError: so many dimensions that the integral is not resolved.
        """
        from scipy.special import logsumexp
        from scipy.stats import chi2, ncx2

        x = as_numbers("x", x)
        if x.shape != (self.dimension,):
            raise ShapeError(f"x: expected ({self.dimension},), got {x.shape}")
        if not np.isfinite(x).all():
            raise NonFiniteError(f"x: expected finite numbers, got {x}")
        now = as_numbers("t", t)
        if now.shape or not -np.inf < now <= self.horizon:
            raise ConfigurationError(f"t: expected a time up to {self.horizon}, got {t}")
        left, square = self.horizon - float(now), float(x @ x)
        if left == 0:
            return float(np.log(0.5 * (1 + square)))
        about, d, coupling = square / (2 * left), self.dimension, self.coupling
        reach = 40 * (2 * (d + 2 * about)) ** 0.5
        widest = d + about + reach + 100
        # In ln χ², where the integrand has no edge at 0; below lies (χ²)^{d/2} of the density.
        lowest = np.log(widest) - max(30, 60 / d)
        if about > 0 and d + about > reach:  # shortly before the last time it is all in one place
            lowest = np.log(d + about - reach)
        log_place = np.linspace(lowest, np.log(widest), 20_001)
        place = np.exp(log_place)
        density = ncx2.logpdf(place, d, about) if about > 0 else chi2.logpdf(place, d)
        g = np.log(0.5 * (1 + 2 * left * place))
        whole = density + log_place + np.log(log_place[1] - log_place[0])
        weight = logsumexp(whole)
        if abs(weight) > 1e-8:
            raise ConvergenceError(
                f"exact: expected a density whose sum is 1, got {np.exp(weight):.9g} in {d} "
                "dimensions"
            )
        if coupling * g.max() < 1:  # no difference of nearly equal numbers
            mean = np.sum(np.exp(whole - weight) * np.expm1(-coupling * g))
            return float(-np.log1p(mean) / coupling)
        return float((weight - logsumexp(whole - coupling * g)) / coupling)
