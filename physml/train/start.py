"""The state that a fit starts from: drawn afresh, or that of its newest checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ConfigurationError
from physml.memory import Need, check_memory, numbers_of
from physml.train import checkpoint, fingerprint
from physml.train import phase as phases
from physml.train.callbacks import Every
from physml.train.data_arguments import split
from physml.train.devices import mesh_of, working_on
from physml.train.dispatch import strong
from physml.train.history import Row
from physml.train.keys import key_for
from physml.train.precision import in_common_precision
from physml.train.run import Run
from physml.train.run_manifest import LOGS
from physml.train.state import MAY_BE_NEW, TrainState
from physml.train.step import nothing_measured
from physml.train.until import Rule
from physml.types import Objective, Optimizer, Sampler


class Start(NamedTuple):
    """A state, the name of its phase in the run, and the rows of the steps before it."""

    state: TrainState
    phase: str
    history: list[Row]


def start(
    objective: Objective,
    sampler: Sampler,
    optimizer: Optimizer,
    params: Any,
    *,
    key: Array,
    measure: Mapping[str, Every] | None,
    until: Rule | None,
    run: Run | None,
    phase: str,
) -> Start:
    """Draw a first state, or read the newest of the run; see ``fit``.

    A run that goes on draws nothing: the shapes of a first state are enough to read one, so that no
    burn-in is done to be thrown away.
    """
    key_sampler, key_steps = key_for(key, "sampler"), key_for(key, "steps")
    params = jax.tree.map(jnp.asarray, params)
    _check_params(params)
    given = params

    def drawn() -> Any:
        with working_on(mesh_of(sampler)):
            return sampler.init(key_sampler, given)

    outlined = drawn() if run is None else _outline(sampler, key_sampler, given)
    sampled = drawn() if outlined is None else outlined
    params = in_common_precision(
        params, lambda: jax.eval_shape(sampler.sample, key_steps, sampled, params)[1]
    )
    _check_optimizer(optimizer, params)
    state = TrainState(
        jnp.zeros((), jnp.int32),
        params,
        optimizer.init(params),
        objective.init(params),
        sampled,
        key_steps,
        nothing_measured(measure, params),
        () if until is None else until.init(),
    )
    state = jax.tree.map(strong, state)
    if run is None:
        return Start(state, phase, [])
    asked = fingerprint.of_fit(objective, sampler, optimizer, state, key)
    phase, found = phases.begin(run, phase, asked)
    if found is not None:
        state = checkpoint.read(found, state, may_be_new=MAY_BE_NEW)
    elif outlined is not None:
        state = state._replace(sampler=jax.tree.map(strong, drawn()))
    for name in LOGS:
        run.trim(name, phase, int(state.step))
    return Start(state, phase, run.history(phase, int(state.step)))


def _check_params(params: Any) -> None:
    """Refuse whole numbers among the parameters, by which nothing has a derivative."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if jnp.issubdtype(leaf.dtype, jnp.integer) or leaf.dtype == jnp.bool_:
            raise ConfigurationError(
                f"params{jax.tree_util.keystr(path)}: expected floating-point numbers, by which a "
                f"cost has a derivative, got {leaf.dtype}; write 2.0 for 2, and leave counts out"
            )


def _check_optimizer(optimizer: Optimizer, params: Any) -> None:
    """Refuse an optimizer whose memory this machine cannot hold beside the parameters."""
    try:
        kept = numbers_of(jax.eval_shape(optimizer.init, params))
    except fingerprint.UNTRACEABLE:
        return
    count = numbers_of(params)
    needs = [Need(f"({count} parameters + {kept} numbers that the optimizer keeps)", count + kept)]
    check_memory("optimizer", needs, "the model's sizes, or take an optimizer that keeps less")


def _outline(sampler: Sampler, key: Array, params: Any) -> Any:
    """Shapes and types of a sampler's first state; None where that takes the state itself."""
    data, rebuild = split(sampler)

    def init(data: Any, key: Array, params: Any) -> Any:
        return rebuild(data).init(key, params)

    try:
        with working_on(mesh_of(sampler)):
            return jax.eval_shape(init, data, key, params)
    except fingerprint.UNTRACEABLE:
        return None
