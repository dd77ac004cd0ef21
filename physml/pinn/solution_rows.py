"""A solution as a fit with observations: what its error bars need to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ConfigurationError, ShapeError
from physml.networks import Constant
from physml.pinn.conditions import Condition
from physml.pinn.problem import residual_rows
from physml.train import Fitted, least_squares

if TYPE_CHECKING:
    from physml.pinn.solution import Solution


def fitted(solution: Solution) -> Fitted:
    """Rows, samples and weights at the end of the training; conditions with data are observations.

    Args:
        solution: by ``solve``.

    Raises:
        ConfigurationError: for one that was loaded, whose samples and weights are not known, and
            for a march.
    """
    problem, network, result = solution.problem, solution.network, solution.result
    if result is None or solution.sampler is None:
        raise ConfigurationError(
            f"posterior: {problem.name!r}: expected a solution of solve, got one that was loaded, "
            "whose samples are not stored, or a march: resume its run, solve again from "
            "params=..., or ask for the bars of one of its slabs"
        )
    measured = {c.name: c for c in problem.conditions if c.data is not None}
    numbers: dict[str, Callable[[Any], Array]] = {}
    if isinstance(network, Mapping):
        centre = 0.5 * (problem.domain.lower + problem.domain.upper)
        for name, module in network.items():
            if isinstance(module, Constant):
                numbers[name] = partial(_number, solution, name, centre)
    return Fitted(
        result,
        least_squares(residual_rows(problem, network), weights=problem.weights),
        solution.batch,
        partial(_values, solution),
        observe={name: partial(_measured, solution, c) for name, c in measured.items()},
        unknown_numbers=numbers,
        units={} if problem.scales is None else _units(problem.scales.size),
    )


def _units(sizes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: size[0] if len(size) == 1 else size for name, size in sizes.items()}


def _point(solution: Solution, z: Array) -> Array:
    dimension = solution.problem.domain.dimension
    if z.shape != (dimension,):
        raise ShapeError(
            f"points: expected (n, {dimension}) for coordinates {solution.problem.domain.names}, "
            f"got points of shape {z.shape}"
        )
    return z


def _values(solution: Solution, params: Any, z: Array) -> Any:
    fields = solution.problem.solution_field(solution.network, params)
    z = _point(solution, z)
    if isinstance(fields, Mapping):
        return {name: field(z) for name, field in fields.items()}
    return fields(z)


def _number(solution: Solution, name: str, z: Any, params: Any) -> Array:
    value: Array = _values(solution, params, jnp.asarray(z))[name]
    return value


def _measured(solution: Solution, condition: Condition, params: Any, z: Array) -> Array:
    """What the residual of a measured zero is."""
    values = jax.tree.leaves(condition.data)[1]
    fields = solution.problem.solution_field(solution.network, params)
    nothing = jnp.zeros(values.shape[1:], z.dtype)
    return condition.operator(solution.problem.domain)(fields, (_point(solution, z), nothing))
