"""The Allen–Cahn equation in many dimensions, known by the equation of its radius."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.control.backward_equations.backward_equation import BackwardEquation
from physml.errors import ConvergenceError
from physml.ranges import check_positive


@dataclass(frozen=True)
class AllenCahn(BackwardEquation):
    """``u_t + Δu + u − u³ = 0``, ``u(T, x) = 1/(2 + 0.4 |x|²)``, at ``x₀ = 0``.

    Attributes:
        dimension: ``d``.
        horizon: ``T > 0``.

    Source: Han, Jentzen and E (2018), doi:10.1073/pnas.1718942115, where it is 0.0528 in 100
    dimensions.

    >>> import physml as pm
    >>> round(pm.control.AllenCahn(dimension=20).exact(), 6)
    0.206355
    """

    dimension: int = 20
    horizon: float = 0.3

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        object.__setattr__(self, "dimension", as_whole("dimension", self.dimension, least=1))
        check_positive("horizon", self.horizon)

    @property
    def start(self) -> np.ndarray:
        """``0``."""
        return np.zeros(self.dimension)

    def terminal(self, x: Array) -> Array:
        """``1/(2 + 0.4 |x|²)``."""
        return 1 / (2 + 0.4 * jnp.sum(x**2))

    def diffusion(self, t: Array, x: Array) -> Array:
        """``√2``."""
        return jnp.asarray(2**0.5, x.dtype)

    def driver(self, t: Array, x: Array, y: Array, z: Array) -> Array:
        """``u − u³``."""
        return y - y**3

    def exact(self) -> float:
        """``u(0, 0)``, by ``radial_value`` of so many points that half as many more agree.

        Raises:
            ConvergenceError: 240 points do not suffice.
        """
        last = radial_value(self.dimension, self.horizon, 48)
        for points in (72, 108, 160, 240):
            value = radial_value(self.dimension, self.horizon, points)
            if abs(value - last) < 1e-8:
                return value
            last = value
        raise ConvergenceError(
            f"exact: expected 240 points to resolve the radius in {self.dimension} dimensions up "
            f"to T = {self.horizon}, got {last:.9g}, which still changes"
        )


@lru_cache(maxsize=32)
def radial_value(dimension: int, horizon: float, points: int) -> float:
    """``v(T, 0)`` of ``v_t = 4s v_ss + 2d v_s + v − v³`` in ``s = |x|²``, by Chebyshev's points.

    The solution is analytic on ``s ≥ 0`` (the first value has a pole at −5), so that the error
    falls by half with each point or two; what is far is held by ``v_s = 0`` at an ``s`` whose
    influence does not reach 0 within ``T``.

    >>> bool(abs(radial_value(20, 0.3, 80) - radial_value(20, 0.3, 60)) < 1e-8)
    True
    """
    from scipy.integrate import solve_ivp

    reach = 8 * dimension * horizon + 60.0
    n = points
    places = np.cos(np.pi * np.arange(n + 1) / n)
    weights = np.r_[2.0, np.ones(n - 1), 2.0] * (-1.0) ** np.arange(n + 1)
    apart = places[:, None] - places[None, :] + np.eye(n + 1)
    slope = weights[:, None] / weights[None, :] / apart
    slope -= np.diag(slope.sum(axis=1))
    slope *= 2 / reach
    s = 0.5 * reach * (1 + places)
    operator = 4 * s[:, None] * (slope @ slope) + 2 * dimension * slope
    # At the far end v follows from v_s = 0: its column is folded into the others.
    fold = -slope[0, 1:] / slope[0, 0]
    inner = operator[1:, 1:] + np.outer(operator[1:, 0], fold)
    found = solve_ivp(
        lambda t, v: inner @ v + v - v**3,
        (0.0, horizon),
        1 / (2 + 0.4 * s[1:]),
        method="Radau",
        jac=lambda t, v: inner + np.diag(1 - 3 * v**2),
        rtol=1e-10,
        atol=1e-12,
    )
    return float(found.y[-1, -1])
