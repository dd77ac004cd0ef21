"""What a second-order optimizer asks of the loop around it."""

from __future__ import annotations

from collections.abc import Callable

from jax import Array

from physml.errors import ConfigurationError, NoValueError
from physml.types import Evaluation


def evaluation_of(evaluation: Evaluation | None, name: str) -> Evaluation:
    """The evaluation an optimizer needs, or an error that says how to pass it."""
    if evaluation is None:
        raise ConfigurationError(
            f"{name}: update needs evaluation=..., what objective.evaluate returned; "
            "physml.fit passes it, a hand-written loop must do so too"
        )
    return evaluation


def value_function_of(value_fn: Callable[..., Array] | None, name: str) -> Callable[..., Array]:
    """The loss at fixed samples, or an error that says what to use instead."""
    if value_fn is None:
        raise NoValueError(
            f"{name}: needs the loss at fixed samples (value_fn), and got none. Where the samples "
            "follow the parameters, as in VMC, there is no such loss: use natural_gradient with a "
            "learning rate instead"
        )
    return value_fn
