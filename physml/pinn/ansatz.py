"""Hard constraints: transforms of the network that obey conditions exactly, ``u = A + D N``.

``A`` matches the data where ``D`` vanishes. Each helper makes a ``Problem(ansatz=...)``;
``compose`` applies several, the first innermost. They learn from the problem which coordinate is
time and where it begins; ``Problem(hard=True)`` makes them from its conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.calculus.named_field import coordinates_at
from physml.errors import ConfigurationError, ShapeError
from physml.pinn.conditions.condition import Value, fitting, function
from physml.pinn.geometry import Box, Domain, On
from physml.pinn.geometry.domain import BOUNDARY
from physml.pinn.transfinite import interpolated, vanishing
from physml.pinn.user_functions import checked_function, in_words
from physml.ranges import check_positive
from physml.types import Field

Ansatz = Callable[[Field, Array], Array]
"""``(network, point) -> u``: builds conditions into the solution exactly."""


@dataclass(frozen=True, eq=False)
class DomainAnsatz:
    """An ansatz that a domain completes, ``ansatz.on(domain)``, as a ``Problem`` does.

    Called as it is, in an ansatz of one's own, it takes the domain of the problem whose network it
    is given.

    Attributes:
        on: ``domain -> ansatz``; of None where there is none, which leaves the usual conventions.
    """

    on: Callable[[Domain | None], Ansatz]

    def __call__(self, network: Field, z: Array) -> Array:
        """``u`` at a point."""
        found = coordinates_at(network, z)
        return self.on(found if isinstance(found, Domain) else None)(network, z)


def bound(ansatz: Any, domain: Domain | None) -> Any:
    """An ansatz on a domain; those by name likewise, and a function of one's own as it is.

    Raises:
        ConfigurationError: for what is no function of a network and a point.
    """
    if isinstance(ansatz, Mapping):
        return {name: bound(part, domain) for name, part in ansatz.items()}
    if ansatz is None or isinstance(ansatz, DomainAnsatz):
        return None if ansatz is None else ansatz.on(domain)
    return in_words("ansatz", checked_function("ansatz", ansatz, ("network", "z")))


def hard_initial(
    value: Value,
    *,
    velocity: Value | None = None,
    start: float | None = None,
    unit: float | None = None,
) -> Ansatz:
    """``u₀ + s N``, or ``u₀ + (t − t₀) v₀ + s² N`` with an initial velocity; ``s = (t − t₀)/T``.

    Time is the problem's, from its first one on; of a single coordinate it is that one.

    Args:
        value: ``u₀``, a number or a function of the point, evaluated at ``t₀``.
        velocity: ``v₀``, likewise, for equations of second order in time.
        start: ``t₀``, another time of the domain, such as its last; its first if not given.
        unit: ``T``; the length of the domain's time if not given. It keeps ``N`` of the size of
            the change.

    Raises:
        ConfigurationError: a unit that is not positive; in a problem of several coordinates without
            time, or whose time does not contain ``start``.
        ShapeError: a value or velocity of another shape than the network's.

    >>> import jax, jax.numpy as jnp, physml as pm
    >>> problem = pm.Problem(domain=pm.Box(x=(0, 1), t=(5, 6)), equation=lambda u, z: u(z),
    ...                      ansatz=pm.pinn.hard_initial(lambda z: jnp.sin(z[0])))
    >>> params = problem.initial_params(pm.MLP((4,)), jax.random.key(0))
    >>> u = problem.solution_field(pm.MLP((4,)), params)
    >>> bool(u(jnp.array([0.5, 5.0])) == jnp.sin(0.5))
    True
    """
    if unit is not None:
        check_positive("unit", unit)
    at_start = function(value, "hard_initial: value")
    rate = None if velocity is None else function(velocity, "hard_initial: velocity")

    def on(domain: Domain | None) -> Ansatz:
        # Without a domain: the first coordinate, from 0 on.
        axis, first, length = 0, start or 0.0, unit or 1.0
        if domain is not None:
            axis, (begin, end) = domain.time_axis, domain.times
            first, length = begin if start is None else start, unit or end - begin
            if not begin - 1e-9 * (end - begin) <= first <= end + 1e-9 * (end - begin):
                raise ConfigurationError(
                    f"hard_initial: start: expected a time of {domain}, whose "
                    f"{domain.names[axis]} goes from {begin:g} to {end:g}, got {start}; leave it "
                    f"out to start at {begin:g}"
                )

        def ansatz(network: Field, z: Array) -> Array:
            t, there, u = z[axis] - first, z.at[axis].set(first), network(z)
            begun = fitting("hard_initial", "value", at_start(there), jnp.shape(u))
            if rate is None:
                return begun + t / length * u
            speed = fitting("hard_initial", "velocity", rate(there), jnp.shape(u))
            return begun + t * speed + (t / length) ** 2 * u

        return ansatz

    return DomainAnsatz(on)


def hard_dirichlet(domain: Domain, value: Value = 0.0, *, on: On | None = None) -> Ansatz:
    """``A + D N`` with ``A = g`` and ``D = 0`` on faces: ``u = g`` there exactly.

    On a box ``D`` is a product of ``(x − a)/w``, ``(b − x)/w`` or ``4 (x − a)(b − x)/w²``, smooth,
    and ``A`` interpolates ``g`` from the faces alone: ``A ← A + P_i (g − A)`` for each axis, with
    ``P_i`` linear between its faces, at ``3ᵏ − 1`` evaluations of ``g`` for ``k`` axes. On other
    domains ``A = g``, and ``D`` is their ``smooth_distance``, which is smooth but in corners.

    Args:
        domain: the problem's.
        value: ``g``, a number or a function of the point; on a box it is evaluated on faces only.
        on: faces; the whole ``"boundary"`` of space if not given: values at a first or last time
            are given by ``hard_initial``, or by naming them. Only a box can leave faces out.

    Raises:
        ConfigurationError: some faces of a domain that is not a box; a domain of time alone; in a
            problem of other coordinates.
        ShapeError: a value of another shape than the network's.

    Source: Gordon and Hall (1973), doi:10.1007/BF01436298, for the interpolation.

    >>> import jax.numpy as jnp, physml as pm
    >>> ansatz = pm.pinn.hard_dirichlet(pm.Box(x=(0, 2)), 1.0)
    >>> float(ansatz(lambda z: z[0], jnp.array([2.0]))), float(ansatz(lambda z: z[0], jnp.ones(1)))
    (1.0, 2.0)
    """
    if on is None and not domain.space:
        raise ConfigurationError(
            f"hard_dirichlet: on: expected faces of {domain}, which has no boundary in space, got "
            "none; hard_initial builds in a first value"
        )
    value = function(value, "hard_dirichlet: value") if callable(value) else value
    if isinstance(domain, Box):
        faces = tuple(dict.fromkeys(domain.faces(BOUNDARY if on is None else on)))
        given = interpolated(domain, dict.fromkeys(faces, value)) if callable(value) else value
        inside, zero = function(given), vanishing(domain, faces)
    elif on in (None, BOUNDARY, (BOUNDARY,)):
        inside, zero = function(value), lambda z: -domain.smooth_distance(z)
    else:
        raise ConfigurationError(
            f"hard_dirichlet: on: only a Box can leave faces out, got {on!r} of {domain}"
        )

    def ansatz(network: Field, z: Array) -> Array:
        u = network(z)
        return fitting("hard_dirichlet", "value", inside(z), jnp.shape(u)) + zero(z) * u

    def on_domain(other: Domain | None) -> Ansatz:
        if other is not None and (other.names, other.time) != (domain.names, domain.time):
            raise ConfigurationError(
                f"hard_dirichlet: domain: expected the coordinates of the problem, {other}, got "
                f"{domain}; their names, order and time must agree"
            )
        return ansatz

    return DomainAnsatz(on_domain)


def compose(*parts: Ansatz) -> Ansatz:
    """Several transforms, the first applied to the network, the last on the outside.

    A later one must keep what an earlier one made: ``compose(hard_dirichlet(...),
    hard_initial(u₀))`` does if ``u₀`` obeys the boundary condition, for ``g = 0``.
    ``Problem(hard=True)`` builds in both for any ``g`` and ``u₀`` that agree where they meet.

    Raises:
        ConfigurationError: no part.
        ShapeError: a part whose value has another shape than the network's.

    >>> import jax.numpy as jnp, physml as pm
    >>> both = pm.pinn.compose(pm.pinn.hard_dirichlet(pm.Box(t=(0, 1), x=(0, 1)), on="x"),
    ...                 pm.pinn.hard_initial(lambda z: jnp.sin(jnp.pi * z[1])))
    """
    if not parts:
        raise ConfigurationError("compose: expected at least one ansatz, got none")

    def on(domain: Domain | None) -> Ansatz:
        completed = [bound(part, domain) for part in parts]

        def ansatz(network: Field, z: Array) -> Array:
            expected = jax.eval_shape(network, z).shape
            field = network
            for i, part in enumerate(completed):
                field = _applied(part, field, f"compose: part {i + 1} of {len(parts)}", expected)
            return field(z)

        return ansatz

    return DomainAnsatz(on)


def _applied(part: Ansatz, field: Field, name: str, expected: tuple[int, ...]) -> Field:
    def applied(z: Array) -> Array:
        value = jnp.asarray(part(field, z))
        if value.shape != expected:
            raise ShapeError(
                f"{name}: expected a value of shape {expected}, as the network has, got "
                f"{value.shape}"
            )
        return value

    return applied
