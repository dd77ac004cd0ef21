"""Integral conditions: conserved masses, norms, means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.memory import Need, check_memory
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
from physml.train.sample_weights import Weight
from physml.types import Field, LocalOperator

# Where a value and a weight are looked at.
_SAMPLES = 16

# The rule is found by the eigenvalues of a matrix of so many rows.
_MOST_NODES = 1024


def integral(
    value: Value,
    over: str | Sequence[str],
    *,
    of: LocalOperator | None = None,
    nodes: int = 32,
    unknown: str | None = None,
    name: str | None = None,
    weight: Weight = 1.0,
) -> Condition:
    """``∫ g(u, z) dz = c`` over some coordinates of a box, at points of the others.

    Gauss–Legendre quadrature with ``nodes`` points a coordinate: exact for polynomials of degree
    ``2 nodes − 1``, and ``nodesᵏ`` evaluations of ``u`` a sample for ``k`` coordinates. The
    condition's points are those of the other coordinates, each of them a sample of the integral;
    one if nothing is left to vary. Points of one's own are ``(n, d)``, with any values inside for
    the coordinates integrated over.

    Args:
        value: ``c``, a number or a function of a point; it may use the coordinates not integrated.
        over: the coordinates integrated over, such as ``"x"`` or ``("x", "y")``.
        of: ``g``, ``(u, z) -> value``; ``u`` itself if not given.
        nodes: quadrature points a coordinate.
        unknown: which field, where the problem has several by name.
        name: the term's name in the loss.
        weight: of the term, a number; or a function of the coordinates not integrated; or one
            number a point of one's own, ``(n,)``.

    Raises:
        ConfigurationError: no coordinate or node, one coordinate twice; a domain that is not a box;
            a value or a weight that changes with a coordinate integrated over.

    >>> import physml as pm
    >>> pm.pinn.integral(1.0, over="x").name               # ∫ u dx = 1 at all times
    'integral x'
    """
    names = (over,) if isinstance(over, str) else tuple(over)
    name = name or f"integral {' '.join(names)}"
    nodes = as_whole(f"{name}: nodes", nodes, least=1, most=_MOST_NODES)
    target = function(value, f"{name}: value")
    if of is not None:
        of = checked_function(f"{name}: of", of, ("u", "z"))
    if not names or len(set(names)) < len(names):
        raise ConfigurationError(
            f"{name}: over: expected at least one coordinate, each once, got "
            f"{', '.join(names) or 'none'}"
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
        chosen = axes(domain)
        if not isinstance(domain, Box):
            raise ConfigurationError(f"{name}: expected a Box to integrate over, got {domain}")
        k = len(names)
        need = Need(f"{nodes}^{k} nodes × ({k} coordinates + a weight)", nodes**k * (k + 1), 8)
        check_memory(name, [need], "nodes", host=True)
        functions = {"value": target if callable(value) else None, "weight": weighed}
        for what, given in functions.items():
            if callable(given) and _changes_with(domain, chosen, given):
                raise ConfigurationError(
                    f"{name}: {what}: expected a function of the coordinates that are not "
                    f"integrated over, got one that changes with {' or '.join(names)}"
                )

    def check_own(domain: Domain, points: np.ndarray) -> None:
        if len(names) == domain.dimension:
            raise ConfigurationError(
                f"points: {name}: expected nothing, since no coordinate is left to vary and the "
                f"integral is one sample, got an array {points.shape}"
            )

    weighed = checked_weight(name, weight)
    made = Condition(name, None, operator, weighed, draw, check)
    return made._replace(evaluations=nodes ** len(names), check_own=check_own)


def _changes_with(domain: Domain, axes: tuple[int, ...], given: Field) -> bool:
    """Whether a function of a point takes other values where some of its coordinates move."""
    points = domain.interior(jax.random.key(0), _SAMPLES)
    moved = points.at[:, np.asarray(axes)].set(jnp.roll(points, 1, axis=0)[:, np.asarray(axes)])
    here, there = (np.asarray(jax.vmap(given)(z)) for z in (points, moved))
    return not np.array_equal(here, there, equal_nan=True)
