"""A call on a price that jumps: Merton's partial integro-differential equation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import ndtr

from physml.control.backward_equations.backward_equation import BackwardEquation
from physml.control.backward_equations.jumps import Jumps
from physml.errors import ConfigurationError
from physml.ranges import check_positive

_FARTHEST = 100.0


@dataclass(frozen=True)
class Merton(BackwardEquation):
    """A European call where the logarithm ``x = ln(S/K)`` of the price jumps by ``N(m, δ²)``.

        u_t + ½σ² u_xx + (r − ½σ² − νκ) u_x + ν E[u(t, x + J) − u(t, x)] = r u
        u(T, x) = K (eˣ − 1)⁺,   κ = e^{m + ½δ²} − 1

    Attributes:
        price: ``S > 0``.
        strike: ``K > 0``.
        interest: ``r``.
        volatility: ``σ > 0``.
        rate: ``ν ≥ 0``, jumps a year.
        jump_mean: ``m``.
        jump_deviation: ``δ ≥ 0``.
        horizon: ``T > 0``, in years.

    Source: Merton (1976), doi:10.1016/0304-405X(76)90022-2.

    >>> import physml as pm
    >>> round(pm.control.Merton().exact(), 9)
    12.761288594
    """

    price: float = 100.0
    strike: float = 100.0
    interest: float = 0.05
    volatility: float = 0.2
    rate: float = 1.0
    jump_mean: float = -0.1
    jump_deviation: float = 0.15
    horizon: float = 1.0

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        for name in ("price", "strike", "volatility", "horizon"):
            check_positive(name, getattr(self, name))
        if not math.isfinite(self.interest):
            raise ConfigurationError(f"interest: expected a number, got {self.interest}")
        Jumps(self.rate, self.jump_mean, self.jump_deviation)
        if not self.jump_mean + 0.5 * self.jump_deviation**2 < _FARTHEST:
            raise ConfigurationError(
                f"jump_mean: expected m + ½δ² < {_FARTHEST:g}, of which the exponential is the "
                f"growth by a jump, got m = {self.jump_mean} and δ = {self.jump_deviation}"
            )

    @property
    def start(self) -> np.ndarray:
        """``ln(S/K)``."""
        return np.array([math.log(self.price / self.strike)])

    @property
    def mean_growth(self) -> float:
        """``κ``, of the price by a jump."""
        return math.expm1(self.jump_mean + 0.5 * self.jump_deviation**2)

    @property
    def jumps(self) -> Jumps:
        """Of ``x``."""
        return Jumps(self.rate, self.jump_mean, self.jump_deviation)

    def terminal(self, x: Array) -> Array:
        """``K (eˣ − 1)⁺``."""
        return self.strike * jnp.maximum(jnp.exp(x[0]) - 1, 0.0)

    def drift(self, t: Array, x: Array) -> Array:
        """``r − ½σ² − νκ``."""
        drift = self.interest - 0.5 * self.volatility**2 - self.rate * self.mean_growth
        return jnp.full_like(x, drift)

    def diffusion(self, t: Array, x: Array) -> Array:
        """``σ``."""
        return jnp.asarray(self.volatility, x.dtype)

    def driver(self, t: Array, x: Array, y: Array, z: Array) -> Array:
        """``−r Y``."""
        return -self.interest * y

    def near(self, t: Array, x: Array) -> Array:
        """The call on a price without jumps, by Black and Scholes, with the bend of ``g``."""
        left = jnp.maximum(self.horizon - t, 1e-12)
        spread = self.volatility * jnp.sqrt(left)
        upper = (x[0] + self.interest * left) / spread + 0.5 * spread
        kept = jnp.exp(-self.interest * left) * ndtr(upper - spread)
        return self.strike * (jnp.exp(x[0]) * ndtr(upper) - kept)

    def exact(self) -> float:
        """Merton's series: Black and Scholes's price for each number of jumps."""
        from scipy import special
        from scipy.stats import poisson

        years = self.horizon
        mean = self.rate * (1 + self.mean_growth) * years
        k = np.arange(int(mean + 20 * mean**0.5) + 40)
        chances = poisson.pmf(k, mean)
        jump = self.jump_mean + 0.5 * self.jump_deviation**2
        rate = self.interest - self.rate * self.mean_growth + k * jump / years
        spread = np.sqrt(self.volatility**2 * years + k * self.jump_deviation**2)
        upper = (math.log(self.price / self.strike) + rate * years + 0.5 * spread**2) / spread
        kept = self.strike * np.exp(-rate * years) * special.ndtr(upper - spread)
        calls = self.price * special.ndtr(upper) - kept
        return float(chances @ calls)
