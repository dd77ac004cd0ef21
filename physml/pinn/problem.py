"""A problem: an equation on a domain, and what else must hold. Plain functions of a point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, ShapeError
from physml.networks import PeriodicEmbedding
from physml.pinn.conditions import Condition
from physml.pinn.geometry import Box
from physml.types import Field, LocalOperator

Ansatz = Callable[[Field, Array], Array]
"""``(network, point) -> u``: builds conditions into the solution exactly."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """A partial differential equation with its conditions.

    Attributes:
        domain: where the equation holds.
        equation: ``(u, z) -> residual``, which must vanish at each point ``z`` of the domain.
        conditions: what must hold on faces, by penalty.
        ansatz: ``(N, z) -> u``, a transform of the network that obeys conditions exactly.
        periodic: coordinates in which the network is periodic, exactly.
        components: the length of ``u``, or None for a scalar.
        exact: the solution, ``(n, d) -> (n,)`` or ``(n, components)`` in float64, if known.
        reference_error: the error of ``exact`` itself, relative L2.
        name: for messages and figures.

    Raises:
        ConfigurationError: conditions on unknown faces, or two under one name.

    >>> import jax.numpy as jnp, physml as pm
    >>> problem = pm.Problem(domain=pm.Box(x=(0, 1)), equation=lambda u, z: pm.partial(u, 0)(z) - 1,
    ...                      conditions=[pm.dirichlet(0.0, on="x-")])
    """

    domain: Box
    equation: LocalOperator
    conditions: Sequence[Condition] = ()
    ansatz: Ansatz | None = None
    periodic: str | Sequence[str] = ()
    components: int | None = None
    exact: Callable[[np.ndarray], np.ndarray] | None = None
    reference_error: float = 0.0
    name: str = "problem"
    _axes: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check names at once, not at the first step."""
        names = ["equation", *(c.name for c in self.conditions)]
        for name in set(names):
            if names.count(name) > 1:
                raise ConfigurationError(
                    f"conditions: two terms named {name!r}; give one of them a name=..."
                )
        for condition in self.conditions:
            self.domain.faces(condition.face)
        periodic = [self.periodic] if isinstance(self.periodic, str) else self.periodic
        object.__setattr__(self, "_axes", tuple(self.domain.axis(name) for name in periodic))

    def solution_field(self, network: nn.Module, params: Any) -> Field:
        """The field ``u``: embedding, network, ansatz.

        Args:
            network: a linen module of an embedded point.
            params: its parameters.

        Returns:
            ``u``, a function of one point ``(d,)``.
        """

        def raw(z: Array) -> Array:
            return jnp.asarray(network.apply(params, self.embed(z)))

        if self.ansatz is None:
            return raw
        ansatz = self.ansatz
        return lambda z: ansatz(raw, z)

    def initial_params(self, network: nn.Module, key: Array) -> Any:
        """Random parameters of a network for this problem, its value's shape checked.

        Raises:
            ShapeError: when the network's value does not fit the problem.
        """
        point = jnp.asarray(0.5 * (self.domain.lower + self.domain.upper))
        params = network.init(key, self.embed(point))
        expected = () if self.components is None else (self.components,)
        value = jax.eval_shape(lambda z: network.apply(params, self.embed(z)), point)
        got = getattr(value, "shape", type(value).__name__)
        if got != expected:
            outputs = "None" if self.components is None else str(self.components)
            raise ShapeError(
                f"network: expected a value of shape {expected} at one point of {self.name!r}, got "
                f"{got}; an MLP takes outputs={outputs}, a Problem components=..."
            )
        return params

    def embed(self, z: Array) -> Array:
        """What the network sees: cosine and sine of periodic coordinates, the others in ±1."""
        bounds = zip(self.domain.lower.tolist(), self.domain.upper.tolist(), strict=True)
        ranges = dict(enumerate(bounds))
        cyclic = {axis: (ranges[axis][0], ranges[axis][1] - ranges[axis][0]) for axis in self._axes}
        others = {axis: pair for axis, pair in ranges.items() if axis not in cyclic}
        return jnp.asarray(PeriodicEmbedding(cyclic, others).apply({}, z))


def residual_rows(problem: Problem, network: nn.Module) -> dict[str, Callable[[Any, Array], Array]]:
    """The residual of each term at one point, as functions of parameters and point.

    Args:
        problem: equation and conditions.
        network: the linen module of the unknown.

    Returns:
        ``{"equation": row, condition.name: row, ...}`` for ``physml.least_squares``.
    """

    def row(operator: LocalOperator) -> Callable[[Any, Array], Array]:
        return lambda params, z: operator(problem.solution_field(network, params), z)

    rows = {"equation": row(problem.equation)}
    for condition in problem.conditions:
        rows[condition.name] = row(condition.operator(problem.domain))
    return rows
