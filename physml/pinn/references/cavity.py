"""Steady flow in a square cavity under a sliding lid, by a Legendre–Galerkin method."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import Polynomial
from scipy import linalg

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, NonFiniteError, ShapeError
from physml.pinn.references.corner_flow import CORNER_FLOWS, WINDOW, CornerFlow
from physml.pinn.references.legendre_basis import clamped_basis, evaluate, gauss_rule
from physml.ranges import check_positive

PARABOLIC_LID = (0.0, 4.0, -4.0)
"""``U = 4x(1 − x)``"""

UNIT_LID = (1.0,)
"""``U = 1``: the velocity has no value in the upper corners."""

_CHUNK = 8192
# The edge of the square in single precision may lie outside by its rounding.
_ROUNDING = 1e-6
_NEWTON_STEPS = 20


@lru_cache(maxsize=8)
def cavity_solution(
    *, lid: tuple[float, ...] = PARABOLIC_LID, reynolds: float = 100.0, modes: int = 32
) -> CavityFlow:
    """``u·∇u = −∇p + Δu/Re``, ``∇·u = 0`` on (0, 1)², at rest on the walls, ``u = U(x)`` at y = 1.

    The velocity is ``(ψ_y, −ψ_x)``, and for all χ that vanish on the walls with their slope::

        ∫ [Δψ Δχ / Re + Δψ (ψ_y χ_x − ψ_x χ_y)] = 0,   ψ = ψ_corners + ψ_lid + Σ c_ij χ_i(x) χ_j(y)

    ``ψ_corners`` are the slow flows in the corners of the lid, where no polynomial follows them;
    ``ψ_lid = R(x) y² (y − 1)`` has the rest of the lid's speed. Newton's method starts from the
    slow flow. The pressure solves ``∫ ∇p·∇q = ∫ (Δu/Re − u·∇u)·∇q`` for all polynomials q.

    Args:
        lid: U, coefficients of ascending powers of x.
        reynolds: Re.
        modes: polynomials in x and in y.

    Raises:
        ConfigurationError: for fewer than 8 modes, or Re not positive.
        NonFiniteError: when Newton's method does not converge.

    Source: Shen (1994), doi:10.1137/0915089 (polynomials); Botella and Peyret (1998),
    doi:10.1016/S0045-7930(98)00002-4 (corners).
    """
    modes = as_whole("cavity_solution: modes", modes, least=8)
    check_positive("cavity_solution: reynolds", reynolds)
    known = _BoundaryFlow.of(lid)
    interior = _momentum(known, 1 / reynolds, modes)
    return CavityFlow(known, interior, _pressure(known, interior, 1 / reynolds), 1 / reynolds)


class CavityFlow:
    """A flow found by ``cavity_solution``, called with points ``(n, 2)`` as (x, y).

    Args:
        known: the stream function that meets the walls' velocities.
        interior: ``(modes, modes)``, coefficients of the clamped polynomials.
        pressure: ``(degrees, degrees)``, Legendre coefficients.
        viscosity: 1/Re.
    """

    def __init__(
        self, known: _BoundaryFlow, interior: np.ndarray, pressure: np.ndarray, viscosity: float
    ) -> None:
        self._known, self._interior, self._pressure = known, interior, pressure
        self._viscosity = viscosity
        self._basis = clamped_basis(len(interior))

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """``(n, 3)``: u, v and p, the pressure with mean zero.

        The pressure is infinite in the corners of the lid: nearer than 1e-3, it is given as there.

        Raises:
            ShapeError: for points of another dimension.
            ConfigurationError: for a point outside the cavity.
        """
        points = np.asarray(points, np.float64)
        if points.ndim != 2 or points.shape[1] != 2:
            raise ShapeError(f"points: expected (n, 2) as (x, y), got {points.shape}")
        beyond = np.abs(points - 0.5).max(axis=1, initial=0.0) - 0.5
        if (beyond > _ROUNDING).any():
            raise ConfigurationError(
                "points: expected inside the unit square, got "
                f"{tuple(points[np.argmax(beyond)].tolist())}"
            )
        parts = np.array_split(points, len(points) // _CHUNK + 1)
        return np.concatenate([self._at(*part.T) for part in parts])

    def _at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        def psi(a: int, b: int) -> np.ndarray:
            in_x = evaluate(self._basis, x, a) @ self._interior
            in_y = evaluate(self._basis, y, b)
            return self._known(x, y, a, b) + np.einsum("ni,ni->n", in_x, in_y)

        legendre = np.eye(len(self._pressure))
        smooth = evaluate(legendre, x) @ self._pressure
        p = np.einsum("ni,ni->n", smooth, evaluate(legendre, y))
        p += self._viscosity * self._known.pressure(x, y)
        return np.stack([psi(0, 1), -psi(1, 0), p], axis=1)


class _BoundaryFlow(NamedTuple):
    """A stream function with the velocities of all walls: flows of both corners and of the lid.

    Each corner is a side, 1 for x = s and −1 for x = 1 − s, a strength, and its flow.
    """

    corners: list[tuple[float, Any, CornerFlow]]
    rest: Polynomial

    @classmethod
    def of(cls, lid: tuple[float, ...]) -> _BoundaryFlow:
        rest = Polynomial(lid)
        sides = {1.0: Polynomial([0, 1]), -1.0: Polynomial([1, -1])}
        corners = [
            (side, strength, flow)
            for side, s in sides.items()
            for strength, flow in zip(rest(s).coef, CORNER_FLOWS, strict=False)
        ]
        for side, strength, flow in corners:
            s = sides[side]
            rest = rest - strength * s ** (flow.power - 1) * WINDOW(s)
        return cls(corners, rest)

    def __call__(
        self, x: np.ndarray, y: np.ndarray, a: int, b: int, *, less: float = 0.0
    ) -> np.ndarray:
        """``∂_x^a ∂_y^b ψ``, with ``less = 1`` without the slow flows themselves."""
        total = self.rest.deriv(a)(x) * Polynomial([0, 0, -1, 1]).deriv(b)(y)
        for side, strength, flow in self.corners:
            s = x if side > 0 else 1 - x
            sign = side**a * (-1.0) ** b
            total = total + sign * strength * flow.windowed(s, 1 - y, a, b, less=less)
        return total

    def pressure(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Of the slow flows, at viscosity 1."""
        total = np.zeros(np.broadcast(x, y).shape)
        for side, strength, flow in self.corners:
            total += side * strength * flow.pressure(x if side > 0 else 1 - x, 1 - y)
        return total


def _momentum(known: _BoundaryFlow, viscosity: float, modes: int) -> np.ndarray:
    """The coefficients c of the stream function, ``(modes, modes)``."""
    nodes, w = gauss_rule(2 * modes + 16)
    x, y, weight = nodes[:, None], nodes[None], w[:, None] * w
    chi = [evaluate(clamped_basis(modes), nodes, order) for order in range(3)]

    def matrix(field: np.ndarray, trial: tuple[int, int], test: tuple[int, int]) -> np.ndarray:
        """``∫ field ∂^trial(χ_k χ_l) ∂^test(χ_i χ_j)``, rows ij and columns kl."""
        in_x = np.einsum("qi,qk->qik", chi[test[0]], chi[trial[0]]).reshape(len(nodes), -1)
        in_y = np.einsum("qj,ql->qjl", chi[test[1]], chi[trial[1]]).reshape(len(nodes), -1)
        blocks = (in_x.T @ (weight * field) @ in_y).reshape(4 * [modes])
        return blocks.transpose(0, 2, 1, 3).reshape(modes**2, modes**2)

    laplacian = ((2, 0), (0, 2))
    diffusion = sum(
        matrix(np.full(weight.shape, viscosity), trial, test)
        for trial in laplacian
        for test in laplacian
    )
    # The slow flows are biharmonic: only what the window and the lid add to them drives the rest.
    bilaplacian = sum(
        factor * known(x, y, a, b, less=1.0) for factor, a, b in ((1, 4, 0), (2, 2, 2), (1, 0, 4))
    )
    load = viscosity * (chi[0].T @ (weight * bilaplacian) @ chi[0])
    given = {order: known(x, y, *order) for order in ((1, 0), (0, 1), *laplacian)}
    c = np.zeros((modes, modes))
    for step in range(_NEWTON_STEPS):
        psi = {(a, b): given[a, b] + chi[a] @ c @ chi[b].T for a, b in given}
        u, v, delta = psi[0, 1], -psi[1, 0], psi[2, 0] + psi[0, 2]
        residual = (diffusion @ c.ravel()).reshape(c.shape) + load
        slope = diffusion
        if step:
            residual += chi[1].T @ (weight * delta * u) @ chi[0]
            residual += chi[0].T @ (weight * delta * v) @ chi[1]
            slope = diffusion + sum(
                matrix(u, trial, (1, 0)) + matrix(v, trial, (0, 1)) for trial in laplacian
            )
            slope += matrix(delta, (0, 1), (1, 0)) - matrix(delta, (1, 0), (0, 1))
        change = linalg.solve(slope, residual.ravel()).reshape(c.shape)
        c = c - change
        if step and np.abs(change).max() < 1e-7 * np.abs(c).max():  # squared by the next step
            return c
    raise NonFiniteError(
        f"cavity: Newton's method does not converge in {_NEWTON_STEPS} steps at viscosity "
        f"{viscosity:g}: take a smaller Reynolds number or more modes"
    )


def _pressure(known: _BoundaryFlow, interior: np.ndarray, viscosity: float) -> np.ndarray:
    """Legendre coefficients of the pressure beside that of the slow flows, ``(modes + 4,) * 2``."""
    degrees = len(interior) + 4
    nodes, w = gauss_rule(2 * degrees)
    x, y, weight = nodes[:, None], nodes[None], w[:, None] * w
    chi = [evaluate(clamped_basis(len(interior)), nodes, order) for order in range(4)]

    def psi(a: int, b: int, *, less: float = 0.0) -> np.ndarray:
        return known(x, y, a, b, less=less) + chi[a] @ interior @ chi[b].T

    u, v, shear = psi(0, 1), -psi(1, 0), psi(1, 1)
    # Of the slow flows, viscosity and pressure balance: what is left is bounded.
    force_x = viscosity * (psi(2, 1, less=1) + psi(0, 3, less=1)) - u * shear - v * psi(0, 2)
    force_y = -viscosity * (psi(3, 0, less=1) + psi(1, 2, less=1)) + u * psi(2, 0) + v * shear
    value, slope = (evaluate(np.eye(degrees), nodes, order) for order in (0, 1))
    load = slope.T @ (weight * force_x) @ value + value.T @ (weight * force_y) @ slope
    stiffness, modes = linalg.eigh(slope.T * w @ slope, value.T * w @ value)
    sums = stiffness[:, None] + stiffness
    sums[0, 0] = np.inf  # the constant, which the mean fixes
    smooth = modes @ ((modes.T @ load @ modes) / sums) @ modes.T
    smooth[0, 0] -= viscosity * np.sum(weight * known.pressure(x, y))
    return smooth


def cavity(points: np.ndarray) -> np.ndarray:
    """Under the parabolic lid at Re = 100, at points ``(n, 2)`` as (x, y): ``(n, 3)``, u, v and p.

    The pressure has mean zero; see ``CavityFlow`` for its value in the corners.
    """
    return cavity_solution()(points)


CAVITY_ERROR = 2e-6
"""Relative L2 against 44 modes, on the 201² grid: 1.7e-6.

Of the velocity alone 2.3e-7, of the pressure 8e-6, most of it next to the corners of the lid.
"""
