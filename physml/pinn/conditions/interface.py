"""Interfaces: what two unknowns owe one another where their regions meet."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, ShapeError
from physml.pinn.conditions.condition import Condition, Value, checked_weight, field_of, function
from physml.pinn.geometry import Domain, On
from physml.pinn.geometry.check_on_faces import check_on_faces
from physml.sampling import Points
from physml.train.sample_weights import Weight


def interface(
    inside: str,
    outside: str,
    *,
    of: Domain,
    on: On = "boundary",
    conductivity: tuple[Value, Value] = (1.0, 1.0),
    jump: Value = 0.0,
    flux_jump: Value = 0.0,
    name: str | None = None,
    weight: Weight = 1.0,
) -> Condition:
    """``u₁ − u₂ = j`` and ``a₁ ∂u₁/∂n − a₂ ∂u₂/∂n = q`` on the boundary of a region.

    The problem has two unknowns by name, each meant on its own side, where its errors and figures
    are taken; its equation chooses between them by ``of.signed_distance``.

    Args:
        inside: the unknown ``u₁`` within the region.
        outside: the unknown ``u₂`` beyond it.
        of: the region, which lies in the problem's domain and has its coordinates.
        on: which of its faces are the interface; all of them if not given.
        conductivity: ``a₁`` and ``a₂``, numbers or functions of the point.
        jump: ``j``, a number or a function of the point.
        flux_jump: ``q``, likewise; the normal ``n`` points out of the region.
        name: the term's name in the loss.
        weight: of the term, a number; or a function of the point; or one number a point of one's
            own, ``(n,)``, which lie on those faces.

    Raises:
        ConfigurationError: an interface that leaves the domain.
        ShapeError: a region of other coordinates.
        UnknownNameError: faces that the region does not have.

    >>> import physml as pm
    >>> drop = pm.pinn.interface("drop", "air", of=pm.pinn.Disk(radius=0.5),
    ...                          conductivity=(10.0, 1.0))
    >>> drop.name
    'interface drop air'
    """
    of.check(on)
    name = name or f"interface {inside} {outside}"
    within, beyond = (function(value, f"{name}: conductivity") for value in conductivity)
    step, flux_step = function(jump, f"{name}: jump"), function(flux_jump, f"{name}: flux_jump")

    def residual(u: Any, z: Array) -> Array:
        normal = of.normal(on, z)
        first, first_slope = jax.jvp(field_of(name, u, inside), (z,), (normal,))
        second, second_slope = jax.jvp(field_of(name, u, outside), (z,), (normal,))
        values = first - second - step(z)
        fluxes = within(z) * first_slope - beyond(z) * second_slope - flux_step(z)
        return jnp.concatenate([jnp.ravel(values), jnp.ravel(fluxes)])

    def draw(domain: Domain, key: Array, n: int, cube: Points) -> Array:
        return of.boundary(key, n, on, draw=cube)

    def check(domain: Domain) -> None:
        if of.names != domain.names:
            raise ShapeError(
                f"{name}: expected a region with coordinates {domain.names}, got {of.names}"
            )
        sample = of.boundary(jax.random.key(0), 64, on)
        outside_domain = ~np.asarray(domain.contains(sample))
        if outside_domain.any():
            raise ConfigurationError(
                f"{name}: expected an interface inside {domain}, got {outside_domain.mean():.0%} "
                f"of it outside, such as {np.asarray(sample[np.argmax(outside_domain)])}"
            )

    def check_own(domain: Domain, points: np.ndarray) -> None:
        check_on_faces(f"points: {name}", of, on, points, normal=True)

    made = Condition(name, None, lambda domain: residual, checked_weight(name, weight), draw, check)
    return made._replace(
        regions=lambda domain: {inside: of, outside: domain - of}, check_own=check_own
    )
