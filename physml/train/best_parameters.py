"""The parameters that were best by a metric: kept on the device, as part of the training state.

A run that ends by ``patience`` ends steps after its best, and what it came to then is worse.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial

from physml.as_whole import as_whole
from physml.real_parts import real_type
from physml.types import Batch, Evaluation, Objective

Judge = Callable[[Any], Array]
"""``(params) -> ()``, real: the lower, the better; it may be a ``Partial`` of data."""


class Best(NamedTuple):
    """What ``keeping_best`` remembers, the state of its objective.

    Attributes:
        objective: the state of the objective itself.
        step: evaluations so far.
        metric: the last judgement.
        lowest: the lowest so far; infinite before the first number.
        params: the parameters that it is of.
    """

    objective: Any
    step: Array
    metric: Array
    lowest: Array
    params: Any


def keeping_best(
    objective: Objective, judge: Judge, *, steps: int, name: str = "validation"
) -> Objective:
    """An objective that judges its parameters every so many steps and keeps the best.

    Loss, rows and metrics are the objective's own, and one more metric, held in between, which
    ``patience`` of more than k steps may wait for. What it judges is the parameters before the
    steps 0, k, 2k, ... A NaN is never the best.

    Args:
        objective: what is minimised.
        judge: ``(params) -> ()``, such as a loss on samples that are not trained on.
        steps: k, how often.
        name: of the metric.

    Raises:
        ConfigurationError: for fewer than one step.

    >>> import jax, jax.numpy as jnp, optax, physml as pm
    >>> line = pm.least_squares({"line": lambda params, x: params * x - 2.0 * x})
    >>> kept = pm.train.keeping_best(line, lambda params: (params - 1.0) ** 2, steps=1)
    >>> result = pm.fit(kept, pm.fixed({"line": jnp.ones(4)}), optax.sgd(0.25), jnp.array(0.0),
    ...                 steps=9, key=jax.random.key(0))
    >>> round(float(result.params), 2), round(float(result.state.objective.params), 2)
    (1.85, 0.88)
    """
    steps = as_whole("keeping_best: steps", steps, least=1)

    def init(params: Any) -> Best:
        nothing = jnp.full((), jnp.inf, real_type(params))
        own = objective.init(params)
        return Best(own, jnp.zeros((), jnp.int32), jnp.nan * nothing, nothing, params)

    value: Any = objective.value
    return objective._replace(
        init=init,
        evaluate=Partial(partial(_evaluate, steps, name), objective.evaluate, judge),
        value=None if value is None else Partial(_value, value),
    )


def _evaluate(
    steps: int,
    name: str,
    evaluate: Callable[..., tuple[Evaluation, Any]],
    judge: Judge,
    params: Any,
    state: Best,
    batch: Batch,
) -> tuple[Evaluation, Best]:
    evaluation, own = evaluate(params, state.objective, batch)

    def judged(params: Any) -> Array:
        return jnp.asarray(judge(params)).astype(state.metric.dtype)

    metric = jax.lax.cond(state.step % steps == 0, judged, lambda _: state.metric, params)
    better = metric < state.lowest
    after = Best(
        own,
        state.step + 1,
        metric,
        jnp.where(better, metric, state.lowest),
        jax.tree.map(lambda new, old: jnp.where(better, new, old), params, state.params),
    )
    return evaluation._replace(metrics={**evaluation.metrics, name: metric}), after


def _value(value: Callable[..., Array], params: Any, state: Best, batch: Batch) -> Array:
    return value(params, state.objective, batch)
