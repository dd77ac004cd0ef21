"""Collocation points: where a problem's terms are evaluated, fixed or drawn anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, ShapeError, UnknownNameError
from physml.memory import Need, check_memory
from physml.pinn.geometry.check_inside import check_inside
from physml.pinn.own_points import Chosen, check_for, chosen
from physml.pinn.problem import Network, Problem, residual_rows
from physml.sampling import Points, Redraw, drawn, sobol
from physml.sampling.batches import with_data
from physml.types import Batch, Sampler

Counts = int | Mapping[str, Any]
"""Points for each condition: one number, or by the conditions' names what ``chosen`` takes."""


def collocation(
    problem: Problem,
    network: Network,
    *,
    points: Any = 2048,
    condition_points: Counts | None = None,
    redraw: Redraw | None = None,
    draw: Points = sobol,
) -> Sampler:
    """A sampler of a problem's points, one set a term; equations by name share theirs.

    Args:
        problem: equation and conditions.
        network: the unknown, for redrawing by its residual.
        points: how many for the equation; or an array ``(n, d)``, points of one's own that stay
            at every step; or both, ``(256, array)``.
        condition_points: how many for each condition, by name where a dict, of which each may be
            an array on the condition's faces, or both; a quarter of ``points`` where not given, and
            down to 64 for integrals of many nodes. Conditions with data of their own take all of
            it.
        redraw: when to draw anew and what to keep; fixed points if None. Conditions' points are
            drawn anew with the equation's, without preference.
        draw: points of the unit cube.

    Returns:
        A sampler whose batch is ``{term: (n, d)}``.

    Raises:
        ConfigurationError: for a term without points, or other points than a condition's data; for
            points of one's own outside the domain, off the condition's faces, or where faces meet
            and the condition takes a normal.
        ShapeError: for an array that is none of points of the domain.
        UnknownNameError: for points of a condition that does not exist.

    >>> import jax, physml as pm
    >>> problem = pm.Problem(domain=pm.Box(x=(0, 1)), equation=lambda u, z: pm.partial(u, 0)(z))
    >>> sampler = pm.pinn.collocation(problem, pm.MLP((8,)), points=16)
    >>> sampler.init(jax.random.key(0), None).batch["equation"].shape
    (16, 1)
    """
    inside, beside = chosen_points(problem, points, condition_points)
    asked = inside.total + sum(term.total for term in beside.values())
    d = problem.domain.dimension
    # A point, its residual, and what the residual's derivative brings back to it.
    needs = [Need(f"{asked} points × ({d} coordinates + 2)", asked * (d + 2))]
    check_memory("points", needs, "points or condition_points")
    rows = [residual_rows(problem, network)[name] for name in problem.equations]
    if redraw is not None and redraw.size is not None:
        _check_size(redraw.size, problem)

    def magnitude(params: Any, z: Array) -> Array:
        if redraw is not None and redraw.size is not None:
            return redraw.size(z)
        return jnp.linalg.norm(jnp.concatenate([jnp.ravel(row(params, z)) for row in rows]))

    def batch(key: Array, interior: Array | None) -> Batch:
        made = {} if interior is None else dict.fromkeys(problem.equations, interior)
        for i, condition in enumerate(problem.conditions):
            if condition.name not in beside or not beside[condition.name].drawn:
                continue
            sub = jax.random.fold_in(key, i)
            made[condition.name] = condition.samples(
                problem.domain, sub, beside[condition.name].drawn, draw
            )
        return made

    def first(key: Array, params: Any) -> Batch:
        del params
        if not inside.drawn:
            return batch(key, None)
        return batch(key, problem.domain.interior(key, inside.drawn, draw=draw))

    def again(redraw: Redraw, key: Array, params: Any) -> Batch:
        key_points, key_choice = jax.random.split(key)
        if not inside.drawn:
            return batch(key_points, None)
        count = inside.drawn * redraw.oversampling
        candidates = problem.domain.interior(key_points, count, draw=draw)
        sizes = jax.vmap(lambda z: magnitude(params, z))(candidates)
        kept = redraw.choose(key_choice, sizes, inside.drawn)
        return batch(key_points, candidates[kept])

    if redraw is None:
        # Fixed points still depend on the key, so they are drawn where the sampler starts.
        drawing = drawn(first, every=None)
    else:
        drawing = drawn(first, every=redraw.every, redraw=partial(again, redraw))
    given: dict[str, Any] = {c.name: c.data for c in problem.conditions if c.data is not None}
    given |= {name: term.own for name, term in beside.items() if term.own is not None}
    if inside.own is not None:
        given |= dict.fromkeys(problem.equations, inside.own)
    return with_data(drawing, jax.tree.map(jnp.asarray, given)) if given else drawing


def _check_size(size: Callable[[Array], Array], problem: Problem) -> None:
    """Refuse magnitudes of points that can be no chances."""
    some = problem.domain.interior(jax.random.key(0), 64)
    found = np.asarray(jax.vmap(size)(some))
    if found.shape != (64,) or np.iscomplexobj(found):
        raise ShapeError(
            f"redraw: density: expected one real number at one point, got {found.dtype} of shape "
            f"{found.shape[1:]}"
        )
    wrong = ~(np.isfinite(found) & (found >= 0))
    if wrong.any():
        worst = int(np.argmax(wrong))
        raise ConfigurationError(
            f"redraw: density: expected finite numbers ≥ 0, got {found[worst]:g} at "
            f"{np.asarray(some[worst]).tolist()}; of logarithms take exp"
        )


def as_many_drawn(problem: Problem, network: Network, samples: Mapping[str, int]) -> Sampler:
    """A sampler of as many points a term, all drawn: nothing is known between points of one's own.

    Args:
        problem: equation and conditions.
        network: the unknown.
        samples: how many, by term.
    """
    points = samples[next(iter(problem.equations))]
    counts = {c.name: samples[c.name] for c in problem.conditions}
    return collocation(problem, network, points=points, condition_points=counts)


def first_batch(sampler: Sampler, key: Array, params: Any) -> Batch:
    """The batch with which a sampler starts."""
    return sampler.sample(key, sampler.init(key, params), params)[1]


def last_batch(sampler: Sampler, state: Any, params: Any) -> Batch:
    """The batch that a sampler's state is at: what was drawn last, and data beside and after it."""
    first = first_batch(sampler, jax.random.key(0), params)
    drawn = {
        name: jax.tree.map(lambda x, y: jnp.concatenate([x, y[len(x) :]]), own, first[name])
        for name, own in state.batch.items()
    }
    return {**first, **drawn}


# An integral of 32 nodes costs about what derivatives do; of more, fewer samples are the usual.
_CHEAP = 32
_FEWEST = 64


def chosen_points(
    problem: Problem, points: Any, given: Counts | None
) -> tuple[Chosen, dict[str, Chosen]]:
    """The points of the equations, and of each condition that has no data; see ``collocation``."""
    inside = chosen("equation", points)
    if inside.own is not None:
        check_inside("points: equation", problem.domain, inside.own)
    names = [condition.name for condition in problem.conditions]
    named = given if isinstance(given, Mapping) else {}
    for name in named:
        if name not in names:
            raise UnknownNameError("condition", name, names)
    if given is not None and not isinstance(given, Mapping) and np.ndim(given) > 0:
        raise ConfigurationError(
            "condition_points: expected a number, or a dict by the conditions' names, "
            f"{', '.join(names)}, with points of one's own, got {type(given).__name__}"
        )
    usual = max(1, inside.total // 4)
    made = {}
    for condition in problem.conditions:
        name = condition.name
        if condition.data is not None:
            own = len(jax.tree.leaves(condition.data)[0])
            if name in named and not (np.ndim(named[name]) == 0 and named[name] == own):
                raise ConfigurationError(
                    f"condition_points: {name}: expected the {own} samples of its data, all "
                    f"of which are taken, or nothing, got {named[name]}"
                )
            continue
        fewer = max(min(usual, _FEWEST), usual * _CHEAP // max(_CHEAP, condition.evaluations))
        wanted = given if given is not None and not isinstance(given, Mapping) else fewer
        made[name] = term = chosen(name, named.get(name, wanted))
        if term.own is not None:
            check_for(condition, problem.domain, term.own)
    return inside, made
