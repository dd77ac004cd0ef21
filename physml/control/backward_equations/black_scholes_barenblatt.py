"""The Black–Scholes–Barenblatt equation of a basket whose volatility is uncertain."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.control.backward_equations.backward_equation import BackwardEquation
from physml.ranges import check_positive


@dataclass(frozen=True)
class BlackScholesBarenblatt(BackwardEquation):
    """``u_t + ½σ² Σ xᵢ² u_ii = r (u − x·∇u)``, ``u(T, x) = |x|²``, at ``x₀ = (1, ½, 1, ½, ...)``.

    The worst volatility of ``[0, σ]`` is ``σ`` where ``u`` is convex, as it is here. Paths have no
    drift, ``dX = σ X dW``, and the driver is ``−r (Y − ΣZ/σ)``. Exact: ``e^{(r+σ²)(T−t)} |x|²``.

    Attributes:
        dimension: ``d``.
        volatility: ``σ > 0``.
        interest: ``r > 0``.
        horizon: ``T > 0``.

    Source: Raissi (2018), arXiv:1804.07010.

    >>> import physml as pm
    >>> round(pm.control.BlackScholesBarenblatt().exact(), 9)
    77.104878747
    """

    dimension: int = 100
    volatility: float = 0.4
    interest: float = 0.05
    horizon: float = 1.0

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        object.__setattr__(self, "dimension", as_whole("dimension", self.dimension, least=1))
        for name in ("volatility", "interest", "horizon"):
            check_positive(name, getattr(self, name))

    @property
    def start(self) -> np.ndarray:
        """``(1, ½, 1, ½, ...)``."""
        return np.where(np.arange(self.dimension) % 2 == 0, 1.0, 0.5)

    def terminal(self, x: Array) -> Array:
        """``|x|²``."""
        return jnp.sum(x**2)

    def diffusion(self, t: Array, x: Array) -> Array:
        """``σ x``, a diagonal."""
        return self.volatility * x

    def driver(self, t: Array, x: Array, y: Array, z: Array) -> Array:
        """``−r (Y − ΣZ/σ)``."""
        return -self.interest * (y - jnp.sum(z) / self.volatility)

    def exact(self) -> float:
        """``e^{(r+σ²)T} |x₀|²``."""
        rate = self.interest + self.volatility**2
        return float(np.exp(rate * self.horizon) * self.start @ self.start)
