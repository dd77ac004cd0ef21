"""Collocation points: where a problem's terms are evaluated, fixed or drawn anew."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError, UnknownNameError
from physml.memory import Need, check_memory
from physml.pinn.problem import Network, Problem, residual_rows
from physml.sampling import Points, Redraw, drawn, sobol
from physml.sampling.batches import with_data
from physml.types import Batch, Sampler

Counts = int | Mapping[str, int]
"""Points for each condition: one number, or numbers by the conditions' names."""


def collocation(
    problem: Problem,
    network: Network,
    *,
    points: int = 2048,
    condition_points: Counts | None = None,
    redraw: Redraw | None = None,
    draw: Points = sobol,
) -> Sampler:
    """A sampler of a problem's points, one set a term; equations by name share theirs.

    Args:
        problem: equation and conditions.
        network: the unknown, for redrawing by its residual.
        points: how many for the equation.
        condition_points: how many for each condition, by name where a dict; a quarter of
            ``points`` where not given, and down to 64 for integrals of many nodes. Conditions with
            data of their own take all of it.
        redraw: when to draw anew and what to keep; fixed points if None. Conditions' points are
            drawn anew with the equation's, without preference.
        draw: points of the unit cube.

    Returns:
        A sampler whose batch is ``{term: (n, d)}``.

    Raises:
        ConfigurationError: for a term without points, or other points than a condition's data.
        UnknownNameError: for points of a condition that does not exist.

    >>> import jax, physml as pm
    >>> problem = pm.Problem(domain=pm.Box(x=(0, 1)), equation=lambda u, z: pm.partial(u, 0)(z))
    >>> sampler = pm.pinn.collocation(problem, pm.MLP((8,)), points=16)
    >>> sampler.init(jax.random.key(0), None).batch["equation"].shape
    (16, 1)
    """
    points = as_whole("points", points)
    counts = _counts(problem, points, condition_points)
    d, asked = problem.domain.dimension, points + sum(counts.values())
    # A point, its residual, and what the residual's derivative brings back to it.
    needs = [Need(f"{asked} points × ({d} coordinates + 2)", asked * (d + 2))]
    check_memory("points", needs, "points or condition_points")
    rows = [residual_rows(problem, network)[name] for name in problem.equations]

    def magnitude(params: Any, z: Array) -> Array:
        if redraw is not None and redraw.size is not None:
            return redraw.size(z)
        return jnp.linalg.norm(jnp.concatenate([jnp.ravel(row(params, z)) for row in rows]))

    def batch(key: Array, interior: Array) -> Batch:
        made = dict.fromkeys(problem.equations, interior)
        for i, condition in enumerate(problem.conditions):
            if condition.data is not None:
                continue
            sub = jax.random.fold_in(key, i)
            made[condition.name] = condition.samples(
                problem.domain, sub, counts[condition.name], draw
            )
        return made

    def first(key: Array, params: Any) -> Batch:
        del params
        return batch(key, problem.domain.interior(key, points, draw=draw))

    def again(redraw: Redraw, key: Array, params: Any) -> Batch:
        key_points, key_choice = jax.random.split(key)
        candidates = problem.domain.interior(key_points, points * redraw.oversampling, draw=draw)
        sizes = jax.vmap(lambda z: magnitude(params, z))(candidates)
        chosen = redraw.choose(key_choice, sizes, points)
        return batch(key_points, candidates[chosen])

    if redraw is None:
        # Fixed points still depend on the key, so they are drawn where the sampler starts.
        drawing = drawn(first, every=None)
    else:
        drawing = drawn(first, every=redraw.every, redraw=partial(again, redraw))
    given = {c.name: c.data for c in problem.conditions if c.data is not None}
    return with_data(drawing, jax.tree.map(jnp.asarray, given)) if given else drawing


def first_batch(sampler: Sampler, key: Array, params: Any) -> Batch:
    """The batch with which a sampler starts."""
    return sampler.sample(key, sampler.init(key, params), params)[1]


# An integral of 32 nodes costs about what derivatives do; of more, fewer samples are the usual.
_CHEAP = 32
_FEWEST = 64


def _counts(problem: Problem, points: int, given: Counts | None) -> dict[str, int]:
    names = [condition.name for condition in problem.conditions]
    named = given if isinstance(given, Mapping) else {}
    for name in named:
        if name not in names:
            raise UnknownNameError("condition", name, names)
    if given is not None and not isinstance(given, Mapping):
        counts = dict.fromkeys(names, as_whole("condition_points", given))
    else:
        usual = max(1, points // 4)
        counts = {
            c.name: max(min(usual, _FEWEST), usual * _CHEAP // max(_CHEAP, c.evaluations))
            for c in problem.conditions
        } | {name: as_whole(f"condition_points: {name}", n) for name, n in named.items()}
    for condition in problem.conditions:
        own = None if condition.data is None else len(jax.tree.leaves(condition.data)[0])
        if own is not None and named.get(condition.name, own) != own:
            raise ConfigurationError(
                f"condition_points: {condition.name}: expected the {own} samples of its data, all "
                f"of which are taken, or nothing, got {named[condition.name]}"
            )
    for term, count in (("equation", points), *counts.items()):
        if count < 1:
            raise ConfigurationError(f"points: {term}: expected at least one point, got {count}")
    return counts
