"""What a second-order optimizer asks of the loop around it."""

from __future__ import annotations

from collections.abc import Callable

from jax import Array

from physml.errors import ConfigurationError, NoRowsError, NoValueError
from physml.lazy_jacobian import Jacobian
from physml.types import Evaluation


def evaluation_of(evaluation: Evaluation | None, name: str) -> Evaluation:
    """The evaluation an optimizer needs, or an error that says how to pass it."""
    if evaluation is None:
        raise ConfigurationError(
            f"{name}: update needs evaluation=..., what objective.evaluate returned; "
            "physml.fit passes it, a hand-written loop must do so too"
        )
    return evaluation


def metric_of(evaluation: Evaluation, name: str) -> Jacobian:
    """The rows ``J`` of the metric ``JᵀJ``, or an error that says what to use instead."""
    if evaluation.jacobian is None:
        raise NoRowsError(
            f"{name}: needs rows J, whose JᵀJ is the metric (Evaluation.jacobian), and this "
            "objective has none. Use an optimizer that asks for gradients alone: optax.adam, soap; "
            "and where the objective has a value also ssbroyden, ssbfgs, optax.lbfgs"
        )
    return evaluation.jacobian


def rows_of(evaluation: Evaluation, name: str) -> tuple[Jacobian, Array]:
    """The rows ``J`` and ``r``, or an error that says what to use instead."""
    jacobian = metric_of(evaluation, name)
    if evaluation.residual is None:
        raise NoRowsError(
            f"{name}: needs rows r with Jᵀr = ∇C (Evaluation.residual), and this objective has the "
            "metric alone. Use natural_gradient, which takes such a gradient as it is"
        )
    return jacobian, evaluation.residual


def value_function_of(value_fn: Callable[..., Array] | None, name: str) -> Callable[..., Array]:
    """The loss at fixed samples, or an error that says what to use instead."""
    if value_fn is None:
        raise NoValueError(
            f"{name}: needs the loss at fixed samples (value_fn), and got none. Where the samples "
            "follow the parameters, as in VMC, there is no such loss: use natural_gradient with a "
            "learning rate instead; nor is there one of a game: use optax.adam or soap"
        )
    return value_fn
