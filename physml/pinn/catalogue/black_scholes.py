"""The price of a European call."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.stats import norm
from scipy.special import ndtr

from physml.calculus import gradient, partial
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.pinn.catalogue.entry import Entry
from physml.pinn.conditions import dirichlet
from physml.pinn.geometry import Box
from physml.pinn.problem import Problem
from physml.pinn.recipe import Recipe
from physml.types import Field

STRIKE, LARGEST, RATE, VOLATILITY = 5.0, 20.0, 0.05, 0.3


def equation(v: Field, z: Array) -> Array:
    """``V_τ − ½σ²S² V_SS − rS V_S + rV`` with the time ``τ`` to maturity."""
    v_t, v_s = gradient(v)(z)
    diffusion = VOLATILITY**2 * z[1] ** 2 * partial(v, 1, 1)(z) / 2
    return v_t - diffusion - RATE * z[1] * v_s + RATE * v(z)


def _moneyness(z: Array) -> tuple[Array, Array]:
    """``ξ = (S − K e^{−rτ}) / s`` and ``s = σK√τ``, how far the kink has spread."""
    spread = VOLATILITY * STRIKE * jnp.sqrt(jnp.maximum(z[0], 1e-12))
    return (z[1] - STRIKE * jnp.exp(-RATE * z[0])) / spread, spread


def ansatz(N: Field, z: Array) -> Array:
    """``s (ξ Φ(ξ) + φ(ξ)) + τN``: the payoff ``max(S − K, 0)`` at first, to 1e-6.

    What a diffusion as strong as at the strike makes of the payoff's kink: the curvature of V is
    infinite there at first, that of τN is not.

    Source: Bachelier (1900), doi:10.24033/asens.476.
    """
    x, spread = _moneyness(z)
    return spread * (x * norm.cdf(x) + norm.pdf(x)) + z[0] * N(z)


def features(z: Array) -> Array:
    """``(2,)``: ``ξ/√(1 + ξ²)`` and ``1/√(1 + ξ²)``."""
    x, _ = _moneyness(z)
    return jnp.stack([x, jnp.ones_like(x)]) / jnp.sqrt(1 + x**2)


def far(z: Array) -> Array:
    """``S − K e^{−rτ}``: the price far above the strike."""
    return z[1] - STRIKE * jnp.exp(-RATE * z[0])


def exact(points: np.ndarray) -> np.ndarray:
    """``S Φ(d₁) − K e^{−rτ} Φ(d₂)``, by Black and Scholes (1973), doi:10.1086/260062."""
    maturity, price = np.maximum(points.T, 1e-300)
    spread = VOLATILITY * np.sqrt(maturity)
    drift = np.log(price / STRIKE) + (RATE + VOLATILITY**2 / 2) * maturity
    discount = STRIKE * np.exp(-RATE * maturity)
    return np.asarray(price * ndtr(drift / spread) - discount * ndtr(drift / spread - spread))


def black_scholes() -> Problem:
    """A call of strike 5 at r = 0.05, σ = 0.3, for prices up to 20 and a year to maturity."""
    return Problem(
        domain=Box(t=(0, 1), s=(0, LARGEST)),
        equation=equation,
        ansatz=ansatz,
        features=features,
        conditions=[
            dirichlet(0.0, "s-", name="worthless", weight=10.0),
            dirichlet(far, "s+", name="far", weight=10.0),
        ],
        exact=exact,
        name="black-scholes",
    )


ENTRY = Entry(
    "black-scholes",
    "V_τ = ½σ²S² V_SS + rS V_S − rV, call",
    "exact: Black–Scholes formula",
    black_scholes,
    Recipe(
        network=NetworkSettings(width=20, depth=2),
        optimizer=OptimizerSettings(name="gauss-newton", ratio=0.15),
        points=2048,
        condition_points=128,
        redraw=20,
        steps=100,
    ),
)
