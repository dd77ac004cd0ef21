"""Integral conditions: conserved masses, norms, means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError
from physml.pinn.conditions.condition import (
    Condition,
    Value,
    checked_weight,
    difference,
    field_of,
    function,
)
from physml.pinn.geometry import Box, Domain
from physml.pinn.user_functions import checked_function
from physml.sampling import Points
from physml.types import LocalOperator


def integral(
    value: Value,
    over: str | Sequence[str],
    *,
    of: LocalOperator | None = None,
    nodes: int = 32,
    unknown: str | None = None,
    name: str | None = None,
    weight: float = 1.0,
) -> Condition:
    """``∫ g(u, z) dz = c`` over some coordinates of a box, at points of the others.

    Gauss–Legendre quadrature with ``nodes`` points a coordinate: exact for polynomials of degree
    ``2 nodes − 1``, and ``nodesᵏ`` evaluations of ``u`` a sample for ``k`` coordinates. The
    condition's points are those of the other coordinates, each of them a sample of the integral;
    one if nothing is left to vary.

    Args:
        value: ``c``, a number or a function of a point; it may use the coordinates not integrated.
        over: the coordinates integrated over, such as ``"x"`` or ``("x", "y")``.
        of: ``g``, ``(u, z) -> value``; ``u`` itself if not given.
        nodes: quadrature points a coordinate.
        unknown: which field, where the problem has several by name.
        name: the term's name in the loss.
        weight: of the term.

    Raises:
        ConfigurationError: no coordinate or node, a weight that is no number, or a domain that is
            not a box.

    >>> import physml as pm
    >>> pm.pinn.integral(1.0, over="x").name               # ∫ u dx = 1 at all times
    'integral x'
    """
    names = (over,) if isinstance(over, str) else tuple(over)
    name = name or f"integral {' '.join(names)}"
    target = function(value, f"{name}: value")
    if of is not None:
        of = checked_function(f"{name}: of", of, ("u", "z"))
    if not names or nodes < 1:
        raise ConfigurationError(
            f"{name}: expected at least one coordinate and one node, got {names} and {nodes}"
        )

    def axes(domain: Domain) -> tuple[int, ...]:
        return tuple(domain.axis(coordinate) for coordinate in names)

    def rule(domain: Domain) -> tuple[np.ndarray, np.ndarray]:
        """Nodes ``(m, k)`` and weights ``(m,)`` on the integrated coordinates."""
        unit, unit_weights = np.polynomial.legendre.leggauss(nodes)
        chosen = list(axes(domain))
        low, high = domain.lower[chosen], domain.upper[chosen]
        grids = np.meshgrid(*[unit] * len(chosen), indexing="ij")
        weights = np.meshgrid(*[unit_weights] * len(chosen), indexing="ij")
        points = np.stack([grid.ravel() for grid in grids], axis=-1)
        total = np.prod([w.ravel() for w in weights], axis=0) * np.prod((high - low) / 2)
        return low + (points + 1) / 2 * (high - low), total

    def operator(domain: Domain) -> Any:
        points, weights = rule(domain)
        chosen = np.asarray(axes(domain))

        def residual(u: Any, z: Array) -> Array:
            def integrand(node: Array) -> Array:
                at = z.at[chosen].set(node)
                return jnp.asarray(field_of(name, u, unknown)(at) if of is None else of(u, at))

            values = jax.vmap(integrand)(jnp.asarray(points, z.dtype))
            total = jnp.tensordot(jnp.asarray(weights, z.dtype), values, axes=1)
            return difference(name, total, target(z))

        return residual

    def draw(domain: Domain, key: Array, n: int, cube: Points) -> Array:
        # The integrated coordinates of a sample are overwritten by the nodes.
        return domain.interior(key, 1 if len(names) == domain.dimension else n, draw=cube)

    def check(domain: Domain) -> None:
        axes(domain)
        if not isinstance(domain, Box):
            raise ConfigurationError(f"{name}: expected a Box to integrate over, got {domain}")

    if callable(weight) or np.ndim(weight) > 0:
        raise ConfigurationError(
            f"{name}: weight: expected a number, since a sample is an integral and no point, got "
            f"{type(weight).__name__}"
        )
    made = Condition(name, None, operator, checked_weight(name, weight), draw, check)
    return made._replace(evaluations=nodes ** len(names))
