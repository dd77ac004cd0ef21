"""One training step as a pure function of the training state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array

from physml.errors import ConfigurationError, ShapeError
from physml.optim import OptimizerSettings, optimizer_of
from physml.optim.contract import value_function_of
from physml.real_parts import real_type
from physml.train.callbacks import Every
from physml.train.checked_lines import CHECKSUM
from physml.train.state import TrainState
from physml.types import Evaluation, Objective, Optimizer, Sampler

Step = Callable[[TrainState], tuple[TrainState, dict[str, Array]]]
"""``state -> (state, metrics)``."""

# The columns of a run that are the loop's own.
_OWN = dict.fromkeys(("phase", "step", CHECKSUM), "the loop")


def make_step(
    objective: Objective,
    sampler: Sampler,
    optimizer: Optimizer | OptimizerSettings | str,
    *,
    measure: Mapping[str, Every] | None = None,
) -> Step:
    """One training step as a pure function of the training state.

    Args:
        objective: the cost.
        sampler: where batches come from.
        optimizer: any optax transformation, one of ``physml.optim``, or a name, as "adam".
        measure: see ``fit``; the state's ``measured`` holds the last values.

    Returns:
        ``state -> (state, metrics)``; not compiled.

    Raises:
        ConfigurationError: when traced, for metrics of two sources with one name.
    """
    optimizer = optax.with_extra_args_support(optimizer_of(optimizer))

    def step(state: TrainState) -> tuple[TrainState, dict[str, Array]]:
        key = jax.random.fold_in(state.key, state.step)
        sampler_state, batch, sampled = sampler.sample(key, state.sampler, state.params)
        evaluation, objective_state = objective.evaluate(state.params, state.objective, batch)

        # Line searches of optax forward every extra keyword to value_fn, hence the unused one.
        def value_fn(params: Any, evaluation: Evaluation | None = None) -> Array:
            del evaluation
            value = value_function_of(objective.value, "line search or trust region")
            return value(params, state.objective, batch)

        updates, optimizer_state = optimizer.update(
            evaluation.gradient,
            state.optimizer,
            state.params,
            value=evaluation.loss,
            grad=evaluation.gradient,
            value_fn=value_fn,
            evaluation=evaluation,
        )
        params = optax.apply_updates(state.params, updates)
        measured = _measured(measure or {}, state)
        metrics = _merged(
            [
                ("the loss", {"loss": evaluation.loss}),
                ("the objective", evaluation.metrics),
                ("the sampler", sampled),
                *(("the optimizer", logged) for logged in _logged(optimizer_state)),
                ("measure", measured),
            ]
        )
        new = state._replace(
            step=state.step + 1,
            params=params,
            optimizer=optimizer_state,
            objective=objective_state,
            sampler=sampler_state,
            measured=measured or (),
        )
        return new, metrics

    return step


def nothing_measured(measure: Mapping[str, Every] | None, params: Any) -> Any:
    """What the state holds of ``measure`` before the first time: NaN.

    Raises:
        ConfigurationError: for a metric that is not ``every(steps, f)``.
    """
    for name, metric in (measure or {}).items():
        if not isinstance(metric, Every):
            raise ConfigurationError(
                f"measure: {name!r}: expected every(steps, f), a function of the parameters and "
                f"how often it is asked, got {metric!r}"
            )
    nan = jnp.full((), jnp.nan, real_type(params))
    return dict.fromkeys(measure, nan) if measure else ()


def _measured(measure: Mapping[str, Every], state: TrainState) -> dict[str, Array]:
    """Those of one grid are one branch, in which what several of them need is computed once."""

    def value_of(name: str) -> Array:
        value = jnp.asarray(measure[name].call(state.params))
        if value.shape != () or jnp.iscomplexobj(value):
            raise ShapeError(
                f"measure: {name!r}: expected one real number, got {value.dtype} of shape "
                f"{value.shape}"
            )
        return value.astype(state.measured[name].dtype)

    found: dict[str, Array] = {}
    for steps in dict.fromkeys(metric.steps for metric in measure.values()):
        held = {name: state.measured[name] for name, m in measure.items() if m.steps == steps}

        def fresh(names: Iterable[str] = held) -> dict[str, Array]:
            return {name: value_of(name) for name in names}

        found |= jax.lax.cond(state.step % steps == 0, fresh, lambda held=held: held)
    return {name: found[name] for name in measure}


def _logged(optimizer_state: Any) -> Iterator[Mapping[str, Array]]:
    for _, logged in optax.tree_utils.tree_get_all_with_path(optimizer_state, "metrics"):
        yield logged


def _merged(sources: list[tuple[str, Mapping[str, Array]]]) -> dict[str, Array]:
    """All metrics; one name for two of them would hide one."""
    owner, metrics = dict(_OWN), {}
    for source, own in sources:
        for name, value in own.items():
            if name in owner:
                raise ConfigurationError(
                    f"metrics: {name!r} comes from {owner[name]} and from {source}; expected a "
                    "name for each, so give one of them another"
                )
            owner[name], metrics[name] = source, value
    return metrics
