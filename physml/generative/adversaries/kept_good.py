"""The last parameters at which a game was in bounds: what is left of one that ran away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.errors import ConfigurationError
from physml.train import Rule
from physml.types import Batch, Evaluation, Objective


class Good(NamedTuple):
    """What ``keeping_good`` remembers, the state of its objective.

    Attributes:
        objective: the state of the objective itself.
        step: evaluations so far.
        good_step: the last evaluation in bounds.
        params: the parameters that it was of.
        average: of all parameters so far, the last ones weighing most.
    """

    objective: Any
    step: Array
    good_step: Array
    params: Any
    average: Any


def check_average(average: float) -> None:
    """Refuse a number of steps to average over that is none.

    Raises:
        ConfigurationError: less than 1, or not finite.
    """
    if not 1 <= average < float("inf"):
        raise ConfigurationError(f"average: expected a number ≥ 1, got {average}")


def keeping_good(objective: Objective, names: tuple[str, ...], limit: float, memory: float) -> Any:
    """An objective that remembers its parameters of late, and their running mean.

    Args:
        objective: such as a game.
        names: of the metrics that are to stay within ``[−limit, limit]``.
        limit: the bound.
        memory: steps over which parameters are averaged, ``a ← a + (θ − a)/memory``, fewer at the
            start, where that many have not been; 1 for none.
    """

    def init(params: Any) -> Good:
        zero = jnp.zeros((), jnp.int32)
        return Good(objective.init(params), zero, zero, params, params)

    part = Partial(partial(_evaluate, names, limit, memory), objective.evaluate)
    return objective._replace(init=init, evaluate=part)


def _evaluate(
    names: tuple[str, ...],
    limit: float,
    memory: float,
    evaluate: Callable[..., tuple[Evaluation, Any]],
    params: Any,
    state: Good,
    batch: Batch,
) -> tuple[Evaluation, Good]:
    evaluation, own = evaluate(params, state.objective, batch)
    fine = jnp.all(jnp.stack([jnp.abs(evaluation.metrics[name]) <= limit for name in names]))
    part = 1 / jnp.minimum(memory, 1.0 + state.step / 10)
    average = jax.tree.map(lambda a, new: a + part * (new - a), state.average, params)
    after = Good(
        own,
        state.step + 1,
        jnp.where(fine, state.step, state.good_step),
        jax.tree.map(lambda new, old: jnp.where(fine, new, old), params, state.params),
        jax.tree.map(lambda new, old: jnp.where(fine, new, old), average, state.average),
    )
    return evaluation, after


def out_of_bounds(names: tuple[str, ...], limit: float) -> Rule:
    """End where a metric leaves ``[−limit, limit]``."""

    def update(memory: tuple[()], metrics: Mapping[str, Array]) -> tuple[tuple[()], Array]:
        size = jnp.stack([jnp.abs(metrics[name]) for name in names])
        return memory, jnp.any(size > limit)

    return Rule(lambda: (), update)
