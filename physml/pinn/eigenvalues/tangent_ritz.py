"""Rayleigh–Ritz among all small changes of a network: which modes it can describe, and in order."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from physml.errors import ConfigurationError, NonFiniteError
from physml.memory import Need, check_memory
from physml.pinn.problem import Network, Problem
from physml.pinn.user_functions import in_words

_DEPENDENT = 1e-9
"""Part of the largest eigenvalue of the Gram matrix below which functions are sums of the others;
√ε where that is more."""

_ASYMMETRY = 0.05
"""Part of ``√(λ_iλ_j)`` up to which ``⟨u_i, H u_j⟩`` may differ by quadrature alone."""

_SMALL = 0.01
"""Part of the block's largest value that a λ counts as, at least, such as one that is 0."""

_LOOKED_AT = 4
"""Modes between which an operator is looked at for symmetry, at least."""


class Ritz(NamedTuple):
    """The lowest modes of a space of functions.

    Attributes:
        values: ``(k,)``, ascending: upper bounds of the eigenvalues, up to quadrature.
        functions: ``(n, k)`` at the points, of mean square 1.
        dimension: of the space.
    """

    values: np.ndarray
    functions: np.ndarray
    dimension: int


def tangent_ritz(
    problem: Problem, network: Network, params: Any, points: Array, count: int
) -> Ritz:
    """The lowest modes of ``H`` among ``Σ_j c_j ∂u_θ/∂θ_j``, ``Hu`` the problem's equation.

    ``A c = λ S c`` with ``S_ij = mean ∂_iu ∂_ju`` and ``A_ij = mean ∂_iu H∂_ju``, made symmetric.
    By the min-max principle the values are upper bounds of the first eigenvalues in their order,
    wherever the points stand for the integrals and the functions obey the conditions.

    Args:
        problem: its equation is ``(Hu)(z)``, linear and self-adjoint.
        network: of a scalar, any.
        params: where its small changes are taken.
        points: ``(n, d)``, uniform in the domain.
        count: how many modes.

    Raises:
        ConfigurationError: an operator that is not linear, not a number, not self-adjoint, or that
            looks unbounded below; a network whose changes are fewer functions than modes.
        NonFiniteError: a value that is not finite at some point.
    """
    flat, unravel = ravel_pytree(params)
    n, p = len(points), len(flat)
    check_memory("network", [Need(f"2 × {n} points × {p} parameters", 2 * n * p)], "points")
    ((_, equation),) = problem.equations.items()
    operator = in_words("equation", equation)

    def value(theta: Array, z: Array) -> Array:
        return jnp.asarray(problem.solution_field(network, unravel(theta))(z))

    def acted(theta: Array, z: Array) -> Array:
        return jnp.asarray(operator(problem.solution_field(network, unravel(theta)), z))

    _check_linear(problem, network, params, operator, points[:16])
    rows = jax.jit(jax.vmap(lambda z: (jax.grad(value)(flat, z), jax.grad(acted)(flat, z))))
    u, hu = (np.asarray(part, np.float64) for part in rows(points))
    for name, part in (("u", u), ("equation", hu)):
        bad = ~np.isfinite(part).all(axis=1)
        if bad.any():
            at = np.asarray(points)[bad][0]
            raise NonFiniteError(f"{name}: not finite at {at} of {problem.name!r}")
    weight, axes = np.linalg.eigh(u.T @ u / n)
    floor = max(_DEPENDENT, float(np.finfo(np.asarray(flat).dtype).eps) ** 0.5)
    chosen = weight > floor * weight[-1]
    if chosen.sum() <= count:
        raise ConfigurationError(
            f"network: expected more than {count} independent functions among the changes of its "
            f"{p} parameters, got {chosen.sum()}; take a wider one"
        )
    basis = axes[:, chosen] / np.sqrt(weight[chosen])
    energy = basis.T @ (u.T @ hu / n) @ basis
    values, vectors = np.linalg.eigh(0.5 * (energy + energy.T))
    lowest = vectors[:, : max(count, _LOOKED_AT)]
    block = lowest.T @ energy @ lowest
    scale = np.sqrt(np.maximum(np.abs(np.diagonal(block)), _SMALL * np.abs(block).max()))
    difference, sizes = np.abs(block - block.T), np.outer(scale, scale)
    worst = np.unravel_index((difference / sizes).argmax(), sizes.shape)
    apart, size = difference[worst], sizes[worst]
    # Values of what is bounded below are densest at their lower end.
    crowded_above = np.median(values) > 0.5 * (values[0] + values[-1])
    below_zero = values[-1] <= 0 or (apart > _ASYMMETRY * size and -values[0] > values[-1])
    if crowded_above and below_zero:
        raise ConfigurationError(
            f"equation: expected an operator with a lowest eigenvalue, got {values[0]:.3g} to "
            f"{values[-1]:.3g}; is it unbounded below? write −Δu for Δu"
        )
    if apart > _ASYMMETRY * size:
        raise ConfigurationError(
            f"equation: expected a self-adjoint operator, ⟨u, Hv⟩ = ⟨Hu, v⟩ of functions that obey "
            f"the conditions, got values {apart:.3g} apart beside {size:.3g}; build the boundary's "
            "values in (hard=True, hard_dirichlet, periodic or an ansatz), or write the operator "
            "in its symmetric form"
        )
    return Ritz(values[:count], u @ (basis @ lowest[:, :count]), int(chosen.sum()))


def _check_linear(
    problem: Problem, network: Network, params: Any, operator: Any, points: Array
) -> None:
    """``H(2u) = 2 Hu`` and ``u[2N] = 2 u[N]`` at some points."""
    field = problem.solution_field(network, params)
    if jax.eval_shape(field, points[0]).shape != ():
        raise ConfigurationError("network: expected one that gives one number, a scalar field")
    if jax.eval_shape(lambda z: operator(field, z), points[0]).shape != ():
        raise ConfigurationError("equation: expected one number at one point, (Hu)(z)")
    twice = lambda z: 2.0 * field(z)  # noqa: E731
    one, two = (
        np.asarray(jax.jit(jax.vmap(lambda z, f=f: operator(f, z)))(points)) for f in (field, twice)
    )
    if not np.abs(two - 2 * one).max() <= 1e-4 * np.abs(two).max():
        raise ConfigurationError(
            "equation: expected a linear operator (Hu)(z), without the eigenvalue and without a "
            f"source, got {one[0]:.6g} of u and {two[0]:.6g} of 2u"
        )
    if problem.ansatz is None:
        return
    zero = jax.tree.map(jnp.zeros_like, params)
    left = np.asarray(jax.vmap(problem.solution_field(network, zero))(points))
    if np.abs(left).max() > 0:
        raise ConfigurationError(
            "ansatz: expected one that is linear in the network, with values 0 on the boundary, "
            f"got {left[0]:.6g} of a network that is 0"
        )
