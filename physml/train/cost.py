"""Any differentiable cost as an objective, for optimizers that ask for gradients alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.tree_util import Partial

from physml.errors import ShapeError
from physml.train.influence import check_influence
from physml.types import Batch, Evaluation, Objective

OfBatch = Callable[[Any, Any], Any]
"""``(params, batch) -> ()``, or with a dict of scalars to log: ``((), {name: ()})``."""


def cost(f: OfBatch) -> Objective:
    """The objective ``C(θ) = f(θ, batch)``, its gradient by reverse differentiation.

    It has neither rows nor metric: ``optax.adam``, ``soap`` and, since it has a value,
    ``optax.lbfgs``, ``ssbroyden`` and ``ssbfgs`` serve it; natural gradients refuse it. All that is
    random, such as the noise of an autoencoder, is part of the batch.

    Args:
        f: ``(params, batch) -> ()``, real, or a pair of that and a dict of scalars to log. A
            ``jax.tree_util.Partial(f, data)`` has its arrays as data: see ``fit``.

    Returns:
        An objective whose batch is whatever ``f`` takes.

    Raises:
        ShapeError: when traced, a cost that is not one real number, or what to log that is not a
            dict of them, or has one named ``loss``.
        ConfigurationError: when traced, a cost that no parameter can change.

    >>> import jax.numpy as jnp, physml as pm
    >>> objective = pm.cost(lambda params, x: jnp.mean((params - x) ** 4))
    >>> evaluation, _ = objective.evaluate(jnp.array(1.0), (), jnp.array([0.0, 1.0]))
    >>> float(evaluation.loss), float(evaluation.gradient), evaluation.jacobian
    (0.5, 2.0, None)
    """

    def evaluate(
        f: OfBatch, params: Any, state: tuple[()], batch: Batch
    ) -> tuple[Evaluation, tuple[()]]:
        return evaluate_cost("cost", f, params, batch), state

    def value(f: OfBatch, params: Any, state: tuple[()], batch: Batch) -> Array:
        return _checked("cost", f, params, batch)[0]

    return Objective(lambda params: (), Partial(evaluate, f), Partial(value, f))


def evaluate_cost(name: str, f: OfBatch, params: Any, batch: Batch) -> Evaluation:
    """Loss, gradient and metrics of a cost; ``name`` is for messages."""

    def told(params: Any) -> tuple[Array, dict[str, Array]]:
        return _checked(name, f, params, batch)

    check_influence(name, lambda params, batch: _checked(name, f, params, batch)[0], params, batch)
    (loss, metrics), gradient = jax.value_and_grad(told, has_aux=True)(params)
    # jax's gradient by a complex number is the conjugate of the direction of steepest ascent.
    return Evaluation(loss, optax.tree.conj(gradient), None, None, metrics)


def _checked(name: str, f: OfBatch, params: Any, batch: Batch) -> tuple[Array, dict[str, Array]]:
    """The loss and the metrics of a cost, or an error that says what it returned instead."""
    returned = f(params, batch)
    loss, metrics = returned if isinstance(returned, tuple) else (returned, {})
    if getattr(loss, "shape", None) != () or not jnp.issubdtype(loss.dtype, jnp.floating):
        got = f"{loss.dtype} {loss.shape}" if hasattr(loss, "dtype") else type(loss).__name__
        raise ShapeError(f"{name}: expected one real floating-point number, got {got}")
    if not isinstance(metrics, Mapping) or any(jnp.shape(m) != () for m in metrics.values()):
        raise ShapeError(f"{name}: expected a dict of scalars beside the loss, got {metrics}")
    if "loss" in metrics:
        raise ShapeError(f"{name}: the loss is logged already; log 'loss' by another name")
    return loss, {metric: jnp.asarray(number) for metric, number in metrics.items()}
