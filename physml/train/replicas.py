"""Several runs of one training in one fit: parameters with a first axis, one entry a run.

A sampler that knows of that axis draws a batch for each; objective and optimizer are those of one
run, mapped. The runs share the step's number and nothing else.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.tree_util import Partial

from physml.errors import ConfigurationError
from physml.lazy_jacobian import Block, Jacobian
from physml.optim import optimizer_of
from physml.optim.contract import value_function_of
from physml.types import Batch, Evaluation, Objective, Optimizer


class ReplicaStates(NamedTuple):
    """The memory of each run's optimizer, and means over runs of what they log."""

    states: Any
    metrics: dict[str, Array]


def objective_of_replicas(objective: Objective) -> Objective:
    """The objective of several runs: its loss and metrics are means over them.

    Args:
        objective: of one.

    Returns:
        One whose parameters, batch, gradient and rows have a first axis; for
        ``optimizer_of_replicas``. It has no value, since a line search is each run's own.

    >>> import jax.numpy as jnp, physml as pm
    >>> one = pm.least_squares({"line": lambda params, x: params * x - 2.0 * x})
    >>> both = objective_of_replicas(one)
    >>> evaluation, _ = both.evaluate(jnp.array([1.0, 4.0]), both.init(jnp.zeros(2)),
    ...                               {"line": jnp.ones((2, 3))})
    >>> float(evaluation.loss), evaluation.gradient.tolist()
    (1.25, [-1.0, 2.0])
    """

    def evaluate(one: Any, params: Any, state: Any, batch: Batch) -> tuple[Evaluation, Any]:
        found, state = jax.vmap(one)(params, state, batch)
        told = {name: jnp.mean(values) for name, values in found.metrics.items()}
        return found._replace(loss=jnp.mean(found.loss), metrics=told), state

    return Objective(jax.vmap(objective.init), Partial(evaluate, objective.evaluate), None)


def optimizer_of_replicas(optimizer: Any) -> Optimizer:
    """The optimizer of several runs, each with a memory, a norm and a Gram matrix of its own.

    Runs are stepped at once, those with rows one after another.

    Args:
        optimizer: of one; what it logs is told as a mean over runs.

    Returns:
        An optax transformation of parameters with a first axis.
    """
    one = optax.with_extra_args_support(optimizer_of(optimizer))

    def init(params: Any) -> ReplicaStates:
        states = jax.vmap(one.init)(params)
        return _told(states)

    def update(
        gradient: Any,
        state: ReplicaStates,
        params: Any = None,
        *,
        evaluation: Evaluation | None = None,
        **_: Any,
    ) -> tuple[Any, ReplicaStates]:
        if evaluation is None:
            raise ConfigurationError("optimizer_of_replicas: update needs evaluation=...")
        loss, told, joint = evaluation.loss, evaluation.metrics, _joint(evaluation)
        runs = jnp.arange(jax.tree.leaves(params)[0].shape[0])

        def step(given: tuple[Any, ...]) -> Any:
            run, gradient, state, params, residual, jacobian = given
            if joint is not None:
                residual, jacobian = evaluation.residual, _own(joint, run, params)
            own = Evaluation(loss, gradient, residual, jacobian, told)
            return one.update(
                gradient,
                state,
                params,
                value=loss,
                grad=gradient,
                value_fn=_no_value,
                evaluation=own,
            )

        rows = (None, None) if joint else (evaluation.residual, evaluation.jacobian)
        given = (runs, gradient, state.states, params, *rows)
        # One factorisation at a time: batches of LAPACK calls can wait for each other for ever.
        each = jax.lax.map if evaluation.jacobian is not None else lambda f, xs: jax.vmap(f)(xs)
        updates, states = each(step, given)
        return updates, _told(states)

    return optax.GradientTransformationExtraArgs(init, update)


def _no_value(params: Any, evaluation: Evaluation | None = None) -> Array:
    """Samples follow the parameters: there is no loss at fixed ones."""
    return value_function_of(None, "line search or trust region")(params)


def _told(states: Any) -> ReplicaStates:
    """What each logs is taken out of its memory, where the loop would look for scalars."""
    logged: dict[str, Array] = {}
    for _, metrics in optax.tree_utils.tree_get_all_with_path(states, "metrics"):
        logged |= {name: jnp.mean(values) for name, values in metrics.items()}
    if logged:
        states = optax.tree_utils.tree_set(states, metrics={})
    return ReplicaStates(states, logged)


def _joint(evaluation: Evaluation) -> Jacobian | None:
    """The rows, where they are of one cost of all runs together."""
    residual = evaluation.residual
    return evaluation.jacobian if residual is not None and residual.ndim == 1 else None


def _own(jacobian: Jacobian, run: Array, params: Any) -> Jacobian:
    """Rows by the parameters of one run, those of the others held."""

    def of_run(block: Block) -> Block:
        def row(own: Any, sample: Any) -> Array:
            whole = jax.tree.map(lambda all, one: all.at[run].set(one), jacobian.params, own)
            return block.row(whole, sample)

        return dataclasses.replace(block, row=Partial(row))

    return Jacobian(params, tuple(of_run(block) for block in jacobian.blocks))
