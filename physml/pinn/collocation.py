"""Collocation points: where a problem's terms are evaluated, fixed or drawn anew."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ConfigurationError
from physml.pinn.problem import Problem, residual_rows
from physml.sampling import Points, Redraw, drawn, fixed, sobol
from physml.types import Batch, Sampler


def collocation(
    problem: Problem,
    network: nn.Module,
    *,
    points: int = 2048,
    condition_points: int | None = None,
    redraw: Redraw | None = None,
    draw: Points = sobol,
) -> Sampler:
    """A sampler of a problem's points, one set a term.

    Args:
        problem: equation and conditions.
        network: the unknown, for redrawing by its residual.
        points: how many for the equation.
        condition_points: how many for each condition; a quarter of ``points`` if not given.
        redraw: when to draw anew and what to keep; fixed points if None. Conditions' points are
            drawn anew with the equation's, without preference.
        draw: points of the unit cube.

    Returns:
        A sampler whose batch is ``{term: (n, d)}``.

    Raises:
        ConfigurationError: for a term without points.

    >>> import jax, physml as pm
    >>> problem = pm.Problem(domain=pm.Box(x=(0, 1)), equation=lambda u, z: pm.partial(u, 0)(z))
    >>> sampler = pm.collocation(problem, pm.MLP((8,)), points=16)
    >>> sampler.init(jax.random.key(0), None).batch["equation"].shape
    (16, 1)
    """
    each = max(1, points // 4) if condition_points is None else condition_points
    for term, count in (("equation", points), ("each condition", each)):
        if count < 1:
            raise ConfigurationError(f"points: {term}: expected at least one point, got {count}")
    row = residual_rows(problem, network)["equation"]

    def magnitude(params: Any, z: Array) -> Array:
        return jnp.linalg.norm(jnp.ravel(row(params, z)))

    def batch(key: Array, interior: Array) -> Batch:
        made = {"equation": interior}
        for i, condition in enumerate(problem.conditions):
            sub = jax.random.fold_in(key, i)
            face = condition.face
            made[condition.name] = problem.domain.boundary(sub, each, face, points=draw)
        return made

    def first(key: Array, params: Any) -> Batch:
        del params
        return batch(key, problem.domain.interior(key, points, points=draw))

    if redraw is None:
        # Fixed points still depend on the key, so they are drawn where the sampler starts.
        return Sampler(
            lambda key, params: fixed(first(key, params)).init(key, params), fixed(()).sample
        )

    def again(key: Array, params: Any) -> Batch:
        key_points, key_choice = jax.random.split(key)
        candidates = problem.domain.interior(key_points, points * redraw.oversampling, points=draw)
        sizes = jax.vmap(lambda z: magnitude(params, z))(candidates)
        chosen = redraw.choose(key_choice, sizes, points)
        return batch(key_points, candidates[chosen])

    return drawn(first, every=redraw.every, redraw=again)
