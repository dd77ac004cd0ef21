"""What the terms of a problem weigh: numbers, functions of a point, one number a point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from physml.errors import ConfigurationError, UnknownNameError
from physml.pinn.conditions.condition import checked_weight
from physml.pinn.own_points import Chosen
from physml.sampling import sobol
from physml.train.sample_weights import Weight, evaluated

if TYPE_CHECKING:
    from physml.pinn.problem import Problem

_SAMPLES = 256


def equation_weights(problem: Problem) -> dict[str, Weight]:
    """The weights of the equations by name, those that are given.

    Raises:
        ConfigurationError: for what is no weight.
        UnknownNameError: for the weight of an equation that is none.
    """
    given: Any = problem.weight
    if not isinstance(given, Mapping):
        given = dict.fromkeys(problem.equations, given)
    for name in given:
        if name not in problem.equations:
            raise UnknownNameError("equation", name, problem.equations)
    return {n: checked_weight(problem.equation_words(n), weight) for n, weight in given.items()}


def check_weight_functions(problem: Problem) -> None:
    """Evaluate weights that are functions at some points.

    Raises:
        ConfigurationError: for one that is negative or not finite somewhere, or zero everywhere.
        ShapeError: for one whose value is no real number.
    """
    domain, key = problem.domain, jax.random.key(0)
    conditions = {c.name: c for c in problem.conditions}
    for name, weight in problem.weights.items():
        if not callable(weight):
            continue
        if name in problem.equations:
            samples = domain.interior(key, _SAMPLES)
        else:
            samples = conditions[name].samples(domain, key, _SAMPLES, sobol)
        points = jax.tree.leaves(samples)[0]
        values = np.asarray(evaluated(name, weight, samples, len(points), points.dtype))
        good = np.isfinite(values) & (values >= 0)
        if not good.all() or not values.any():
            worst = int(np.argmin(good))
            told = f"{values[worst]} at {np.asarray(points[worst])}"
            raise ConfigurationError(
                f"{name}: weight: expected a finite number ≥ 0 at every point, not 0 at all of "
                f"them, got {told if not good.all() else 'zero at all of them'}"
            )


def check_weights_of_points(problem: Problem, inside: Chosen, beside: Mapping[str, Chosen]) -> None:
    """Whether weights that are arrays belong to points of one's own.

    Args:
        problem: equation and conditions.
        inside: the points of the equations.
        beside: those of conditions without data.

    Raises:
        ConfigurationError: for drawn points, or another number of them.
    """
    data = {c.name for c in problem.conditions if c.data is not None}
    for name, weight in problem.weights.items():
        if callable(weight) or np.ndim(weight) == 0 or name in data:
            continue
        points = inside if name in problem.equations else beside[name]
        if points.drawn or points.own is None or len(points.own) != len(np.asarray(weight)):
            got = f"{points.drawn} drawn ones" if points.drawn else f"{points.total} points"
            raise ConfigurationError(
                f"{name}: weight: expected as many points of one's own as weights, "
                f"{len(np.asarray(weight))}, all given by points= or condition_points=, got {got}; "
                "a function of a point weighs those that are drawn"
            )


def typical(problem: Problem, batch: Any) -> dict[str, float]:
    """A number for each weight: the mean over samples where they have their own."""
    made = {}
    for name, weight in problem.weights.items():
        if callable(weight):
            points = jax.tree.leaves(batch[name])[0]
            weight = jnp.mean(evaluated(name, weight, batch[name], len(points), points.dtype))
        made[name] = float(np.mean(np.asarray(weight)))
    return made
