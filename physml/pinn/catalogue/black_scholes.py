"""The price of a European call."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.stats import norm
from scipy.special import ndtr

from physml.calculus import gradient, partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.by_recipe import entry
from physml.pinn.conditions import dirichlet
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.pinn.statement import Statement
from physml.train.entry import Record
from physml.types import Field


@dataclass(frozen=True, kw_only=True)
class BlackScholes(Statement):
    """The price V(τ, S) of a European call, for prices S up to a largest one and a year at most.

    ``V_τ = ½σ²S² V_SS + rS V_S − rV`` with the time τ to maturity, ``V(0, S) = max(S − K, 0)``.

    Attributes:
        strike: K.
        largest: the largest price; so far above the strike that ``S − K e^{−rτ}`` holds there.
        rate: r, a year.
        volatility: σ, of a year.
    """

    strike: float = 5.0
    largest: float = 20.0
    rate: float = 0.05
    volatility: float = 0.3

    def __post_init__(self) -> None:
        """Check the numbers at once, and that the condition at the largest price is true."""
        self.expect(0 < self.strike < math.inf, "strike", "a number > 0")
        self.expect(self.strike < self.largest < math.inf, "largest", "a price above the strike")
        self.expect(math.isfinite(self.rate), "rate", "a finite number")
        self.expect(0 < self.volatility < math.inf, "volatility", "a number > 0")
        top = np.array([[1.0, self.largest]])
        error = abs(float(self.exact(top)[0]) - float(self.far(top[0])))
        self.expect(
            error <= 1e-4 * self.strike,
            "largest",
            f"a price where the call is worth S − K e^(−rτ) to 1e-4 of the strike, not to "
            f"{error / self.strike:.1g}",
        )

    def equation(self, v: Field, z: Array) -> Array:
        """``V_τ − ½σ²S² V_SS − rS V_S + rV``."""
        v_t, v_s = gradient(v)(z)
        diffusion = self.volatility**2 * z[1] ** 2 * partial(v, 1, 1)(z) / 2
        return v_t - diffusion - self.rate * z[1] * v_s + self.rate * v(z)

    def _moneyness(self, z: Array) -> tuple[Array, Array]:
        """``ξ = (S − K e^{−rτ}) / s`` and ``s = σK√τ``, how far the kink has spread."""
        spread = self.volatility * self.strike * jnp.sqrt(jnp.maximum(z[0], 1e-12))
        return (z[1] - self.strike * jnp.exp(-self.rate * z[0])) / spread, spread

    def ansatz(self, N: Field, z: Array) -> Array:
        """``s (ξ Φ(ξ) + φ(ξ)) + τN``: the payoff ``max(S − K, 0)`` at first, to 1e-6.

        What a diffusion as strong as at the strike makes of the payoff's kink: the curvature of V
        is infinite there at first, that of τN is not.

        Source: Bachelier (1900), doi:10.24033/asens.476.
        """
        x, spread = self._moneyness(z)
        return spread * (x * norm.cdf(x) + norm.pdf(x)) + z[0] * N(z)

    def features(self, z: Array) -> Array:
        """``(2,)``: ``ξ/√(1 + ξ²)`` and ``1/√(1 + ξ²)``."""
        x, _ = self._moneyness(z)
        return jnp.stack([x, jnp.ones_like(x)]) / jnp.sqrt(1 + x**2)

    def far(self, z: Any) -> Any:
        """``S − K e^{−rτ}``: the price far above the strike."""
        return z[1] - self.strike * z.__array_namespace__().exp(-self.rate * z[0])

    def exact(self, points: np.ndarray) -> np.ndarray:
        """``S Φ(d₁) − K e^{−rτ} Φ(d₂)``, by Black and Scholes (1973), doi:10.1086/260062."""
        maturity, price = np.maximum(points.T, 1e-300)
        spread = self.volatility * np.sqrt(maturity)
        drift = np.log(price / self.strike) + (self.rate + self.volatility**2 / 2) * maturity
        discount = self.strike * np.exp(-self.rate * maturity)
        return np.asarray(price * ndtr(drift / spread) - discount * ndtr(drift / spread - spread))

    def problem(self) -> Problem:
        """Equation, domain, conditions, reference."""
        return Problem(
            domain=Box(t=(0, 1), s=(0, self.largest)),
            equation=self.equation,
            ansatz=self.ansatz,
            features=self.features,
            conditions=[
                dirichlet(0.0, "s-", name="worthless", weight=10.0),
                dirichlet(self.far, "s+", name="far", weight=10.0),
            ],
            exact=self.exact,
            name="black-scholes",
        )


ENTRY = entry(
    "black-scholes",
    "V_τ = ½σ²S² V_SS + rS V_S − rV, call",
    "exact: Black–Scholes formula",
    BlackScholes(),
    Recipe(
        network=NetworkSettings(width=20, depth=2),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        condition_points=128,
        redraw=20,
        steps=100,
    ),
    records=(Record("2.0e-06 relative L2", 44, "docs/results/pinn.md"),),
)
