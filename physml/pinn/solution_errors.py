"""How far a solution is from the exact one, and where that is measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from physml.as_numbers import as_numbers
from physml.errors import ConfigurationError
from physml.pinn.exact_values import exact_values
from physml.pinn.problem import Problem

if TYPE_CHECKING:
    from physml.pinn.solution import Solution

_GRID = {1: 1001, 2: 201, 3: 41}


class SolutionErrors(NamedTuple):
    """The error against the problem's exact solution.

    Attributes:
        relative_l2: ``|u − u*|₂ / |u*|₂`` over the points.
        max_error: ``max |u − u*|``.
        reference_error: the relative L2 error of ``u*`` itself.
    """

    relative_l2: float
    max_error: float
    reference_error: float


def grid_of(problem: Problem, unknown: str | None = None) -> np.ndarray:
    """Where errors are reported, ``(n, d)``: see ``Solution.grid``."""
    domain = problem.domain
    if domain.dimension in _GRID:
        points = domain.grid(_GRID[domain.dimension])
    else:
        unit = np.random.default_rng(0).uniform(size=(100_000, domain.dimension))
        points = domain.lower + unit * (domain.upper - domain.lower)
        points = points[np.asarray(domain.contains(jnp.asarray(points)))]
    return np.asarray(points[problem.lives(unknown, points)])


def errors_of(solution: Solution, points: Any, unknown: str | None) -> SolutionErrors:
    """The error at points, those of ``grid_of`` if None: see ``Solution.errors``."""
    problem = solution.problem
    exact, where = problem.exact, problem.name
    if isinstance(exact, Mapping):
        if unknown is None or unknown not in exact:
            raise ConfigurationError(
                f"{where}: unknown: expected one with an exact solution, "
                f"{', '.join(exact)}, got {unknown!r}"
            )
        exact, where = exact[unknown], f"{where}: {unknown}"
    elif unknown is not None and exact is not None:
        raise ConfigurationError(
            f"{where}: unknown: the problem has one, without a name; expected None, got {unknown!r}"
        )
    if exact is None:
        raise ConfigurationError(
            f"{where}: no exact solution; give Problem(exact=...) to measure errors"
        )
    points = grid_of(problem, unknown) if points is None else as_numbers("points", points)
    found = solution(points)
    values = np.asarray(found if unknown is None else found[unknown])
    astray = ~problem.lives(unknown, points)
    if astray.any() or len(points) == 0:
        raise ConfigurationError(
            f"{where}: points: expected one or more, all where the unknown lives, got "
            f"{astray.sum()} of {len(points)} elsewhere: {points[astray][:1].tolist()}"
        )
    target = exact_values(where, exact, points, values.shape)
    difference = values - target  # in double precision, as the exact solution is
    return SolutionErrors(
        float(np.linalg.norm(difference) / np.linalg.norm(target)),
        float(np.abs(difference).max()),
        problem.reference_error,
    )
